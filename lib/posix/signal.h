/*
 * Signals that the program handles. A signal from outside comes to a thread of this library's own (signal_thread.c),
 * which notes it and sees to it that the first thread, on which all handlers run, takes notice:
 *
 *   first thread is                  what happens
 *   in the program's code            Thread.ex_regs forces an exception; the region manager keeps the registers and
 *                                    lets it go on in arch_signal_entry, which runs handlers and has them given back
 *   in a call of this library        handlers run when the call ends, before it returns
 *   in a call that waits in a server the wait is cancelled: E_INTR, and then as above
 *
 * The two do not see each other's steps, so on several CPUs either may be late:
 *
 *   signal thread                    first thread
 *   it is in no call
 *                                    begins a call that waits
 *   ex_regs FORCE, no harm:          goes to arch_signal_entry and back, with nothing done
 *   it waits: ex_regs CANCEL         is still on that way: a fault is not cancelled, only what it waits for is
 *
 *   interrupted |= SIGNALED
 *                                    a call ends: clears it, runs the handler; waits in the next call
 *   it waits: ex_regs CANCEL         E_INTR without a signal: that call is done again (syscall.c)
 *
 * and a server that answers may find that its caller has gone: what it was to give away (a piece of a pipe, a child's
 * status) must still be there when the call is done again.
 */
#pragma once

#include "lib/posix/thread.h"

#define SIGNAL_BIT(signal) (1ull << ((signal)-1)) /* as in Linux' signal sets */

/* Signals that have come and whose handlers have not run yet: any thread sets, the first one clears. */
extern u64 signals_pending;

/* Whether one of them may run on the thread now. */
static inline bool signal_deliverable(const struct posix_thread *t)
{
    return t->first && (__atomic_load_n(&signals_pending, __ATOMIC_ACQUIRE) & ~t->signal_mask);
}

/*
 * Runs the handlers of all deliverable signals on the calling thread, the first. True if all of them want calls to be
 * restarted (SA_RESTART).
 */
bool signal_run(struct posix_thread *t);

/* Notes a signal that has a handler; false if it has none. */
bool signal_post(u32 signal);

/* For arch_signal_entry: the first thread was interrupted between two instructions. */
void posix_signal_forced(void);

/* If a handler that began there was left by a jump, forgets about it. Called when a call begins. */
void signal_check_left(struct posix_thread *t);

/* Starts the thread that waits for signals from outside, once. */
err_t signal_thread_start(void);

/* ---- arch/ARCH/signal.S: where the region manager lets an interrupted thread go on, and where that ends ---- */

void arch_signal_entry(void);
extern const char arch_signal_back[];
