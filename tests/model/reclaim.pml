/*
 * Taking away: a capability and a page, on CPU 0, while CPU 1 uses both without a lock, and CPU 2 contends for the lock.
 *
 *   CPU 0: clear_place, remote_hold_space, space_clear, remote_flush, object_reap, factory_free (under the lock)
 *   CPU 1: fast_call (slot, object behind it), the MMU with its TLB, kernel_wait, remote_serve
 *
 * Proved: CPU 1 never uses an object or a page behind its freeing, and never completes a call through the capability, or
 * a store to the page, behind the return of the operation that took it away.
 *
 * Seeded bugs, each of which must be found: BUG_NO_HOLD (no grace period), BUG_NO_FLUSH (the TLB is forgotten),
 * BUG_LATE_SERVE (requests are looked at before the lock is there).
 */
#include "cpus.pml"

#define ROUNDS 3

bool slot = true;       /* holds the capability */
bool object = true;     /* the memory behind it is an object */
bool entry = true;      /* the page-table entry is valid */
bool page = true;       /* the frame is still the task's */
bool tlb;               /* CPU 1 has cached the translation */
bool flush;             /* REQUEST_TLB for CPU 1 */
bool returned;          /* the operation has returned to its caller */

inline serve_requests()
{
    if
    :: flush -> tlb = false; flush = false
    :: else
    fi
}

proctype cpu0()
{
    enter(0);
#ifndef BUG_NO_HOLD
    hold(1);
#endif
    slot = false;
    object = false;     /* object_reap */
    entry = false;
#ifndef BUG_NO_FLUSH
    flush = true;
#endif
    page = false;       /* the frame goes to somebody else */
    leave();
    returned = true;
    rests[0] = true
}

proctype cpu1()
{
    byte round = 0;
    bool found;
    do
    :: round == ROUNDS -> break
    :: round < ROUNDS && !interrupt[1] ->       /* an invocation: fast path */
        round++;
        found = slot;
        if
        :: found ->
            assert(object);                     /* gate->receiver */
            assert(!returned);
            assert(object)                      /* gate->label */
        :: else ->                              /* the slow path */
#ifdef BUG_LATE_SERVE
            serve_requests();
            enter(1);
#else
            enter(1);
            serve_requests();
#endif
            leave()
        fi
    :: round < ROUNDS && !interrupt[1] ->       /* a store in user mode */
        round++;
        if
        :: tlb -> skip
        :: !tlb && entry -> tlb = true
        :: !tlb && !entry -> goto next          /* faults */
        fi;
        d_step { assert(page); assert(!returned) };
next:   skip
    :: round < ROUNDS ->                        /* it blocks: idle until something comes */
        round++;
        enter(1);
        serve_requests();
        idle(1, true);
        serve_requests();
        leave()
    :: interrupt[1] ->                          /* trap_other */
#ifdef BUG_LATE_SERVE
        serve_requests();
        enter(1);
        interrupt[1] = false;
#else
        enter(1);
        interrupt[1] = false;
        serve_requests();
#endif
        leave()
    od;
    rests[1] = true
}

proctype cpu2()
{
    byte round = 0;
    do
    :: round == ROUNDS -> break
    :: else -> round++; enter(2); leave()
    od
}

init
{
    atomic { run cpu0(); run cpu1(); run cpu2() }
}
