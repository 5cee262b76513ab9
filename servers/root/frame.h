/*
 * Frames: all free RAM, in naturally aligned blocks of 2^order bytes (a buddy system). RAM is mapped one to one, so a
 * frame's physical address is also where root finds it.
 */
#pragma once

#include "abi/types.h"

#define FRAME_ORDER_MIN 12
#define FRAME_ORDER_MAX 30

/* Must come first: RAM lies in [lowest, highest); `states` = one byte per page of that, zeroed. */
void frame_init(paddr_t lowest, paddr_t highest, u8 *states);

/* Bytes that frame_init wants for `states`. */
u64 frame_states_size(paddr_t lowest, paddr_t highest);

/* Gives the range, page-aligned and free, to the allocator. */
void frame_add(paddr_t start, paddr_t end);

/* A block of 2^order bytes, not zeroed; 0 if there is none. */
paddr_t frame_alloc(u32 order);

/* `size` bytes (a multiple of the page size) in one run; 0 if there are none. */
paddr_t frame_alloc_run(u64 size);

/* Gives a block back. */
void frame_free(paddr_t at, u32 order);

/* Bytes that are free. */
u64 frame_available(void);
