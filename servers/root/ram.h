/*
 * RAM dataspaces: pages that are allocated, zeroed and charged when they are first mapped (or at once), whatever the
 * dataspace's size, so that one may span a whole address space. Each is served by one or more sessions
 * (proto/dataspace.idl); it goes with the last of them, or with its allocator.
 */
#pragma once

#include "lib/base/list.h"
#include "lib/base/tree.h"
#include "lib/tess/server.h"
#include "servers/root/quota.h"

struct ram {
    struct quota *owner;   /* who pays; NULL once the allocator has gone (then only pins keep it) */
    cap_t factory;         /* the owner's: pays for the gates */
    struct list_link link; /* in the allocator's list */
    struct list_link runs; /* in the list of all CONTIGUOUS ones */
    struct list_link sessions;
    struct tree chunks; /* of the pages that there are */
    u64 size;           /* bytes */
    u64 charged;        /* bytes */
    paddr_t run;        /* CONTIGUOUS: its start, else 0 */
    bool busy;          /* not to be destroyed just now, though no session may be left */
};

struct ram_session {
    struct session session;
    struct list_link link; /* in ram->sessions */
    struct ram *ram;
    bool pin; /* keeps the memory beyond its allocator's end */
};

/* A dataspace of `size` bytes with its first session; flags MEM_CONTIGUOUS, MEM_EAGER. Errors: NOMEM, INVAL. */
err_t ram_create(struct quota *owner, cap_t factory, struct list_link *list, u64 size, u32 flags,
                 struct map_item *dataspace);

/* The allocator goes: ends all sessions that are not pins. The memory goes with the last session. */
void ram_abandon(struct ram *ram);

/* Another session for the dataspace that the capability in `slot` names, if it is one of ours and CONTIGUOUS. */
err_t ram_pin(cap_t slot, struct map_item *dataspace);
