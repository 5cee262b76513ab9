/*
 * Floating point at its edges: each instruction of F and D on all combinations of special operands, in all rounding
 * modes, from registers that hold doubles, boxed singles, and singles that are boxed wrongly; single instructions must
 * take the last for NaNs and box what they write. Prints a hash of results and flags for each instruction and mode.
 */
#include "tests/machine/bare.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define DYN      7

/* Operands, as bits of a register: fa0 to fa2, and a0. */
static const uint64_t floats[] = {
    /* singles, boxed: zeros, ones, subnormal, least and greatest normal, infinities, NaNs quiet and signaling */
    0xffffffff00000000,
    0xffffffff80000000,
    0xffffffff3f800000,
    0xffffffffbf800000,
    0xffffffff00000001,
    0xffffffff807fffff,
    0xffffffff00800000,
    0xffffffff7f7fffff,
    0xffffffffff7fffff,
    0xffffffff7f800000,
    0xffffffffff800000,
    0xffffffff7fc00000,
    0xffffffffffc00001,
    0xffffffff7f800001,
    0xffffffffffbfffff,
    0xffffffff3fc00000,
    0xffffffff4f000000,
    0xffffffffcf000001,
    0xffffffff5f000000,
    0xffffffff3effffff,
    /* not boxed, in part or at all */
    0x000000003f800000,
    0xfffffffe3f800000,
    0x7fffffff3f800000,
    0xffff0000bf800000,
    0x000000007f800001,
    /* doubles of the same kinds, and some around the limits of integers and of singles */
    0x0000000000000000,
    0x8000000000000000,
    0x3ff0000000000000,
    0xbff0000000000000,
    0x0000000000000001,
    0x800fffffffffffff,
    0x0010000000000000,
    0x7fefffffffffffff,
    0x7ff0000000000000,
    0xfff0000000000000,
    0x7ff8000000000000,
    0xfff8000000000001,
    0x7ff0000000000001,
    0x3ff8000000000000,
    0x41dfffffffc00000,
    0x41e0000000000000,
    0xc1e0000000200000,
    0xc1e0000000100000,
    0x41efffffffe00000,
    0x41f0000000000000,
    0x43dfffffffffffff,
    0x43e0000000000000,
    0xc3e0000000000000,
    0xc3e0000000000001,
    0x43efffffffffffff,
    0x43f0000000000000,
    0x3fdfffffffffffff,
    0xbfe0000000000000,
    0xbfefffffffffffff,
    0x47efffffefffffff,
    0x47effffff0000000,
    0x380fffffffffffff,
    0x36a0000000000000,
    0x369fffffffffffff,
    0x3690000000000000,
};

static const uint64_t integers[] = {
    0,
    1,
    ~0ull,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x100000000,
    0x1000001,
    0x1000003,
    0x20000000000001,
    0x20000000000003,
    0x7fffffffffffffff,
    0x8000000000000000,
    0x7fffffbfffffffff,
    0x7ffffffffffffdff,
    0xfffffffffffffbff,
};

struct row {
    const char *name;
    uint32_t match;
    uint8_t sources; /* of floating point; 0: a0 is the source */
    bool has_rounding;
};

/* Major opcodes and funct fields as in the RISC-V manual, "RV32/64G Instruction Set Listings". */
#define OP(f7, rs2, f3)   ((uint32_t)(f7) << 25 | (uint32_t)(rs2) << 20 | (f3) << 12 | 0x53u)
#define FUSED(fmt, major) ((uint32_t)(fmt) << 25 | (major))

#define BOTH(letter, fmt)                                                                                              \
    {"fadd." letter, OP(0x00 | fmt, 0, 0), 2, true}, {"fsub." letter, OP(0x04 | fmt, 0, 0), 2, true},                  \
        {"fmul." letter, OP(0x08 | fmt, 0, 0), 2, true}, {"fdiv." letter, OP(0x0c | fmt, 0, 0), 2, true},              \
        {"fsqrt." letter, OP(0x2c | fmt, 0, 0), 1, true}, {"fsgnj." letter, OP(0x10 | fmt, 0, 0), 2, false},           \
        {"fsgnjn." letter, OP(0x10 | fmt, 0, 1), 2, false}, {"fsgnjx." letter, OP(0x10 | fmt, 0, 2), 2, false},        \
        {"fmin." letter, OP(0x14 | fmt, 0, 0), 2, false}, {"fmax." letter, OP(0x14 | fmt, 0, 1), 2, false},            \
        {"fle." letter, OP(0x50 | fmt, 0, 0), 2, false}, {"flt." letter, OP(0x50 | fmt, 0, 1), 2, false},              \
        {"feq." letter, OP(0x50 | fmt, 0, 2), 2, false}, {"fclass." letter, OP(0x70 | fmt, 0, 1), 1, false},           \
        {"fmv.x." letter, OP(0x70 | fmt, 0, 0), 1, false}, {"fmv to " letter, OP(0x78 | fmt, 0, 0), 0, false},         \
        {"fcvt.w." letter, OP(0x60 | fmt, 0, 0), 1, true}, {"fcvt.wu." letter, OP(0x60 | fmt, 1, 0), 1, true},         \
        {"fcvt.l." letter, OP(0x60 | fmt, 2, 0), 1, true}, {"fcvt.lu." letter, OP(0x60 | fmt, 3, 0), 1, true},         \
        {"fcvt.w to " letter, OP(0x68 | fmt, 0, 0), 0, true}, {"fcvt.wu to " letter, OP(0x68 | fmt, 1, 0), 0, true},   \
        {"fcvt.l to " letter, OP(0x68 | fmt, 2, 0), 0, true}, {"fcvt.lu to " letter, OP(0x68 | fmt, 3, 0), 0, true},   \
        {"fmadd." letter, FUSED(fmt, 0x43), 3, true}, {"fmsub." letter, FUSED(fmt, 0x47), 3, true},                    \
        {"fnmsub." letter, FUSED(fmt, 0x4b), 3, true},                                                                 \
    {                                                                                                                  \
        "fnmadd." letter, FUSED(fmt, 0x4f), 3, true                                                                    \
    }

