/*
 * Free slots of the program's object space. Thread-safe: a bitmap with atomic operations. Slots from SLOT_FIRST on;
 * those of the start block are taken from the beginning.
 */
#pragma once

#include "abi/types.h"

/* An empty slot, 0 if none is left. */
cap_t slot_alloc(void);

/* 2^order empty slots, naturally aligned: the first one, or 0. */
cap_t slot_alloc_range(u32 order);

/* Gives an empty slot back. 0 is allowed and ignored. */
void slot_free(cap_t slot);

/* Marks a slot that was filled from outside (start block) as taken. */
void slot_take(cap_t slot);

/* Deletes the capability in the slot (and all derived from it) and gives the slot back. 0 is ignored. */
void slot_drop(cap_t slot);

/* Ends a session: tells its server (so that it need not find out), then as slot_drop. */
void session_close(cap_t session);

/* Word 0 of the request that ends a session; every serve loop knows it. */
#define OP_SESSION_CLOSE 0x7fffu
