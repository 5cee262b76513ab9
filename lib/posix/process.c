/* Process calls: each is a request to the process server, which knows everything about processes. */
#include "lib/posix/process.h"

#include <signal.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "lib/posix/linux.h"
#include "lib/posix/signal.h"
#include "lib/posix/thread.h"
#include "lib/tess/env.h"
#include "proto/proc.h"

#define MUSL_CANCEL 33 /* SIGCANCEL of musl */

_Noreturn void process_exit(u32 status)
{
    proc_exit(SLOT_PROC, status);
    for (;;)
        sys_sleep(TIMEOUT_NEVER);
}

/*
 * What the first thread raises for itself is run when its call ends. Other threads go by the process server, like other
 * processes: the first one may be waiting, and is made to take notice.
 */
static bool post_own(u32 signal)
{
    return thread_self()->first && signal_post(signal);
}

void process_raise(u32 signal)
{
    if (!post_own(signal))
        proc_kill(SLOT_PROC, (i32)env_start->pid, signal);
}

long linux_exit_group(long status, long b, long c, long d, long e, long f)
{
    process_exit((u32)(status & 0xff) << 8);
}

long linux_wait4(long pid, long status, long options, long usage, long e, long f)
{
    u32 found, how;
    u64 time_us, rss_kib;
    u32 flags = (options & WNOHANG ? PROC_WNOHANG : 0) | (options & WUNTRACED ? PROC_WUNTRACED : 0);
    err_t error = THREAD_WAIT(proc_wait(SLOT_PROC, (i32)pid, flags, &found, &how, &time_us, &rss_kib));
    if (error)
        return linux_error(error);
    if (found && status)
        *(int *)status = (int)how;
    if (found && usage)
        *(struct rusage *)usage = (struct rusage){
            .ru_utime = {(time_t)(time_us / 1000000), (suseconds_t)(time_us % 1000000)},
            .ru_maxrss = (long)rss_kib,
        };
    return found;
}

/* ---- signals to others ---- */

long linux_kill(long pid, long signal, long c, long d, long e, long f)
{
    if (pid == (long)env_start->pid && signal > 0 && signal < _NSIG && post_own((u32)signal))
        return 0;
    return (u64)signal >= _NSIG ? -E_INVAL : linux_error(proc_kill(SLOT_PROC, (i32)pid, (u32)signal));
}

long linux_tkill(long tid, long signal, long c, long d, long e, long f)
{
    if (signal == MUSL_CANCEL)
        return linux_error(thread_cancel((u32)tid));
    return linux_kill(env_start->pid, signal, 0, 0, 0, 0);
}

long linux_tgkill(long group, long tid, long signal, long d, long e, long f)
{
    return linux_tkill(tid, signal, 0, 0, 0, 0);
}

/* ---- ids ---- */

struct ids {
    u32 pid, parent, group, session;
};

static err_t get_ids(long pid, struct ids *ids)
{
    return proc_ids(SLOT_PROC, (u32)pid, &ids->pid, &ids->parent, &ids->group, &ids->session);
}

long linux_getpid(long a, long b, long c, long d, long e, long f)
{
    return env_start->pid;
}

long linux_getppid(long a, long b, long c, long d, long e, long f)
{
    struct ids ids;
    err_t error = get_ids(0, &ids);
    return error ? linux_error(error) : (long)ids.parent;
}

long linux_getpgid(long pid, long b, long c, long d, long e, long f)
{
    struct ids ids;
    err_t error = get_ids(pid, &ids);
    return error ? linux_error(error) : (long)ids.group;
}

long linux_setpgid(long pid, long group, long c, long d, long e, long f)
{
    return pid < 0 || group < 0 ? -E_INVAL : linux_error(proc_set_group(SLOT_PROC, (u32)pid, (u32)group));
}

long linux_getsid(long pid, long b, long c, long d, long e, long f)
{
    struct ids ids;
    err_t error = get_ids(pid, &ids);
    return error ? linux_error(error) : (long)ids.session;
}

long linux_setsid(long a, long b, long c, long d, long e, long f)
{
    u32 session;
    err_t error = proc_set_session(SLOT_PROC, &session);
    return error ? linux_error(error) : (long)session;
}

/* ---- the machine ---- */

#define MAGIC_1 0xfee1dead
#define MAGIC_2 672274793

/* Powers off. The fourth argument, which Linux uses for restarts only, is the machine's exit status. */
long linux_reboot(long magic1, long magic2, long command, long status, long e, long f)
{
    if ((u32)magic1 != MAGIC_1 || magic2 != MAGIC_2 || (int)command != RB_POWER_OFF)
        return -E_INVAL;
    return linux_error(proc_power_off(SLOT_PROC, (u32)status & 0xff));
}
