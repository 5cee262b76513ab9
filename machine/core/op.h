/*
 * A decoded instruction, and the means to write down what instructions do.
 *
 * Guest code runs from *code pages*: arrays with one struct op per halfword of a guest page (code.h), filled in when an
 * instruction is first reached. To execute an instruction is to call its `fn`, which does its work and returns the
 * next one to execute, or NULL if the core must leave its loop: after a trap, a change of privilege, or because the
 * instruction needs exact counters first (see enum hart_leave). The loops (run.c) decide what happens between
 * instructions: nothing, time, traces, breakpoints.
 *
 * Handlers come in variants (compressed or wide; branch target in the same page or elsewhere), so that the distance
 * to the next op is a constant: it is on the critical path of the whole interpreter.
 */
#ifndef MACHINE_CORE_OP_H
#define MACHINE_CORE_OP_H

#include <stdint.h>

struct hart;
struct op;
typedef const struct op *op_fn(struct hart *h, const struct op *o);

struct op {
    op_fn *fn;
    int32_t imm; /* immediate, CSR number, rounding mode, or distance in ops of a near branch */
    uint8_t rd;  /* OP_SINK instead of 0 where an integer register is written */
    uint8_t rs1;
    uint8_t rs2;
    uint8_t rs3;
};

#define OP_SINK 32 /* index in hart.x of the register that swallows writes to x0 */

/* What a class of instructions costs is said in core/timing.c; the decoder only tells the class. */
enum op_class {
    OP_UNDECODED, /* not yet decoded, or not an instruction of its own (page end) */
    OP_ALU,
    OP_MUL,
    OP_DIV,
    OP_LOAD,
    OP_LOAD_NARROW, /* 1 and 2 bytes */
    OP_STORE,
    OP_AMO,
    OP_BRANCH,
    OP_JUMP,
    OP_JUMP_REG,
    OP_FP_LOAD,
    OP_FP_STORE,
    OP_FP_ADD,  /* add, subtract, multiply, fused: pipelined */
    OP_FP_MISC, /* compare, convert, move, sign */
    OP_FP_DIV,  /* division and square root */
    OP_CSR,
    OP_FENCE_I, /* and sfence.vma */
    OP_SYSTEM,
    OP_CLASSES
};

/* Which register files an instruction uses, for hazards. */
enum op_regs {
    OP_RD_X = 1 << 0,
    OP_RS1_X = 1 << 1,
    OP_RS2_X = 1 << 2,
    OP_RD_F = 1 << 3,
    OP_RS1_F = 1 << 4,
    OP_RS2_F = 1 << 5,
    OP_RS3_F = 1 << 6,
    OP_FP_DP = 1 << 7, /* double precision */
};

/*
 * Data about an op that the fast loop never needs; parallel to the ops of a code page. Registers are numbered through:
 * 0 to 31 integer, 32 to 63 floating point, OP_REG_NONE if there is none.
 */
#define OP_REG_F(n)  (32 + (n))
#define OP_REG_NONE  64
#define OP_REG_COUNT 65

struct op_info {
    uint8_t cls; /* enum op_class */
    uint8_t len; /* bytes: 2 or 4 */
    uint8_t is_double;
    uint8_t dst, src[3];
};

#endif
