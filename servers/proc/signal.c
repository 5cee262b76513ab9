/* Signals: see signal.h. Numbers are those of Linux. */
#include "servers/proc/signal.h"

#include "proto/proc.h"

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

static void answer(struct process *p)
{
    struct msg m;
    cap_t reply = p->signal_waiter;
    proc_next_signals_reply(&m, p->pending);
    p->signal_waiter = 0;
    if (!serve_answer(reply, &m))
        p->pending = 0;
}

bool signal_tell(struct process *p, u32 signal)
{
    if (p->state != PROCESS_RUNNING || !(p->handled >> signal & 1))
        return false;
    p->pending |= 1ull << signal;
    if (p->signal_waiter)
        answer(p);
    return true;
}

err_t signal_take(struct process *p, u64 *signals)
{
    if (serve_forget_stale(&p->signal_waiter))
        return E_BUSY;
    *signals = p->pending;
    p->pending = 0;
    if (*signals)
        return E_OK;
    p->signal_waiter = serve_keep_reply();
    return p->signal_waiter ? WIRE_LATER : E_AGAIN;
}

void signal_forget(struct process *p)
{
    p->handled = p->pending = 0;
    if (p->signal_waiter)
        serve_drop_reply(p->signal_waiter);
    p->signal_waiter = 0;
}

static void deliver(struct process *p, u32 signal)
{
    bool ignored = signal != SIGKILL && (p->ignored >> signal & 1);
    if (!signal_tell(p, signal) && p->state == PROCESS_RUNNING && signal_ends(signal) && !ignored)
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
    bool found = false;
    if (!signal || signal >= SIGNALS - 1)
        return E_INVAL;
    for (struct process *p = process_next(NULL); p; p = process_next(p)) {
        if (p == process_init || p->group != group || p->state != PROCESS_RUNNING)
            continue;
        found = true;
        deliver(p, signal);
    }
    return found ? E_OK : E_SRCH;
}

err_t signal_set_disposition(struct process *p, u32 signal, u32 disposition)
{
    bool fixed = signal == SIGKILL || signal == SIGSTOP;
    if (signal < 1 || signal >= SIGNALS - 1 || disposition > SIGNAL_HANDLE || (disposition && fixed))
        return E_INVAL;
    u64 bit = 1ull << signal;
    p->ignored = disposition == SIGNAL_IGNORE ? p->ignored | bit : p->ignored & ~bit;
    p->handled = disposition == SIGNAL_HANDLE ? p->handled | bit : p->handled & ~bit;
    p->pending &= p->handled;
    return E_OK;
}
