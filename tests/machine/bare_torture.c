/*
 * Random instructions: each is put between an entry and an exit sequence in a buffer, run on random registers, and all
 * registers, the trap it took and the memory it could reach go into a hash. One line per batch; two machines that
 * agree on all lines agree on a lot of instructions, legal and illegal.
 */
#include "tests/machine/bare.h"

#define BATCHES 250
#define BATCH   200

#define DATA_BYTES 4096
#define EBREAK     0x00100073u

struct context {
    uint64_t x[32];
    uint64_t f[32];
    uint64_t fcsr;
};

/* Written by run_one and on_trap. */
struct context in, out;
uint64_t trap_cause, trap_tval, trap_offset;
uint8_t data[DATA_BYTES] __attribute__((aligned(4096)));
uint32_t code[4096] __attribute__((aligned(16384))); /* the instruction stands in the middle; the rest traps */

#define MIDDLE 2048

void run_one(void *entry);

/*
 * Loads all registers from `in`, jumps to the code, and comes back by a trap. x2 to x4 stay the program's own while
 * it is in C, so they are saved here. on_trap stores what it finds and returns to `back`.
 */
__asm__(".text\n"
        ".globl run_one, back\n"
        "run_one:\n"
        "    la t0, saved\n"
        "    .irp r, 1,2,3,4,8,9,18,19,20,21,22,23,24,25,26,27\n"
        "    sd x\\r, \\r * 8(t0)\n"
        "    .endr\n"
        "    csrw mepc, a0\n"
        "    la t0, in\n"
        "    .irp r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        "    fld f\\r, 256 + \\r * 8(t0)\n"
        "    .endr\n"
        "    ld t1, 512(t0)\n"
        "    fscsr t1\n"
        "    .irp r, 1,2,3,4,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        "    ld x\\r, \\r * 8(t0)\n"
        "    .endr\n"
        "    ld x5, 40(t0)\n"
        "    mret\n"
        "    .align 2\n"
        "torture_trap:\n"
        "    csrw mscratch, t0\n"
        "    la t0, out\n"
        "    .irp r, 1,2,3,4,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        "    sd x\\r, \\r * 8(t0)\n"
        "    .endr\n"
        "    csrr t1, mscratch\n"
        "    sd t1, 40(t0)\n"
        "    .irp r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
        "    fsd f\\r, 256 + \\r * 8(t0)\n"
        "    .endr\n"
        "    frcsr t1\n"
        "    sd t1, 512(t0)\n"
        "    la t0, saved\n"
        "    .irp r, 1,2,3,4,8,9,18,19,20,21,22,23,24,25,26,27\n"
        "    ld x\\r, \\r * 8(t0)\n"
        "    .endr\n"
        "    ret\n"
        ".bss\n"
        ".align 3\n"
        "saved: .space 256\n"
        ".text\n");

extern char torture_trap[];

static uint64_t state = 0x123456789abcdefu;

static uint64_t rnd(void)
{
    return bare_random(&state);
}

/* Integers with few bits, many bits, all bits, and pointers to the data. */
static uint64_t random_integer(void)
{
    switch (rnd() % 6) {
    case 0:
        return rnd() % 64;
    case 1:
        return -(rnd() % 64);
    case 2:
        return 1ull << rnd() % 64;
    case 3:
        return (uint64_t)data + DATA_BYTES / 2 + rnd() % 64;
    case 4:
        return (uint64_t)(int32_t)rnd();
    default:
        return rnd();
    }
}

