/*
 * The instruction set as data: tables of instructions and CSRs, contributed by extensions.
 *
 * An extension is one file that ends in a `const struct isa_extension`, and one line in extensions.def.
 */
#ifndef MACHINE_CORE_ISA_H
#define MACHINE_CORE_ISA_H

#include "machine/core/hart.h"

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
    void (*reset)(struct hart *h); /* NULL if there is nothing to do */
};

struct isa {
    const struct isa_insn **buckets[256]; /* by opcode and funct3; NULL-terminated */
    const struct isa_csr *csrs[4096];
    const struct isa_extension *const *extensions; /* NULL-terminated */
    uint64_t misa;
};

/* The instruction set with all extensions. It is made once and never changes. */
const struct isa *isa_get(void);

/* Calls the reset functions of all extensions. */
void isa_reset(struct hart *h);

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
