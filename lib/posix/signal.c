/*
 * Signal dispositions and masks. The process server carries signals out and knows two dispositions, default and ignore;
 * handlers are refused (ENOSYS). The mask is remembered for those who ask, but holds nothing back.
 */
#include <signal.h>
#include <string.h>

#include "lib/posix/linux.h"
#include "lib/tess/start.h"
#include "proto/proc.h"

/* The structure of rt_sigaction. */
struct kernel_sigaction {
    void (*handler)(int);
    unsigned long flags;
    unsigned long mask;
    void *unused;
};

#define SIGNALS_MAX   65
#define FIRST_OF_MUSL 32 /* 32-34: musl's own, for timers, cancellation and set-id */
#define LAST_OF_MUSL  34

static bool ignored[SIGNALS_MAX];

static long set_disposition(u32 signal, void (*handler)(int))
{
    if (signal == SIGKILL || signal == SIGSTOP)
        return -E_INVAL;
    if (handler != SIG_DFL && handler != SIG_IGN)
        return -E_NOSYS;
    bool ignore = handler == SIG_IGN;
    err_t error = proc_sigaction(SLOT_PROC, signal, ignore);
    if (!error)
        ignored[signal] = ignore;
    return linux_error(error);
}

long linux_rt_sigaction(long signal, long action, long old, long size, long e, long f)
{
    if (signal < 1 || signal >= SIGNALS_MAX)
        return -E_INVAL;
    void (*before)(int) = ignored[signal] ? SIG_IGN : SIG_DFL;
    if (action && !(signal >= FIRST_OF_MUSL && signal <= LAST_OF_MUSL)) {
        long result = set_disposition((u32)signal, ((const struct kernel_sigaction *)action)->handler);
        if (result)
            return result;
    }
    if (old)
        *(struct kernel_sigaction *)old = (struct kernel_sigaction){.handler = before};
    return 0;
}

static u64 blocked; /* bit n-1: signal n */

long linux_rt_sigprocmask(long how, long set, long old, long size, long e, long f)
{
    u64 before = blocked;
    if (set) {
        u64 given = *(const u64 *)set;
        switch (how) {
        case SIG_BLOCK:
            blocked |= given;
            break;
        case SIG_UNBLOCK:
            blocked &= ~given;
            break;
        case SIG_SETMASK:
            blocked = given;
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
    memset((void *)set, 0, (size_t)size);
    return 0;
}

/* Without handlers there is nothing that could end the wait but the program's end. */
long linux_rt_sigsuspend(long set, long size, long c, long d, long e, long f)
{
    for (;;)
        sys_sleep(TIMEOUT_NEVER);
}
