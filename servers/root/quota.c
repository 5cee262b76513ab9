/* The tree of allocators: see quota.h. */
#include "servers/root/quota.h"

#include "lib/base/string.h"

void quota_init(struct quota *q, struct quota *parent, u64 limit, const char *name)
{
    *q = (struct quota){.parent = parent, .limit = limit};
    memcpy(q->name, name, strnlen(name, sizeof q->name - 1));
    list_init(&q->children);
    list_init(&q->sibling);
    if (parent)
        list_push_back(&parent->children, &q->sibling);
}

bool quota_charge(struct quota *q, u64 bytes)
{
    for (struct quota *at = q; at; at = at->parent) {
        if (bytes <= at->limit - at->used) {
            at->used += bytes;
            continue;
        }
        for (struct quota *back = q; back != at; back = back->parent)
            back->used -= bytes;
        return false;
    }
    return true;
}

void quota_refund(struct quota *q, u64 bytes)
{
    for (; q; q = q->parent)
        q->used -= bytes;
}

void quota_remove(struct quota *q)
{
    list_remove(&q->sibling);
}

struct quota *quota_next(const struct quota *top, struct quota *q)
{
    if (!list_empty(&q->children))
        return container_of(q->children.next, struct quota, sibling);
    for (; q != top; q = q->parent)
        if (q->sibling.next != &q->parent->children)
            return container_of(q->sibling.next, struct quota, sibling);
    return NULL;
}
