/*
 * poll and select: the servers are asked one after the other; if nothing is ready, they are told to trigger an Irq when
 * something becomes so, are asked once more (it may have happened meanwhile), and then the Irq is waited for.
 */
#include <poll.h>
#include <sys/select.h>
#include <time.h>

#include "lib/posix/file.h"
#include "lib/posix/linux.h"
#include "lib/posix/thread.h"
#include "lib/tess/slot.h"
#include "lib/tess/time.h"

static u32 wire_events(short events)
{
    return (events & (POLLIN | POLLRDNORM) ? FILE_EVENT_IN : 0) |
           (events & (POLLOUT | POLLWRNORM) ? FILE_EVENT_OUT : 0);
}

static short found_events(u32 events, short wanted)
{
    short result = events & FILE_EVENT_HUP ? POLLHUP : 0;
    if (events & FILE_EVENT_IN)
        result |= wanted & (POLLIN | POLLRDNORM);
    if (events & FILE_EVENT_OUT)
        result |= wanted & (POLLOUT | POLLWRNORM);
    return result;
}

/* What is so now of one descriptor; virtual files are always ready. */
static short ask_one(const struct pollfd *p)
{
    if (p->fd < 0)
        return 0;
    struct file *file = descriptor_get(p->fd);
    if (!file)
        return POLLNVAL;
    u32 wanted = wire_events(p->events);
    u32 now = file->ops->poll ? file->ops->poll(file, wanted) : wanted;
    file_put(file);
    return found_events(now, p->events);
}

static long ask_all(struct pollfd *fds, size_t count)
{
    long ready = 0;
    for (size_t i = 0; i < count; i++) {
        fds[i].revents = ask_one(&fds[i]);
        ready += fds[i].revents != 0;
    }
    return ready;
}

/* Lets all servers trigger `irq`; those that cannot are asked again each time the wait ends. */
static void notify_all(const struct pollfd *fds, size_t count, cap_t irq)
{
    for (size_t i = 0; i < count; i++) {
        struct file *file = fds[i].fd < 0 ? NULL : descriptor_get(fds[i].fd);
        if (file && file->gate)
            file_notify(file->gate, wire_cap_rights(irq, RIGHT_USE), wire_events(fds[i].events) | FILE_EVENT_HUP);
        file_put(file);
    }
}

static err_t make_irq(cap_t *irq)
{
    *irq = slot_alloc();
    err_t error = *irq ? factory_create_irq(SLOT_FACTORY, *irq) : E_NOMEM;
    if (!error)
        error = irq_bind(*irq, thread_self()->caps.thread, 0);
    if (error)
        slot_drop(*irq);
    return error;
}

static long wait_for_events(struct pollfd *fds, size_t count, usec_t deadline)
{
    cap_t irq;
    long ready;
    struct posix_thread *t = thread_self();
    err_t error = make_irq(&irq);
    if (error)
        return linux_error(error);
    for (;;) {
        notify_all(fds, count, irq);
        ready = ask_all(fds, count);
        if (ready || time_now() >= deadline)
            break;
        bool go_on = thread_wait_begin(t);
        if (go_on)
            irq_receive(irq, deadline == ~0ull ? TIMEOUT_NEVER : time_until(deadline));
        thread_wait_end(t);
        if (!go_on) {
            ready = -E_INTR;
            break;
        }
    }
    slot_drop(irq);
    return ready;
}

static usec_t deadline_of(const struct timespec *t)
{
    return t ? time_now() + (u64)t->tv_sec * 1000000 + ((u64)t->tv_nsec + 999) / 1000 : ~0ull;
}

static long poll_until(struct pollfd *fds, size_t count, usec_t deadline)
{
    long ready = ask_all(fds, count);
    return ready || time_now() >= deadline ? ready : wait_for_events(fds, count, deadline);
}

long linux_ppoll(long fds, long count, long timeout, long mask, long e, long f)
{
    return poll_until((struct pollfd *)fds, (size_t)count, deadline_of((const struct timespec *)timeout));
}

/* ---- select ---- */

static size_t from_sets(struct pollfd *out, int limit, const fd_set *in_set, const fd_set *out_set)
{
    size_t count = 0;
    for (int fd = 0; fd < limit; fd++) {
        short events = (in_set && FD_ISSET(fd, in_set) ? POLLIN : 0) | (out_set && FD_ISSET(fd, out_set) ? POLLOUT : 0);
        if (events)
            out[count++] = (struct pollfd){.fd = fd, .events = events};
    }
    return count;
}

/* Leaves those descriptors in the set for which one of `events` was found; returns how many. */
static long to_set(const struct pollfd *fds, size_t count, fd_set *set, short wanted, short events)
{
    long found = 0;
    if (!set)
        return 0;
    FD_ZERO(set);
    for (size_t i = 0; i < count; i++)
        if ((fds[i].events & wanted) && (fds[i].revents & events)) {
            FD_SET(fds[i].fd, set);
            found++;
        }
    return found;
}

long linux_pselect6(long limit, long in_set, long out_set, long other_set, long timeout, long mask)
{
    struct pollfd fds[DESCRIPTORS_MAX];
    if (limit < 0 || limit > DESCRIPTORS_MAX)
        return -E_INVAL;
    size_t count = from_sets(fds, (int)limit, (fd_set *)in_set, (fd_set *)out_set);
    long ready = poll_until(fds, count, deadline_of((const struct timespec *)timeout));
    if (ready < 0)
        return ready;
    for (size_t i = 0; i < count; i++)
        if (fds[i].revents & POLLNVAL)
            return -E_BADF;
    if (other_set)
        FD_ZERO((fd_set *)other_set);
    return to_set(fds, count, (fd_set *)in_set, POLLIN, POLLIN | POLLHUP) +
           to_set(fds, count, (fd_set *)out_set, POLLOUT, POLLOUT);
}
