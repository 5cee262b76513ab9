/*
 * A generator per program (SplitMix64), stirred with the time counter at each call. There is no source of entropy in
 * the machine yet that a program may ask: good for seeds and names, not for keys.
 */
#include "lib/posix/random.h"

#include <string.h>

#include "lib/posix/linux.h"
#include "lib/tess/arch.h"
#include "lib/tess/env.h"

static u64 state;

static u64 next(void)
{
    u64 z = __atomic_add_fetch(&state, 0x9e3779b97f4a7c15ull, __ATOMIC_RELAXED);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

void random_fill(void *to, size_t n)
{
    __atomic_fetch_xor(&state, arch_time() * 0x2545f4914f6cdd1dull + env_start->pid, __ATOMIC_RELAXED);
    for (char *p = to; n;) {
        u64 word = next();
        size_t piece = n < sizeof word ? n : sizeof word;
        memcpy(p, &word, piece);
        p += piece;
        n -= piece;
    }
}

long linux_getrandom(long to, long n, long flags, long d, long e, long f)
{
    random_fill((void *)to, (size_t)n);
    return n;
}
