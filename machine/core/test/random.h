/* Random numbers for tests: the same on every run. */
#ifndef MACHINE_CORE_TEST_RANDOM_H
#define MACHINE_CORE_TEST_RANDOM_H

#include <stdint.h>

/* xorshift64; each test file has a sequence of its own. */
static inline uint64_t rnd(void)
{
    static uint64_t state = 1;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

#endif
