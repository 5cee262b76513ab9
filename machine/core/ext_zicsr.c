/* Access to control and status registers. What the registers do is said where they belong (csr_*.c, ext_fd.c). */
#include "machine/core/exec.h"

/*
 * Registers with side effects on what runs next, or that count, are accessed alone: the handler first leaves the loop
 * (NEED_SYNC), and is executed again with counters exact. All CSRs are read, even where rd is x0: none of ours has
 * side effects on reading.
 */
#define CSR_ACCESS(does_write, new_value)                                                                              \
    const bool write = (does_write);                                                                                   \
    const struct isa_csr *csr;                                                                                         \
    if (!isa_csr_access(h, (unsigned)o->imm, write, &csr))                                                             \
        ILLEGAL;                                                                                                       \
    if (csr->flags & ISA_CSR_SYNC)                                                                                     \
        NEED_SYNC;                                                                                                     \
    uint64_t old = csr->read(h, (unsigned)o->imm);                                                                     \
    const uint64_t base = csr->flags & ISA_CSR_LINES ? h->mip : old; /* what set and clear change */                   \
    (void)base;                                                                                                        \
    if (write && csr->write)                                                                                           \
        csr->write(h, (unsigned)o->imm, new_value);                                                                    \
    RD = old;                                                                                                          \
    if (csr->flags & ISA_CSR_SYNC)                                                                                     \
    LEAVE_NEXT

#define INSN_FILE "machine/core/rv_zicsr.def"
#include "machine/core/table.h"

const struct isa_extension isa_ext_zicsr = {.name = "zicsr", .insns = insn_table, .insn_count = INSN_COUNT};
