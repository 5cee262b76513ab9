/*
 * What runs on the small kernel: programs that know nothing but its system calls. They stand in a section of their own,
 * which is all of uk that their tasks are shown.
 */
#include "apps/uk/call.h"
#include "lib/sys/invoke.h"

#define USER __attribute__((section("uk_user"), noinline))
#define ROUNDS_MAX  100000000
#define PREEMPTIONS 3

static inline __attribute__((always_inline)) u64 call(enum uk_call number, u64 a, u64 b)
{
    u64 tag = TAG(3, 0), label, w[MSG_REGS] = {number, a, b};
    sys_arch_invoke(&tag, &label, w, SEL(0, SEL_OP_CALL));
    return w[0];
}

/* Primes below `limit` by the sieve, in the process's own data. */
USER static u64 count_primes(u64 limit)
{
    volatile u8 *composite = (volatile u8 *)UK_DATA;
    u64 primes = 0;
    for (u64 i = 2; i < limit; i++)
        composite[i] = 0;
    for (u64 i = 2; i < limit; i++) {
        if (composite[i])
            continue;
        primes++;
        for (u64 k = 2 * i; k < limit; k += i)
            composite[k] = 1;
    }
    return primes;
}

/* Counts again and again, until it has lost the CPU some times: the result must not depend on that. */
USER static void count_while_preempted(u64 limit)
{
    u64 first = count_primes(limit), wrong = 0;
    for (u64 i = 0; i < ROUNDS_MAX && call(UK_PREEMPTED, 0, 0) < PREEMPTIONS; i++)
        wrong += count_primes(limit) != first;
    call(UK_RESULT, first, wrong);
}

USER void user_primes(unsigned long limit)
{
    count_while_preempted(limit);
    call(UK_EXIT, 0, 0);
}

/* The same, and then it touches what it does not have. */
USER void user_wild(unsigned long limit)
{
    count_while_preempted(limit);
    volatile u64 nowhere = UK_NOWHERE;
    *(volatile u64 *)nowhere = 1;
    call(UK_EXIT, 0, 0);
}
