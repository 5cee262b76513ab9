/*
 * Atomic instructions. The simulator has one thread, so every instruction is atomic; what remains is the reservation
 * of lr/sc. It is a host address, and it is lost whenever the hart pauses for others to run (machine.c): in between,
 * nobody else can have written. A hart that holds one may finish its loop first.
 */
#include "machine/core/exec.h"

/* The host address of an aligned datum that may be read and written, or NULL: op_mem_failed() follows. */
static always_inline void *amo_host(struct hart *h, uint64_t va, unsigned size)
{
    const struct tlb_entry *e = &h->tlb->write[(va >> RV_PAGE_SHIFT) % TLB_ENTRIES];
    if (unlikely((va & (RV_PAGE_MASK | (size - 1))) != e->tag))
        return mmu_atomic(h, va, size);
    void *host = (void *)(uintptr_t)(va + e->add);
    h->access = (struct hart_access){.host = host, .va = va};
    return host;
}

/* sign-extends words; the identity on double words */
#define WIDEN(type, v) (sizeof(type) == 4 ? SX32(v) : (uint64_t)(v))

#define ATOMIC(type, expr)                                                                                             \
    type *host = amo_host(h, RS1, sizeof(type));                                                                       \
    if (!host)                                                                                                         \
        return op_mem_failed(h, o);                                                                                    \
    type a = *host, b = (type)RS2;                                                                                     \
    *host = (expr);                                                                                                    \
    RD = WIDEN(type, a)

#define LOAD_RESERVED(type)                                                                                            \
    type value;                                                                                                        \
    if (!mmu_check_aligned(h, RS1, sizeof(type), RV_LOAD_MISALIGNED) || !mem_read(h, RS1, &value, sizeof value))       \
        return op_mem_failed(h, o);                                                                                    \
    h->reserved = (uintptr_t)h->access.host;                                                                           \
    RD = WIDEN(type, value)

#define STORE_CONDITIONAL(type)                                                                                        \
    type *host = amo_host(h, RS1, sizeof(type));                                                                       \
    if (!host)                                                                                                         \
        return op_mem_failed(h, o);                                                                                    \
    bool reserved = h->reserved == (uintptr_t)host;                                                                    \
    if (reserved)                                                                                                      \
        *host = (type)RS2;                                                                                             \
    h->reserved = 0;                                                                                                   \
    RD = !reserved

#define INSN_FILE "machine/core/rv_a.def"
#include "machine/core/table.h"

const struct isa_extension isa_ext_a = {.name = "a", .insns = insn_table, .insn_count = INSN_COUNT};
