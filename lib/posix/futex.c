/*
 * Futexes: one list of sleeping threads, each with a kernel semaphore of its own that it sleeps on. There are at most
 * as many sleepers as threads (64), so one list will do. A sleeper is taken off the list by whoever wakes it, under the
 * lock; if it finds itself off the list after a time-out, the wake-up is on its way and has to be taken in.
 */
#include "lib/posix/futex.h"

#include <time.h>

#include "lib/base/list.h"
#include "lib/posix/linux.h"
#include "lib/posix/lock.h"
#include "lib/posix/thread.h"
#include "lib/tess/time.h"

struct sleeper {
    struct list_link link;
    u32 *word; /* NULL = woken */
    cap_t semaphore;
};

static struct list_link sleepers = {&sleepers, &sleepers};
static u32 sleepers_lock; /* not a struct lock, which is built on this; held for a few instructions only */

static void sleepers_take(void)
{
    while (__atomic_exchange_n(&sleepers_lock, 1, __ATOMIC_ACQUIRE))
        sys_sleep(10); /* its owner was preempted; it may be less urgent than we are */
}

static void sleepers_give(void)
{
    __atomic_store_n(&sleepers_lock, 0, __ATOMIC_RELEASE);
}

/* Puts the sleeper on the list if *word is still as expected. */
static bool fall_asleep(struct sleeper *s, u32 expected)
{
    sleepers_take();
    bool same = __atomic_load_n(s->word, __ATOMIC_SEQ_CST) == expected;
    if (same)
        list_push_back(&sleepers, &s->link);
    sleepers_give();
    return same;
}

static err_t down(cap_t semaphore, u64 timeout)
{
    if (timeout == FUTEX_FOREVER)
        return semaphore_down(semaphore, TIMEOUT_NEVER);
    usec_t deadline = time_now() + timeout;
    err_t error;
    do
        error = semaphore_down(semaphore, time_until(deadline));
    while (error == E_TIMEDOUT && time_now() < deadline);
    return error;
}

/* After a time-out or an interruption: leaves the list, or takes in the wake-up that came meanwhile. */
static err_t give_up(struct sleeper *s, err_t error)
{
    sleepers_take();
    bool woken = !s->word;
    if (!woken)
        list_remove(&s->link);
    sleepers_give();
    return woken ? semaphore_down(s->semaphore, TIMEOUT_NEVER) : error;
}

err_t futex_wait(u32 *word, u32 expected, u64 timeout, bool may_be_interrupted)
{
    struct sleeper s = {.word = word};
    err_t error = thread_semaphore(&s.semaphore);
    if (error)
        return error;
    if (!fall_asleep(&s, expected))
        return E_AGAIN;
    error = may_be_interrupted ? THREAD_WAIT(down(s.semaphore, timeout)) : down(s.semaphore, timeout);
    return error ? give_up(&s, error) : E_OK;
}

/* Takes the first sleeper on `word` off the list; 0 = there is none, else its semaphore. */
static cap_t take_sleeper(u32 *word)
{
    for (struct list_link *l = sleepers.next; l != &sleepers; l = l->next) {
        struct sleeper *s = container_of(l, struct sleeper, link);
        if (s->word == word) {
            s->word = NULL;
            list_remove(l);
            return s->semaphore;
        }
    }
    return 0;
}

u32 futex_wake(u32 *word, u32 count)
{
    for (u32 woken = 0; woken < count; woken++) {
        sleepers_take();
        cap_t semaphore = take_sleeper(word);
        sleepers_give();
        if (!semaphore)
            return woken;
        semaphore_up(semaphore);
    }
    return count;
}

/* Lets up to `count` sleepers on `word` sleep on `other` from now on. */
static u32 requeue(u32 *word, u32 count, u32 *other)
{
    u32 moved = 0;
    sleepers_take();
    for (struct list_link *l = sleepers.next; l != &sleepers && moved < count; l = l->next) {
        struct sleeper *s = container_of(l, struct sleeper, link);
        if (s->word == word) {
            s->word = other;
            moved++;
        }
    }
    sleepers_give();
    return moved;
}

/* ---- locks ---- */

void lock_wait(struct lock *lock)
{
    while (__atomic_exchange_n(&lock->word, 2, __ATOMIC_ACQUIRE))
        futex_wait(&lock->word, 2, FUTEX_FOREVER, false);
}

void lock_wake(struct lock *lock)
{
    futex_wake(&lock->word, 1);
}

/* ---- the system call ---- */

enum futex_operation { WAIT = 0, WAKE = 1, REQUEUE = 3, COMPARE_REQUEUE = 4 };
#define OPERATION_MASK 0x7f

static u64 relative_timeout(const struct timespec *t)
{
    if (!t)
        return FUTEX_FOREVER;
    return t->tv_sec < 0 ? 0 : (u64)t->tv_sec * 1000000 + ((u64)t->tv_nsec + 999) / 1000;
}

long linux_futex(long address, long operation, long value, long timeout, long address2, long value3)
{
    u32 *word = (u32 *)address;
    switch (operation & OPERATION_MASK) {
    case WAIT:
        return linux_error(futex_wait(word, (u32)value, relative_timeout((const struct timespec *)timeout), true));
    case WAKE:
        return futex_wake(word, (u32)value);
    case COMPARE_REQUEUE:
        if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != (u32)value3)
            return -E_AGAIN;
        /* fallthrough */
    case REQUEUE: {
        u32 woken = futex_wake(word, (u32)value);
        return woken + requeue(word, (u32)timeout, (u32 *)address2);
    }
    default:
        return -E_NOSYS;
    }
}
