/*
 * The thread that waits at the process server for signals with handlers, and brings them to the first thread (see
 * signal.h). It is made when the first handler is installed, and has no thread-local storage but its UTCB's address, as
 * a thread of thread.c in its last moments.
 */
#include "lib/posix/lock.h"
#include "lib/posix/signal.h"
#include "lib/sys/object.h"
#include "proto/proc.h"
#include "proto/region.h"

#define STACK_SIZE 4096
#define PATIENCE   1000   /* microseconds until a thread that has not taken notice yet is told again */
#define RETRY      100000 /* ... until the process server is asked again if that failed */

static struct posix_thread self;
static _Alignas(16) char stack[STACK_SIZE];

/* Makes the first thread take notice. What it does meanwhile is not known, so it is told until it has. */
static void announce(struct posix_thread *t)
{
    while (signal_deliverable(t) && t->state == THREAD_USED) {
        if (__atomic_load_n(&t->in_call, __ATOMIC_ACQUIRE))
            thread_interrupt(t, THREAD_SIGNALED);
        else
            thread_ex_regs(t->caps.thread, EX_REGS_FORCE, 0, 0, 0, 0);
        sys_sleep(PATIENCE);
    }
}

static int run(void *first)
{
    for (;;) {
        u64 signals;
        if (proc_next_signals(SLOT_PROC, &signals)) {
            sys_sleep(RETRY);
            continue;
        }
        for (u32 signal = 1; signal < 64; signal++)
            if (signals >> signal & 1)
                signal_post(signal);
        announce(first);
    }
    return 0;
}

static err_t create(struct posix_thread *first)
{
    ptrdiff_t utcb_offset = (char *)&sys_utcb - (char *)__builtin_thread_pointer();
    err_t error = region_set_signal(SLOT_RM, (u64)arch_signal_entry, (u64)arch_signal_back);
    if (!error)
        error = thread_create(&self.caps, thread_priority());
    if (error)
        return error;
    self.utcb = (struct utcb *)self.caps.utcb;
    self.entry = run;
    self.argument = first;
    self.state = THREAD_USED;
    struct thread_params params = {
        .pc = (vaddr_t)arch_posix_thread_entry,
        .sp = (vaddr_t)stack + STACK_SIZE,
        .argument = (u64)&self,
        .tp = (vaddr_t)&self.utcb - (vaddr_t)utcb_offset,
    };
    return thread_start(&self.caps, &params);
}

err_t signal_thread_start(void)
{
    static struct lock lock;
    static bool started;
    lock_take(&lock);
    err_t error = started ? E_OK : create(thread_first());
    started |= !error;
    lock_give(&lock);
    return error;
}
