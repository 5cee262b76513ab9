/* Signals: see signal.h. Numbers are those of Linux. */
#include "servers/proc/signal.h"

#define SIGKILL 9
#define SIGSTOP 19

/* CHLD, CONT, STOP, TSTP, TTIN, TTOU, URG, WINCH do nothing (stopping processes comes with job control). */
#define HARMLESS                                                                                                       \
    (1ull << 17 | 1ull << 18 | 1ull << SIGSTOP | 1ull << 20 | 1ull << 21 | 1ull << 22 | 1ull << 23 | 1ull << 28)

static bool reaches(const struct process *sender, i32 pid, const struct process *p)
{
    if (p->state != PROCESS_RUNNING && p->state != PROCESS_ZOMBIE)
        return false;
    if (pid > 0)
        return p->pid == (u32)pid;
    if (p == process_init)
        return false;
    return pid == -1 ? p != sender : p->group == (pid ? 0 - (u32)pid : sender->group);
}

bool signal_ends(u32 signal)
{
    return signal && signal < SIGNALS - 1 && !(HARMLESS >> signal & 1);
}

static void deliver(struct process *p, u32 signal)
{
    bool ignored = signal != SIGKILL && (p->ignored >> signal & 1);
    if (p->state == PROCESS_RUNNING && signal_ends(signal) && !ignored)
        process_end(p, signal);
}

err_t signal_send(struct process *sender, i32 pid, u32 signal)
{
    bool found = false;
    if (signal >= SIGNALS - 1)
        return E_INVAL;
    for (struct process *p = process_next(NULL); p; p = process_next(p)) {
        if (!reaches(sender, pid, p))
            continue;
        if (p == process_init && signal)
            return E_PERM;
        found = true;
        deliver(p, signal);
    }
    return found ? E_OK : E_SRCH;
}

err_t signal_send_group(u32 group, u32 signal)
{
    return group > 1 && group <= INT32_MAX ? signal_send(process_init, -(i32)group, signal) : E_SRCH;
}

err_t signal_set_ignored(struct process *p, u32 signal, bool ignored)
{
    if (signal < 1 || signal >= SIGNALS - 1 || (ignored && (signal == SIGKILL || signal == SIGSTOP)))
        return E_INVAL;
    p->ignored = ignored ? p->ignored | 1ull << signal : p->ignored & ~(1ull << signal);
    return E_OK;
}
