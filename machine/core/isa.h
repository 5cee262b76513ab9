/*
 * The instruction set as data: tables of instructions and CSRs, contributed by extensions.
 *
 * An extension is one file that ends in a `const struct isa_extension`, and one line in extensions.def. Beside
 * instructions and CSRs it may have state in each hart and hooks; machine/core/test/ext_*.c show each of them.
 */
#ifndef MACHINE_CORE_ISA_H
#define MACHINE_CORE_ISA_H

#include "machine/core/hart.h"
#include "machine/core/mmu.h"

#ifndef ISA_EXTENSIONS_DEF /* tests bring a longer list */
#define ISA_EXTENSIONS_DEF "machine/core/extensions.def"
#endif

/* How operands are encoded. Names are those of the RISC-V manual. */
enum isa_format {
    ISA_R,     /* rd rs1 rs2 */
    ISA_I,     /* rd rs1 imm12 */
    ISA_SHIFT, /* rd rs1 shamt6 */
    ISA_S,     /* rs1 rs2 imm12 */
    ISA_B,     /* rs1 rs2 offset */
    ISA_U,     /* rd imm20 << 12 */
    ISA_J,     /* rd offset */
    ISA_R4,    /* rd rs1 rs2 rs3 rm */
    ISA_RM,    /* rd rs1 rs2 rm */
    ISA_CSR,   /* rd rs1 csr */
    ISA_NONE,  /* imm is the instruction itself */
};

struct isa_insn {
    const char *name;
    uint32_t match, mask; /* it is this instruction if (raw & mask) == match */
    uint8_t format;       /* enum isa_format */
    uint8_t cls;          /* enum op_class */
    uint8_t regs;         /* enum op_regs */
    op_fn *exec[2][2];    /* [branch target in the same page][wide] */
};

enum isa_csr_flags {
    ISA_CSR_SYNC = 1 << 0,  /* reading or writing needs exact counters, or may change what runs next */
    ISA_CSR_FLOAT = 1 << 1, /* illegal while mstatus.FS is off */
    ISA_CSR_LINES = 1 << 2, /* mip: lines from outside are read, but set and clear do not write them back (§3.1.9) */
};

struct isa_csr {
    uint16_t number;
    uint8_t flags; /* enum isa_csr_flags */
    const char *name;
    uint64_t (*read)(struct hart *h, unsigned number);
    void (*write)(struct hart *h, unsigned number, uint64_t value); /* NULL: writes are ignored */
    bool (*allowed)(struct hart *h, unsigned number);               /* further conditions for access; NULL: none */
};

struct isa_extension {
    const char *name;
    const struct isa_insn *insns;
    unsigned insn_count;
    const struct isa_csr *csrs;
    unsigned csr_count;
    size_t state_size;             /* bytes of state in each hart, at hart.extra; zero at reset, part of checkpoints */
    void (*reset)(struct hart *h); /* NULL if there is nothing to do */

    /* Hooks, NULL if there is nothing to do. Of several extensions, the first in extensions.def that answers counts. */

    /*
     * Before the page tables, in every mode: true if the extension translates `va`. Then it has filled *w; permissions
     * are checked by w->pte as if that came from a page table, page_size is 4096 or more, and w->steps is 0 unless
     * page tables were read. The answer is remembered until the next hart_set_view() or mmu_flush().
     */
    bool (*translate)(struct hart *h, uint64_t va, enum mmu_access access, struct mmu_walk *w);
    /* An exception or interrupt is taken: true if the extension has entered a handler of its own. */
    bool (*trap)(struct hart *h, uint64_t pc, uint64_t cause, uint64_t tval);
    /* No ordinary interrupt is due: true if the extension had one of its own and has entered its handler. */
    bool (*interrupt)(struct hart *h);
    /* Whether an interrupt of the extension's is pending that ends wfi. */
    bool (*wakes)(const struct hart *h);
};

/* Index in hart.extra. */
enum isa_extension_id {
#define EXTENSION(name) ISA_EXT_##name,
#include ISA_EXTENSIONS_DEF
#undef EXTENSION
    ISA_EXTENSIONS
};

/* Whether any extension has such a hook: nobody else pays for it. */
struct isa_hooks {
    bool translate, trap, interrupt;
};

struct isa {
    const struct isa_insn **buckets[256]; /* by opcode and funct3; NULL-terminated */
    const struct isa_csr *csrs[4096];
    const struct isa_extension *const *extensions; /* NULL-terminated */
    uint64_t misa;
    struct isa_hooks hooks;
};

/* The instruction set with all extensions. It is made once and never changes. */
const struct isa *isa_get(void);

/* Gives a hart the state of all extensions. Returns false if there is no memory; isa_detach() follows in any case. */
bool isa_attach(struct hart *h);
void isa_detach(struct hart *h);

/* Clears the state of all extensions and calls their reset functions. */
void isa_reset(struct hart *h);

/* Saves or restores the state of all extensions. */
struct snapshot;
void isa_snapshot(struct hart *h, struct snapshot *s);

/* Ask the extensions' hooks; to be called only where isa.hooks says that there are some. */
bool isa_translate(struct hart *h, uint64_t va, enum mmu_access access, struct mmu_walk *w);
bool isa_trap(struct hart *h, uint64_t pc, uint64_t cause, uint64_t tval);
bool isa_interrupt(struct hart *h);
bool isa_wakes(const struct hart *h);

/* The instruction that `raw` (32 bits wide, or expanded by rvc_expand) encodes; NULL if none. */
const struct isa_insn *isa_find(const struct isa *isa, uint32_t raw);

/*
 * Decodes `raw` (16 bits wide if its low two bits are not 11) into `op` and `info`. `offset` is its byte offset in
 * the page, or a negative number if branches shall not be bound to the page. Illegal instructions decode to an op
 * that raises the exception.
 */
void isa_decode(const struct isa *isa, uint32_t raw, int offset, struct op *op, struct op_info *info);

/* The 32-bit instruction that a 16-bit one stands for; 0 (illegal) if there is none. */
uint32_t rvc_expand(uint16_t raw);

/* A CSR access with all checks. Returns false if it is illegal. */
bool isa_csr_access(struct hart *h, unsigned number, bool write, const struct isa_csr **csr);

#endif
