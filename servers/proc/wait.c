/* Waiting for children: see wait.h. */
#include "servers/proc/wait.h"

#include "proto/proc.h"

#define WAITERS_MAX 64

static struct waiter {
    struct process *process; /* NULL: free */
    i32 pid;
    cap_t reply;
} waiters[WAITERS_MAX];

static bool names(const struct process *parent, i32 pid, const struct process *child)
{
    if (child->parent != parent || child == parent || child->state == PROCESS_PREPARING)
        return false;
    if (pid == -1)
        return true;
    u32 group = pid == 0 ? parent->group : pid < 0 ? 0 - (u32)pid : 0;
    return pid > 0 ? child->pid == (u32)pid : child->group == group;
}

/* The zombie is used up only if whom it is told still waits: a signal may have called the caller away at any time. */
static err_t answer(cap_t reply, struct process *zombie)
{
    struct msg m;
    proc_wait_reply(&m, zombie->pid, zombie->status, zombie->cpu_us, zombie->memory_kib);
    err_t error = serve_answer(reply, &m);
    if (!error)
        process_forget(zombie);
    return error;
}

static err_t answer_now(struct process *zombie)
{
    cap_t reply = serve_keep_reply();
    if (!reply)
        return E_AGAIN;
    answer(reply, zombie);
    return WIRE_LATER;
}

err_t wait_take(struct process *p, i32 pid)
{
    bool any = false;
    for (struct process *c = process_next(NULL); c; c = process_next(c)) {
        if (!names(p, pid, c))
            continue;
        any = true;
        if (c->state == PROCESS_ZOMBIE)
            return answer_now(c);
    }
    return any ? E_AGAIN : E_CHILD;
}

/* Also if its caller was called away, by a signal, say. */
static bool is_free(struct waiter *w)
{
    return !w->process || !serve_forget_stale(&w->reply);
}

err_t wait_keep(struct process *p, i32 pid)
{
    struct waiter *w = waiters;
    while (w < waiters + WAITERS_MAX && !is_free(w))
        w++;
    cap_t reply = w < waiters + WAITERS_MAX ? serve_keep_reply() : 0;
    if (!reply)
        return E_AGAIN;
    *w = (struct waiter){p, pid, reply};
    return WIRE_LATER;
}

void wait_tell(struct process *zombie)
{
    for (struct waiter *w = waiters; w < waiters + WAITERS_MAX; w++) {
        if (!w->process || !names(w->process, w->pid, zombie))
            continue;
        w->process = NULL;
        if (!answer(w->reply, zombie))
            return;
    }
}

void wait_forget(const struct process *p)
{
    for (struct waiter *w = waiters; w < waiters + WAITERS_MAX; w++)
        if (w->process == p) {
            w->process = NULL;
            serve_drop_reply(w->reply);
        }
}
