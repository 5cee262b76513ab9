/*
 * Measures, with the cycle counter, what the timing model charges: latencies of dependent instructions, mispredicted
 * branches, and the levels of the memory hierarchy by chasing pointers. Values are cycles times 100.
 */
#include "tests/machine/bare.h"

#define REPEAT 64 /* instructions in a row */
#define ROUNDS 16

#define ROW4(x)  x x x x
#define ROW64(x) ROW4(ROW4(ROW4(x)))

static uint64_t self = (uint64_t)&self; /* a chain of one */

/* Cycles of 64 times `text` beyond those of 64 times `base`, per instruction. */
#define MEASURE(name, text)                                                                                            \
    static uint64_t run_##name(void)                                                                                   \
    {                                                                                                                  \
        uint64_t a = 3, b = 5, least = ~0ull;                                                                          \
        uint64_t *p = &self;                                                                                           \
        double f = 1.5, g = 1.25;                                                                                      \
        uint64_t longest = ~0ull, one = 1;                                                                             \
        for (unsigned i = 0; i < ROUNDS; i++) {                                                                        \
            uint64_t start = csr_read(mcycle);                                                                         \
            __asm__ volatile(".option push\n.option norvc\n" ROW64(text "\n") ".option pop"                            \
                             : "+r"(a), "+r"(b), "+r"(p), "+f"(f), "+f"(g), "+r"(longest), "+r"(one)::"memory", "t0"); \
            uint64_t cycles = csr_read(mcycle) - start;                                                                \
            if (cycles < least)                                                                                        \
                least = cycles;                                                                                        \
        }                                                                                                              \
        return least;                                                                                                  \
    }

MEASURE(nothing, "")
MEASURE(add, "add %0, %0, %1")
MEASURE(load, "ld %2, 0(%2)")
MEASURE(load_narrow, "lbu t0, 0(%2)\nadd t0, t0, t0\n")
MEASURE(mul, "mul %0, %0, %1")
MEASURE(div, "divu t0, %6, %5")
MEASURE(div_longest, "divu t0, %5, %6")
MEASURE(div_halfway, "remuw t0, %5, %6")
MEASURE(fadd, "fadd.d %3, %3, %4")
MEASURE(misaligned, "lw t0, 1(%2)")
MEASURE(csr, "csrr %0, mscratch\nadd %0, %0, %1")

/* `others`: cycles of what stands beside the instruction that is meant. */
static void show(const char *name, uint64_t cycles, uint64_t others)
{
    report(name, (cycles - run_nothing()) * 100 / REPEAT - others * 100);
}

/* Branches that go both ways at random, less the same loop with branches that never do. */
__attribute__((noinline)) static uint64_t branches(uint64_t mask)
{
    uint64_t state = 1, taken = 0, start = csr_read(mcycle);

    for (unsigned i = 0; i < 4096; i++) {
        uint64_t r = bare_random(&state);
        if (r & mask)
            __asm__ volatile("addi %0, %0, 1" : "+r"(taken));
    }
    return csr_read(mcycle) - start - taken;
}

/* A chain of pointers through `bytes` of memory, in lines of 64 bytes and a scattered order. */
static uint64_t arena[4 << 20 >> 3] __attribute__((aligned(4096)));

__attribute__((noinline)) static uint64_t chase(uint64_t bytes)
{
    uint64_t lines = bytes / 64, at = 0, steps = 4096;

    for (uint64_t i = 0; i < lines; i++) {
        uint64_t next = (at + (lines / 2 | 1) * 5) % lines; /* visits all: the stride is odd, lines a power of two */
        arena[at * 8] = (uint64_t)&arena[next * 8];
        at = next;
    }
    uint64_t *p = arena;
    for (uint64_t i = 0; i < lines; i++)
        p = (uint64_t *)*p;
    uint64_t start = csr_read(mcycle);
    for (uint64_t i = 0; i < steps; i++)
        __asm__ volatile("ld %0, 0(%0)" : "+r"(p));
    return (csr_read(mcycle) - start) * 100 / steps;
}

int main(void)
{
    show("add", run_add(), 0);
    show("load", run_load(), 0);
    show("load_narrow", run_load_narrow(), 1);
    show("mul", run_mul(), 0);
    show("div", run_div(), 0);
    show("div_longest", run_div_longest(), 0);
    show("div_halfway", run_div_halfway(), 0);
    show("fadd", run_fadd(), 0);
    show("misaligned", run_misaligned(), 0);
    show("csr", run_csr(), 1);
    report("mispredict", (branches(1) - branches(0)) * 100 / 2048);
    report("chase_8K", chase(8 << 10));
    report("chase_128K", chase(128 << 10));
    report("chase_4M", chase(4 << 20));
    return 0;
}
