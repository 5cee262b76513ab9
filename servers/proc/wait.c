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

static struct wait_result result_of(const struct process *p)
{
    return (struct wait_result){p->pid, p->status, p->cpu_us, p->memory_kib};
}

err_t wait_take(struct process *p, i32 pid, struct wait_result *result)
{
    bool any = false;
    for (struct process *c = process_next(NULL); c; c = process_next(c)) {
        if (!names(p, pid, c))
            continue;
        any = true;
        if (c->state != PROCESS_ZOMBIE)
            continue;
        *result = result_of(c);
        process_forget(c);
        return E_OK;
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

/* A waiter that has gone meanwhile does not use up the zombie. */
void wait_tell(struct process *zombie)
{
    for (struct waiter *w = waiters; w < waiters + WAITERS_MAX; w++) {
        if (!w->process || !names(w->process, w->pid, zombie))
            continue;
        struct wait_result r = result_of(zombie);
        struct msg m;
        w->process = NULL;
        proc_wait_reply(&m, r.pid, r.status, r.cpu_us, r.memory_kib);
        if (serve_answer(w->reply, &m))
            continue;
        process_forget(zombie);
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
