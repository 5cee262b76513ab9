/*
 * Signal dispositions, masks and handlers: see signal.h. The process server carries default actions out by itself, so a
 * signal without a handler is not held back by a mask. Handlers run on the first thread, whose mask is the program's.
 */
#include "lib/posix/signal.h"

#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "lib/posix/linux.h"
#include "proto/proc.h"
#include "proto/region.h"

/* The structure of rt_sigaction. */
struct kernel_sigaction {
    union {
        void (*handler)(int);
        void (*detailed)(int, siginfo_t *, void *); /* SA_SIGINFO */
    };
    unsigned long flags;
    u64 mask;
    void *unused;
};

#define SIGNALS_MAX   65
#define FIRST_OF_MUSL 32 /* 32-34: musl's own, for timers, cancellation and set-id */
#define LAST_OF_MUSL  34
#define UNBLOCKABLE   (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

enum disposition { DEFAULT, IGNORE, HANDLE }; /* of proc.sigaction */

u64 signals_pending;

static struct kernel_sigaction actions[SIGNALS_MAX]; /* all zero: SIG_DFL */

/* ---- dispositions ---- */

static err_t set_disposition(u32 signal, const struct kernel_sigaction *action)
{
    bool handled = action->handler != SIG_DFL && action->handler != SIG_IGN;
    if (signal == SIGKILL || signal == SIGSTOP)
        return E_INVAL;
    err_t error = handled ? signal_thread_start() : E_OK;
    if (error)
        return error;
    struct kernel_sigaction before = actions[signal];
    actions[signal] = *action; /* before the first signal can come */
    error = proc_sigaction(SLOT_PROC, signal, handled ? HANDLE : action->handler == SIG_IGN ? IGNORE : DEFAULT);
    if (error)
        actions[signal] = before;
    else if (!handled)
        __atomic_fetch_and(&signals_pending, ~SIGNAL_BIT(signal), __ATOMIC_RELAXED);
    return error;
}

long linux_rt_sigaction(long signal, long action, long old, long size, long e, long f)
{
    if (signal < 1 || signal >= SIGNALS_MAX)
        return -E_INVAL;
    struct kernel_sigaction before = actions[signal];
    if (action && !(signal >= FIRST_OF_MUSL && signal <= LAST_OF_MUSL)) {
        err_t error = set_disposition((u32)signal, (const struct kernel_sigaction *)action);
        if (error)
            return linux_error(error);
    }
    if (old)
        *(struct kernel_sigaction *)old = before;
    return 0;
}

/* ---- handlers ---- */

bool signal_post(u32 signal)
{
    void (*handler)(int) = actions[signal].handler;
    if (handler == SIG_DFL || handler == SIG_IGN)
        return false;
    __atomic_fetch_or(&signals_pending, SIGNAL_BIT(signal), __ATOMIC_RELEASE);
    return true;
}

static void call_handler(const struct kernel_sigaction *action, u32 signal, u64 mask)
{
    siginfo_t info = {.si_signo = (int)signal, .si_code = SI_USER};
    ucontext_t context; /* the registers are with the region manager */
    if (!(action->flags & SA_SIGINFO)) {
        action->handler((int)signal);
        return;
    }
    memset(&context, 0, sizeof context);
    memcpy(&context.uc_sigmask, &mask, sizeof mask);
    action->detailed((int)signal, &info, &context);
}

/* The handler is the program's code again: it makes calls, may be interrupted, and may jump out of here. */
static bool run_one(struct posix_thread *t, u32 signal)
{
    struct kernel_sigaction action = actions[signal];
    u64 mask = t->signal_mask;
    u32 in_call = t->in_call;
    __atomic_fetch_and(&signals_pending, ~SIGNAL_BIT(signal), __ATOMIC_ACQUIRE);
    if (action.handler == SIG_DFL || action.handler == SIG_IGN)
        return true;
    if (action.flags & SA_RESETHAND)
        set_disposition(signal, &(struct kernel_sigaction){0});
    t->signal_mask = (mask | action.mask | (action.flags & SA_NODEFER ? 0 : SIGNAL_BIT(signal))) & ~UNBLOCKABLE;
    __atomic_store_n(&t->in_call, 0, __ATOMIC_RELEASE);
    call_handler(&action, signal, mask);
    __atomic_store_n(&t->in_call, in_call, __ATOMIC_RELEASE);
    t->signal_mask = mask;
    return action.flags & SA_RESTART;
}

bool signal_run(struct posix_thread *t)
{
    bool restart = true;
    u64 set;
    while ((set = __atomic_load_n(&signals_pending, __ATOMIC_ACQUIRE) & ~t->signal_mask))
        restart &= run_one(t, (u32)__builtin_ctzll(set) + 1);
    return restart;
}

/* In a call (the thread was quicker than the signal) the end of the call will do. */
void posix_signal_forced(void)
{
    struct posix_thread *t = thread_self();
    if (t->in_call)
        return;
    t->forced = (vaddr_t)__builtin_frame_address(0);
    signal_run(t);
    t->forced = 0;
}

void signal_check_left(struct posix_thread *t)
{
    if ((vaddr_t)__builtin_frame_address(0) <= t->forced)
        return;
    t->forced = 0;
    region_set_signal(SLOT_RM, (u64)arch_signal_entry, (u64)arch_signal_back);
}

/* ---- masks ---- */

long linux_rt_sigprocmask(long how, long set, long old, long size, long e, long f)
{
    struct posix_thread *t = thread_self();
    u64 before = t->signal_mask;
    if (set) {
        u64 given = *(const u64 *)set & ~UNBLOCKABLE;
        switch (how) {
        case SIG_BLOCK:
            t->signal_mask |= given;
            break;
        case SIG_UNBLOCK:
            t->signal_mask &= ~given;
            break;
        case SIG_SETMASK:
            t->signal_mask = given;
            break;
        default:
            return -E_INVAL;
        }
    }
    if (old)
        *(u64 *)old = before;
    return 0;
}

long linux_rt_sigpending(long set, long size, long c, long d, long e, long f)
{
    *(u64 *)set = signals_pending & thread_self()->signal_mask;
    return 0;
}

/* The handlers run before the old mask is back. */
long linux_rt_sigsuspend(long set, long size, long c, long d, long e, long f)
{
    struct posix_thread *t = thread_self();
    u64 mask = t->signal_mask;
    t->signal_mask = *(const u64 *)set & ~UNBLOCKABLE;
    while (!signal_deliverable(t)) {
        if (thread_wait_begin(t))
            sys_sleep(TIMEOUT_NEVER);
        thread_wait_end(t);
    }
    signal_run(t);
    t->signal_mask = mask;
    return -E_INTR;
}
