/*
 * Allocators of memory: who may have how much. Quotas are limits, not reservations: what is charged to an allocator is
 * charged to all above it, and the first of them that would exceed its quota refuses.
 */
#pragma once

#include "lib/base/list.h"

struct quota {
    struct quota *parent;
    struct list_link children, sibling;
    u64 limit, used; /* bytes, what is below included */
    char name[17];
};

void quota_init(struct quota *q, struct quota *parent, u64 limit, const char *name);

/* Charges `bytes` to q and all above it; false, and nothing charged, if one of them would exceed its limit. */
bool quota_charge(struct quota *q, u64 bytes);

void quota_refund(struct quota *q, u64 bytes);

/* Takes q, which has neither charges nor children, out of its parent's list. */
void quota_remove(struct quota *q);

/* The allocator after q in the tree below `top`, parents before children; NULL behind the last. Start with q = top. */
struct quota *quota_next(const struct quota *top, struct quota *q);
