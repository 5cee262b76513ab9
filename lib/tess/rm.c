/* The program's calls of its region manager. */
#include "lib/tess/rm.h"

#include "lib/sys/object.h"
#include "lib/tess/slot.h"
#include "lib/tess/start.h"
#include "proto/region.h"

err_t rm_attach(vaddr_t *address, u64 size, cap_t dataspace, u64 offset, u32 rights, u32 flags)
{
    return region_attach(SLOT_RM, *address, size, offset, dataspace, rights, flags, address);
}

err_t rm_attach_shared(vaddr_t *address, u64 size, cap_t dataspace, u64 offset, u32 rights, u32 flags)
{
    cap_t copy = slot_alloc();
    if (!copy)
        return E_NOMEM;
    err_t error = task_map(SLOT_TASK, SLOT_TASK, FPAGE_OBJ(dataspace, 0, RIGHTS_ALL), (u64)copy << FPAGE_START_SHIFT);
    if (!error)
        error = rm_attach(address, size, copy, offset, rights, flags);
    slot_drop(copy);
    return error;
}

err_t rm_detach(vaddr_t address, u64 size)
{
    return region_detach(SLOT_RM, address, size);
}

err_t rm_protect(vaddr_t address, u64 size, u32 rights)
{
    return region_protect(SLOT_RM, address, size, rights);
}

err_t rm_reserve(vaddr_t *address, u64 size, u64 align)
{
    return region_reserve(SLOT_RM, *address, size, align, 0, address);
}

err_t rm_set_recovery(vaddr_t first, vaddr_t behind, vaddr_t fixup)
{
    return region_set_recovery(SLOT_RM, first, behind, fixup);
}

err_t rm_utcb_alloc(vaddr_t *utcb)
{
    return region_utcb_alloc(SLOT_RM, utcb);
}

err_t rm_utcb_free(vaddr_t utcb)
{
    return region_utcb_free(SLOT_RM, utcb);
}
