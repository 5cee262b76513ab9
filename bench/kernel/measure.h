/* Counting instructions, and printing what was counted as tools/bench reads it: `# figure NAME VALUE`. */
#pragma once

#include "lib/test/test.h"

#define ROUNDS 32

static inline u64 instructions(void)
{
    u64 count;
    __asm__ volatile("csrr %0, instret" : "=r"(count)::"memory");
    return count;
}

/* What two readings of the counter cost themselves. Not inlined: it would take registers from what is measured. */
static __attribute__((noinline, unused)) u64 overhead(void)
{
    u64 least = ~0ull;
    for (u32 i = 0; i < ROUNDS; i++) {
        u64 start = instructions(), end = instructions();
        least = end - start < least ? end - start : least;
    }
    return least;
}

static inline char *print_number(char *p, u64 n)
{
    if (n >= 10)
        p = print_number(p, n / 10);
    *p++ = (char)('0' + n % 10);
    return p;
}

static inline void report(const char *name, u64 value)
{
    char line[80], *p = line;
    for (const char *s = "# figure "; *s; s++)
        *p++ = *s;
    while (*name)
        *p++ = *name++;
    *p++ = ' ';
    p = print_number(p, value);
    *p++ = '\n';
    log_write(LOG, line, (size_t)(p - line));
}

/* Keeps a value in a register across what is measured, as the code around a real call does. */
#define LIVE(x) __asm__ volatile("" : "+r"(x))
