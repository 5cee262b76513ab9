/* Counting instructions, and printing what was counted as tools/bench reads it: `# figure NAME VALUE`. */
#pragma once

#include "lib/test/test.h"

#define ROUNDS 32

/* What two readings of the counter cost themselves. Not inlined: it would take registers from what is measured. */
static __attribute__((noinline, unused)) u64 overhead(void)
{
    u64 least = ~0ull;
    for (u32 i = 0; i < ROUNDS; i++) {
        u64 start = test_instructions(), end = test_instructions();
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

/*
 * The least of several round trips through gate A with so many words, with a pause (us) behind each. The same code for
 * any number of words: not specialised.
 */
static __attribute__((noipa, unused)) u64 measure_calls(u64 words, u64 pause)
{
    u64 least = ~0ull, a = 1, b = 2, c = 3, d = 4;
    for (u32 i = 0; i < ROUNDS; i++) {
        LIVE(a);
        LIVE(b);
        LIVE(c);
        LIVE(d);
        u64 start = test_instructions();
        struct msg m = {.tag = TAG(words, 0)};
        if (words)
            m = (struct msg){.tag = TAG(words, 0), .w = {a, b, c, d, a, b, c, d}};
        sys_call(&m, A);
        u64 spent = test_instructions() - start;
        LIVE(a);
        LIVE(b);
        LIVE(c);
        LIVE(d);
        least = spent < least ? spent : least;
        if (pause)
            sys_sleep(pause);
    }
    return least - overhead();
}