static const struct row rows[] = {
    BOTH("s", 0),
    BOTH("d", 1),
    {"fcvt.s.d", OP(0x20, 1, 0), 1, true},
    {"fcvt.d.s", OP(0x21, 0, 0), 1, true},
};

static uint32_t code[2] __attribute__((aligned(16)));
static uint64_t memory;

/* Operands in, results out: the instruction's destinations are fa0 and a0, whichever it has. */
struct frame_of_one {
    uint64_t f[3], x, result_f, result_x, flags;
};

/* The instruction is in `code`, followed by a jump back to ra. */
static void execute(struct frame_of_one *t)
{
    __asm__ volatile("fld fa0, 0(%0)\n fld fa1, 8(%0)\n fld fa2, 16(%0)\n ld a0, 24(%0)\n"
                     "csrw fflags, zero\n jalr ra, %1\n"
                     "fsd fa0, 32(%0)\n sd a0, 40(%0)\n csrr a0, fflags\n sd a0, 48(%0)\n"
                     :
                     : "r"(t), "r"(code)
                     : "a0", "ra", "fa0", "fa1", "fa2", "memory");
}

static void put_instruction(const struct row *row, unsigned rounding)
{
    uint32_t registers = 10u << 7 | 10u << 15; /* fa0 or a0, as the instruction has it */

    if (row->sources > 1)
        registers |= 11u << 20;
    if (row->sources > 2)
        registers |= 12u << 27;
    code[0] = row->match | registers | (row->has_rounding ? rounding << 12 : 0);
    code[1] = 0x00008067; /* ret */
    __asm__ volatile("fence.i" ::: "memory");
}

static uint64_t run_one(uint64_t hash, uint64_t a, uint64_t b, uint64_t c, uint64_t x)
{
    struct frame_of_one t = {.f = {a, b, c}, .x = x};

    execute(&t);
    hash = mix(hash, t.result_f);
    hash = mix(hash, t.result_x);
    return mix(hash, t.flags);
}

/* Fused instructions get every third operand, at a different start for each place: 8,000 combinations. */
static uint64_t run_operands(const struct row *row)
{
    unsigned step = row->sources == 3 ? 3 : 1;
    uint64_t hash = 1;

    if (row->sources == 0)
        for (unsigned i = 0; i < COUNT(integers); i++)
            hash = run_one(hash, floats[i], 0, 0, integers[i]);
    for (unsigned i = 0; row->sources && i < COUNT(floats); i += step)
        for (unsigned j = row->sources > 1 ? step / 2 : COUNT(floats) - 1; j < COUNT(floats); j += step)
            for (unsigned k = row->sources > 2 ? step - 1 : COUNT(floats) - 1; k < COUNT(floats); k += step)
                hash = run_one(hash, floats[i], floats[j], floats[k], i);
    return hash;
}

static void check_row(const struct row *row)
{
    for (unsigned rounding = 0; rounding < (row->has_rounding ? 5 : 1); rounding++) {
        csr_write(frm, (rounding + 1) % 5); /* another one: the instruction's own counts */
        put_instruction(row, rounding);
        uint64_t hash = run_operands(row);
        csr_write(frm, rounding);
        put_instruction(row, row->has_rounding ? DYN : rounding);
        report(row->name, hash);
        report("  by frm", run_operands(row));
    }
}

/* Loads and stores: flw boxes, fsw stores the low half of whatever is there, fld and fsd change nothing. */
static void check_memory(void)
{
    for (unsigned i = 0; i < COUNT(floats); i++) {
        uint64_t loaded, stored = 0x1111111111111111;
        memory = floats[i];
        __asm__ volatile("flw fa0, 0(%0)\n fsd fa0, 0(%1)\n fld fa1, 0(%0)\n fsw fa1, 0(%2)\n"
                         :
                         : "r"(&memory), "r"(&loaded), "r"(&stored)
                         : "fa0", "fa1", "memory");
        report("flw", loaded);
        report("fsw", stored);
    }
}

int main(void)
{
    for (unsigned i = 0; i < COUNT(rows); i++)
        check_row(&rows[i]);
    check_memory();
    return 0;
}
