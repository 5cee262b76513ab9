/* The program's threads as this library knows them. */
#pragma once

#include "lib/sys/object.h"
#include "lib/tess/start.h"
#include "lib/tess/thread.h"

#define LEAVE_STACK 2048 /* bytes: what a thread stands on in its last moments */

struct posix_spawn;

struct posix_thread {
    enum { THREAD_FREE, THREAD_USED, THREAD_DEAD } state;
    struct thread_caps caps;
    struct utcb *utcb; /* what sys_utcb is when the thread's own storage is gone: see thread_leave */
    u32 tid;
    u32 *clear_tid;            /* set to 0 and woken when the thread ends; NULL = none */
    cap_t semaphore;           /* what it sleeps on in futex_wait; 0 = not made yet */
    struct posix_spawn *spawn; /* the child in preparation, NULL = none */
    int (*entry)(void *argument);
    void *argument;
    u64 unmap, unmap_size; /* the stack to unmap at the end */
    /* What others look at who want the thread's attention: signal.h. */
    bool first;       /* signals are for this one */
    bool waiting;     /* in a request that may wait and may be cancelled */
    u32 interrupted;  /* THREAD_SIGNALED, THREAD_CANCELED: waiting shall end; the thread itself clears it */
    u32 interrupters; /* who are about to cancel what it waits for, or have just done so */
    u32 in_call;      /* > 0: inside this library */
    u64 signal_mask;  /* blocked signals, as in Linux' sets */
    vaddr_t forced;   /* frame of the handlers that interrupted the program's code, 0 = none */
    _Alignas(16) char stack[LEAVE_STACK];
};

/* Makes the first thread known: its thread-local storage is there from now on. */
void thread_start_first(u32 pid);

/* The calling thread. */
struct posix_thread *thread_self(void);

/* The program's first. */
struct posix_thread *thread_first(void);

/* What a new thread's priority is. */
u32 thread_priority(void);

/* ---- waiting that can be ended ---- */

#define THREAD_SIGNALED 1
#define THREAD_CANCELED 2

/* Before a request that may wait; thread_wait_end after it, in any case. False: do not begin, it is E_INTR. */
static inline bool thread_wait_begin(struct posix_thread *t)
{
    __atomic_store_n(&t->waiting, true, __ATOMIC_SEQ_CST);
    return !__atomic_load_n(&t->interrupted, __ATOMIC_SEQ_CST);
}

/* Somebody who has seen it waiting is about to cancel what it does: that must not be its next request. */
void thread_wait_for_interrupters(struct posix_thread *t);

static inline void thread_wait_end(struct posix_thread *t)
{
    __atomic_store_n(&t->waiting, false, __ATOMIC_SEQ_CST);
    if (__builtin_expect(__atomic_load_n(&t->interrupters, __ATOMIC_SEQ_CST), 0))
        thread_wait_for_interrupters(t);
}

/* The value of a request that may wait, or E_INTR. What the server may have begun must then be undone. */
#define THREAD_WAIT(request)                                                                                           \
    ({                                                                                                                 \
        struct posix_thread *wait_self = thread_self();                                                                \
        err_t wait_error = thread_wait_begin(wait_self) ? (request) : E_INTR;                                          \
        thread_wait_end(wait_self);                                                                                    \
        wait_error;                                                                                                    \
    })

/* Ends the thread's waiting, if it is; one that is about to wait may need to be told again. `why`: THREAD_*. */
void thread_interrupt(struct posix_thread *t, u32 why);

/* Cancels the thread with this id as musl wants it: it looks by itself, but must not go on waiting. */
err_t thread_cancel(u32 tid);

/* The calling thread's semaphore. Error: NOMEM. */
err_t thread_semaphore(cap_t *semaphore);

/* ---- arch/ARCH/thread.S ---- */

/* Where a new thread begins, with its struct posix_thread: goes on in posix_thread_begin. */
void arch_posix_thread_entry(void);

/* Goes on in posix_thread_finish(t), on another stack and with another thread pointer. */
_Noreturn void arch_posix_thread_leave(struct posix_thread *t, void *stack, void *tp);
