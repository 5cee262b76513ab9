/*
 * The program's side of its region manager: where memory appears in the address space. Convenience over
 * proto/region.idl; addresses and sizes are multiples of the page size, rights are RIGHT_R | RIGHT_W | RIGHT_X.
 */
#pragma once

#include "abi/invoke.h"
#include "abi/types.h"

/* Flags of regions. */
#define RM_FIXED    0x1 /* at exactly this address; E_EXIST if something is there */
#define RM_REPLACE  0x2 /* with RM_FIXED: detach what is there (mmap MAP_FIXED) */
#define RM_PRIVATE  0x4 /* copy on write: writes stay in this task */
#define RM_POPULATE 0x8 /* map everything now, in pieces as large as can be */
#define RM_STACK    0x10

/*
 * Maps `size` bytes from `offset` of the dataspace or file session in slot `dataspace`, which the region manager takes
 * over (the slot is empty afterwards, also on errors; still give it back by slot_free). dataspace 0: zeroed private
 * memory of the task. *address: in: where (0 = anywhere); out: where.
 */
err_t rm_attach(vaddr_t *address, u64 size, cap_t dataspace, u64 offset, u32 rights, u32 flags);

/* As above, but keeps the caller's capability: attaches a copy derived from it (so it lives only as long as that). */
err_t rm_attach_shared(vaddr_t *address, u64 size, cap_t dataspace, u64 offset, u32 rights, u32 flags);

/* Ends all regions or parts of regions in the range. */
err_t rm_detach(vaddr_t address, u64 size);

/* Changes the rights of all regions in the range. */
err_t rm_protect(vaddr_t address, u64 size, u32 rights);

/*
 * Keeps a range free for the caller, who maps there himself by receive windows: file windows, aliases. `align`: power
 * of two. Faults there are exceptions (see rm_set_recovery). rm_detach gives it back (and unmaps what is in it).
 */
err_t rm_reserve(vaddr_t *address, u64 size, u64 align);

/*
 * A fault that nothing resolves, of an instruction in [first, behind), goes on at `fixup` with the registers as they
 * are: for copies from windows that may be revoked. One range per task.
 */
err_t rm_set_recovery(vaddr_t first, vaddr_t behind, vaddr_t fixup);

/* A UTCB for a new thread; E_AGAIN if all SPACE_UTCB_MAX are in use. */
err_t rm_utcb_alloc(vaddr_t *utcb);
err_t rm_utcb_free(vaddr_t utcb);
