/* COLD keeps a rare case in a function of its own, so that the frequent one need not save registers for it. */
#pragma once

#define COLD __attribute__((noinline, cold))
/* Keeps the compiler from splitting live ranges, that is, from copying arguments about, before the frequent path. */
#define NO_SHRINK_WRAP __attribute__((optimize("no-shrink-wrap")))
#define ALWAYS_INLINE inline __attribute__((always_inline))
