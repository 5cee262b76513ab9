/* Page faults: which memory belongs where the program looked for it. */
#include "proto/dataspace.h"
#include "servers/rm/rm.h"

/*
 * Copy on write: pages that were copied are own memory; the others are the dataspace's, read-only, until the first
 * write.
 */
static err_t resolve_private(struct region *r, vaddr_t page, u32 access)
{
    if (r->flags & RM_COPIED) {
        err_t error = memory_map_own(r, page, ARCH_PAGE_SHIFT, r->rights | DATASPACE_PRESENT);
        if (error != E_NOENT)
            return error;
    }
    if (access & RIGHT_W)
        return memory_copy_page(r, page);
    bool writable = r->rights & RIGHT_W; /* then pages go one by one */
    return memory_map_shared(r, page, writable ? ARCH_PAGE_SHIFT : ORDER_SHARED, r->rights & ~RIGHT_W);
}

/*
 * Pages of others that may be written are asked for with the access that is needed: the dataspace's server learns that
 * way what is going to change. What was mapped for reading gives way.
 */
static err_t resolve_shared(struct region *r, vaddr_t page, u32 access)
{
    u32 rights = access & RIGHT_W ? r->rights : r->rights & ~RIGHT_W;
    if (access & RIGHT_W)
        memory_unmap(page, page + PAGE_SIZE, RIGHTS_RWX);
    return memory_map_shared(r, page, ORDER_SHARED, rights);
}

/* Large regions are usually written from end to end; the stack is not. */
static u32 own_order(const struct region *r)
{
    return r->end - r->start >= LARGE_REGION && !(r->flags & RM_STACK) ? ORDER_LARGE : ORDER_OWN;
}

err_t fault_resolve(vaddr_t address, u32 access)
{
    struct region *r = region_at(address);
    if (!r || (r->flags & RM_RESERVED) || (access & ~r->rights))
        return E_FAULT;
    vaddr_t page = address & ~(PAGE_SIZE - 1);
    if (!r->slot)
        return memory_map_own(r, page, own_order(r), r->rights);
    if (r->flags & RM_PRIVATE)
        return resolve_private(r, page, access);
    return resolve_shared(r, page, access);
}
