/* COLD keeps a rare case in a function of its own, so that the frequent one need not save registers for it. */
#pragma once

#define COLD __attribute__((noinline, cold))
#define NOINLINE __attribute__((noinline))
/* Keeps the compiler from splitting live ranges, that is, from copying arguments about, before the frequent path. */
#define NO_SHRINK_WRAP __attribute__((optimize("no-shrink-wrap")))
/* Begins a line of the instruction cache, so that how many it takes does not depend on what stands before it. */
#define CACHE_ALIGNED __attribute__((aligned(64)))
#define ALWAYS_INLINE inline __attribute__((always_inline))
