/*
 * A lock between the threads of the program. Free, it costs two instructions; whoever finds it taken sleeps until it is
 * free (posix_wait and posix_wake of futex.c).
 */
#pragma once

#include "abi/types.h"

struct lock {
    u32 word; /* 0 free, 1 taken, 2 taken and somebody may wait */
};

void lock_wait(struct lock *lock);
void lock_wake(struct lock *lock);

static inline void lock_take(struct lock *lock)
{
    u32 free = 0;
    if (!__atomic_compare_exchange_n(&lock->word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        lock_wait(lock);
}

static inline void lock_give(struct lock *lock)
{
    if (__atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE) == 2)
        lock_wake(lock);
}
