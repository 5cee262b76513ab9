/* Allocators as sessions (proto/mem.idl): quota of memory, factory of kernel objects, and all that came from them. */
#pragma once

#include "lib/tess/server.h"
#include "servers/root/quota.h"

struct allocator {
    struct session session;
    struct quota quota;
    struct list_link rams; /* dataspaces that were allocated from it */
    cap_t factory;
};

/*
 * The allocator below `parent` (NULL: the first one) with limit `quota` and a factory of `kernel_quota` bytes and
 * priorities up to `priority_max` (0: no other limit) out of `parent_factory`. Errors: NOMEM.
 */
err_t allocator_create(struct allocator *parent, cap_t parent_factory, u64 quota, u64 kernel_quota, u32 priority_max,
                       const char *name, struct allocator **out);
