/* Dataspaces of existing memory: see area.h. */
#include "servers/root/area.h"

#include "proto/dataspace.h"
#include "servers/root/piece.h"

struct area_session {
    struct session session;
    paddr_t start;
    u64 size;
    u32 rights;
};

static err_t area_map(void *self, u64 offset, u64 at, u32 order, u32 access, struct map_item *piece)
{
    struct area_session *a = self;
    if (offset >= a->size)
        return E_RANGE;
    if (order < ARCH_PAGE_SHIFT || order > ARCH_VA_BITS)
        return E_INVAL;
    if (access & RIGHTS_RWX & ~a->rights)
        return E_ACCES;
    u64 pages = (a->size + ARCH_PAGE_SIZE - 1) & ~(ARCH_PAGE_SIZE - 1);
    *piece = piece_around(a->start, pages, offset, at, order, access & RIGHTS_RWX);
    return E_OK;
}

static err_t area_info(void *self, u64 *size, u32 *access)
{
    struct area_session *a = self;
    *size = a->size;
    *access = a->rights;
    return E_OK;
}

static err_t area_share(void *self, struct map_item *dataspace)
{
    struct area_session *a = self;
    return area_open(a->start, a->size, a->rights, dataspace);
}

static const struct dataspace_handlers handlers = {.map = area_map, .info = area_info, .share = area_share};

static bool dispatch(struct session *session, struct msg *m)
{
    return dataspace_dispatch(&handlers, session, m);
}

static const struct session_type area_type = {
    .name = "area", .size = sizeof(struct area_session), .dispatch = dispatch};

err_t area_open(paddr_t start, u64 size, u32 rights, struct map_item *dataspace)
{
    struct area_session *a = (struct area_session *)session_create(&area_type);
    if (!a)
        return E_NOMEM;
    a->start = start;
    a->size = size;
    a->rights = rights;
    *dataspace = session_item(&a->session);
    return E_OK;
}