/* Doubles, boxed singles and wrongly boxed ones, with exponents that meet. */
static uint64_t random_float(void)
{
    uint64_t sign = rnd() << 63, single_sign = (uint64_t)(uint32_t)(rnd() << 31);

    switch (rnd() % 8) {
    case 0:
        return rnd();
    case 1:
        return sign | (1023 - 30 + rnd() % 60) << 52 | rnd() >> 12;
    case 2:
        return sign | (rnd() % 2 ? 0x7ffull << 52 : 0) | (rnd() % 2 ? rnd() >> 12 : 0);
    case 3:
        return sign | (1023 + rnd() % 64) << 52 | rnd() >> 12 << (rnd() % 52) >> 12;
    case 4:
        return 0xffffffffull << 32 | single_sign | (rnd() % 2 ? 0xff : 0) << 23 | (rnd() % 2 ? rnd() % (1 << 23) : 0);
    default:
        return 0xffffffffull << 32 | single_sign | (127 - 15 + rnd() % 30) << 23 | rnd() % (1 << 23);
    }
}

static void random_context(void)
{
    for (unsigned i = 0; i < 32; i++) {
        in.x[i] = random_integer();
        in.f[i] = random_float();
    }
    in.fcsr = rnd() % 5 << 5 | rnd() % 32;
}

/* Single or double precision, and a small rs2 field for conversions and moves. */
static uint32_t likely_float(uint32_t raw)
{
    raw &= ~(1u << 26);
    return raw >> 31 ? raw & ~(0x1cu << 20) : raw;
}

/* A jump within the buffer. */
static uint32_t near_jump(uint32_t raw)
{
    uint32_t imm = (uint32_t)(rnd() % 4096) * 2 - 4096;

    return (raw & 0xfff) | (imm >> 20 & 1) << 31 | (imm >> 1 & 0x3ff) << 21 | (imm >> 11 & 1) << 20 |
           (imm >> 12 & 0xff) << 12;
}

/*
 * A random instruction, mostly of opcodes that exist. Jumps stay in the buffer, as branches do by nature. System
 * instructions other than those on fcsr are left out: they have tests of their own.
 */
static uint32_t random_wide(void)
{
    static const uint8_t opcodes[] = {0x03, 0x07, 0x0f, 0x13, 0x17, 0x1b, 0x23, 0x27, 0x2f, 0x33, 0x33, 0x37,
                                      0x3b, 0x43, 0x47, 0x4b, 0x4f, 0x53, 0x53, 0x53, 0x63, 0x67, 0x6f};
    static const uint8_t funct7[] = {0, 0x20, 1, 1};
    uint32_t raw = (uint32_t)rnd();
    unsigned pick = rnd() % 26;

    if (pick == 24) /* frflags and friends */
        return (raw & 0x000fff80) | 0x73 | (1 + (uint32_t)rnd() % 3) << 20 | 0x1000;
    if (pick == 23)
        return 0x73 | (raw & 0xf80) | 1 << 12 | 3 << 20 | 1 << 15;
    raw = pick == 25 ? raw | 3 : (raw & ~0x7fu) | opcodes[pick];
    switch (raw & 0x7f) {
    case 0x33:
    case 0x3b:
        return (raw & 0x01ffffff) | (uint32_t)funct7[rnd() % 4] << 25;
    case 0x53:
        return rnd() % 8 ? likely_float(raw) : raw;
    case 0x2f:
        return rnd() % 8 ? (raw & ~0x7000u) | (2 + (uint32_t)rnd() % 2) << 12 : raw;
    case 0x6f:
        return near_jump(raw);
    default:
        return raw;
    }
}

/* A branch or jump to itself never ends. */
static bool is_loop(uint32_t raw)
{
    switch (raw & 0x7f) {
    case 0x63:
        return (raw & 0xfe000f80) == 0;
    case 0x6f:
        return raw >> 12 == 0;
    default:
        break;
    }
    if ((raw & 0xe003) == 0xa001) /* c.j */
        return (raw & 0x1ffc) == 0;
    return (raw & 0xc003) == 0xc001 && (raw & 0x1c7c) == 0; /* c.beqz, c.bnez */
}

static bool is_memory(unsigned opcode)
{
    return opcode == 0x03 || opcode == 0x07 || opcode == 0x23 || opcode == 0x27 || opcode == 0x2f;
}

