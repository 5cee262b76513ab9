/* Allocators: see allocator.h. */
#include "servers/root/allocator.h"

#include "lib/base/string.h"
#include "proto/mem.h"
#include "servers/root/ram.h"

#define MEM_COST 4096 /* charged to the parent: the session, its gate, and the kernel's part of the factory */

static bool dispatch(struct session *session, struct msg *m);
static void close_allocator(struct session *session);

static const struct session_type allocator_type = {
    .name = "allocator", .size = sizeof(struct allocator), .dispatch = dispatch, .close = close_allocator};

static struct allocator *allocator_of(struct quota *q)
{
    return container_of(q, struct allocator, quota);
}

/* ---- life ---- */

static err_t make_factory(struct allocator *m, cap_t parent_factory, u64 kernel_quota, u32 priority_max)
{
    m->factory = slot_alloc();
    err_t error = m->factory ? factory_create_limited(parent_factory, m->factory, kernel_quota, priority_max) : E_NOMEM;
    if (error) {
        slot_free(m->factory);
        m->factory = 0;
    }
    return error;
}

err_t allocator_create(struct allocator *parent, cap_t parent_factory, u64 quota, u64 kernel_quota, u32 priority_max,
                       const char *name, struct allocator **out)
{
    if (parent && !quota_charge(&parent->quota, MEM_COST))
        return E_NOMEM;
    struct allocator *m = (struct allocator *)session_create_in(&allocator_type, parent_factory);
    if (!m) {
        quota_refund(parent ? &parent->quota : NULL, MEM_COST);
        return E_NOMEM;
    }
    quota_init(&m->quota, parent ? &parent->quota : NULL, quota, name);
    list_init(&m->rams);
    err_t error = make_factory(m, parent_factory, kernel_quota, priority_max);
    if (error)
        session_destroy(&m->session);
    else
        *out = m;
    return error;
}

/* An allocator without children. The factory goes first: then nobody uses the memory any longer. */
static void close_one(struct allocator *m)
{
    slot_drop(m->factory);
    while (!list_empty(&m->rams))
        ram_abandon(container_of(m->rams.next, struct ram, link));
    quota_remove(&m->quota);
    quota_refund(m->quota.parent, MEM_COST);
}

/* What is below goes first, from the leaves up; a loop, because clients decide how deep the tree is. */
static void close_allocator(struct session *session)
{
    struct allocator *m = container_of(session, struct allocator, session);
    for (;;) {
        struct quota *leaf = &m->quota;
        while (!list_empty(&leaf->children))
            leaf = container_of(leaf->children.next, struct quota, sibling);
        if (leaf == &m->quota)
            break;
        session_destroy(&allocator_of(leaf)->session);
    }
    close_one(m);
}

/* ---- requests ---- */

static err_t allocator_alloc(void *self, u64 size, u32 flags, struct map_item *dataspace)
{
    struct allocator *m = self;
    return ram_create(&m->quota, m->factory, &m->rams, size, flags, dataspace);
}

static err_t allocator_create_child(void *self, u64 quota, u64 kernel_quota, u32 priority_max, const char *name,
                                    size_t name_length, struct map_item *mem, struct map_item *factory)
{
    struct allocator *parent = self, *child;
    err_t error = allocator_create(parent, parent->factory, quota, kernel_quota, priority_max, name, &child);
    if (error)
        return error;
    *mem = session_item(&child->session);
    *factory = wire_cap_rights(child->factory, RIGHT_USE | RIGHT_CONTROL | RIGHT_PASS);
    return E_OK;
}

static err_t report(struct allocator *m, u64 *quota, u64 *used, u64 *kernel_quota, u64 *kernel_used)
{
    u64 pool, pool_free;
    *quota = m->quota.limit;
    *used = m->quota.used;
    return factory_info(m->factory, kernel_quota, kernel_used, &pool, &pool_free);
}

static err_t allocator_info(void *self, u64 *quota, u64 *used, u64 *kernel_quota, u64 *kernel_used)
{
    return report(self, quota, used, kernel_quota, kernel_used);
}

static err_t allocator_child(void *self, u64 index, char *name, size_t *name_length, u64 *quota, u64 *used,
                             u64 *kernel_quota, u64 *kernel_used)
{
    struct allocator *m = self;
    struct quota *q = quota_next(&m->quota, &m->quota);
    while (q && index--)
        q = quota_next(&m->quota, q);
    if (!q)
        return E_NOENT;
    *name_length = strlen(q->name);
    memcpy(name, q->name, *name_length);
    return report(allocator_of(q), quota, used, kernel_quota, kernel_used);
}

static const struct mem_handlers handlers = {
    .alloc = allocator_alloc, .create = allocator_create_child, .info = allocator_info, .child = allocator_child};

static bool dispatch(struct session *session, struct msg *m)
{
    return mem_dispatch(&handlers, session, m);
}