/* Whether an instruction might leave the buffer, or disturb the machine. */
static bool is_unwanted(uint32_t raw)
{
    unsigned opcode = raw & 0x7f;

    if (is_loop(raw))
        return true;
    if ((raw & 3) != 3) /* c.jr, c.jalr */
        return (raw & 0xe003) == 0x8002 && !(raw & 0x7c);
    if (opcode == 0x73)
        return (raw >> 12 & 3) == 0 || raw >> 20 == 0 || raw >> 20 > 3;
    if (is_memory(opcode) && (raw >> 15 & 31) == 0)
        return true; /* accesses near address 0: QEMU's cause (for atomics) and address (if misaligned) differ */
    return opcode == 0x67;
}

static uint32_t random_instruction(void)
{
    uint32_t raw;

    do {
        raw = rnd() % 4 ? random_wide() : (uint32_t)(rnd() & 0xffff);
        if ((raw & 3) != 3)
            raw = (raw & 0xffff) | EBREAK << 16;
    } while (is_unwanted((raw & 3) == 3 ? raw : raw & 0xffff));
    return raw;
}

static void run(uint32_t raw)
{
    code[MIDDLE] = raw;
    __asm__ volatile("fence.i" ::: "memory");
    run_one(&code[MIDDLE]);
    trap_cause = csr_read(mcause);
    trap_tval = csr_read(mtval);
    trap_offset = csr_read(mepc) - (uint64_t)&code[MIDDLE];
}

static uint64_t hash_result(uint64_t hash)
{
    hash = mix(hash, trap_cause);
    hash = mix(hash, trap_tval);
    hash = mix(hash, trap_offset);
    for (unsigned i = 1; i < 32; i++)
        hash = mix(hash, out.x[i]);
    for (unsigned i = 0; i < 32; i++)
        hash = mix(hash, out.f[i]);
    return mix(hash, out.fcsr);
}

static uint64_t hash_data(uint64_t hash)
{
    for (unsigned i = 0; i < DATA_BYTES / 8; i++)
        hash = mix(hash, ((uint64_t *)data)[i]);
    return hash;
}

/* Stores must not reach anything but the data: registers that could be bases point into it. */
static void aim_pointers(uint32_t raw)
{
    unsigned opcode = raw & 0x7f, rs1 = raw >> 15 & 31;
    bool compressed = (raw & 3) != 3;

    if (compressed) {
        for (unsigned i = 8; i < 16; i++)
            in.x[i] = (uint64_t)data + DATA_BYTES / 2 + (rnd() % 64 & ~7ull);
        in.x[2] = (uint64_t)data + DATA_BYTES / 2;
    } else if (opcode == 0x2f) {
        in.x[rs1] = (uint64_t)data + DATA_BYTES / 2 + (rnd() % 16 & ~7ull); /* QEMU's cause is wrong if not aligned */
    } else if (is_memory(opcode)) {
        in.x[rs1] = (uint64_t)data + DATA_BYTES / 2 + rnd() % 16;
    }
}

int main(void)
{
    uint64_t hash = 1;

    csr_write(mtvec, (uint64_t)torture_trap);
    for (unsigned i = 0; i < sizeof code / sizeof code[0]; i++)
        code[i] = EBREAK;
    for (unsigned batch = 0; batch < BATCHES; batch++) {
        for (unsigned i = 0; i < BATCH; i++) {
            uint32_t raw = random_instruction();
            csr_write(mstatus, csr_read(mstatus) | 3 << 11);
            random_context();
            aim_pointers(raw);
            run(raw);
            hash = hash_result(mix(hash, raw));
#ifdef TRACE
            put_hex(raw);
            put_text(" ");
            put_hex(trap_cause);
            put_text(" ");
            put_hex(trap_tval);
            put_text(" ");
            put_hex(trap_offset);
            report("", hash);
#endif
        }
        hash = hash_data(hash);
        report("batch", hash);
    }
    return 0;
}
