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
    _Alignas(16) char stack[LEAVE_STACK];
};

/* Makes the first thread known: its thread-local storage is there from now on. */
void thread_start_first(u32 pid);

/* The calling thread. */
struct posix_thread *thread_self(void);

/* The calling thread's semaphore. Error: NOMEM. */
err_t thread_semaphore(cap_t *semaphore);

/* ---- arch/ARCH/thread.S ---- */

/* Where a new thread begins, with its struct posix_thread: goes on in posix_thread_begin. */
void arch_posix_thread_entry(void);

/* Goes on in posix_thread_finish(t), on another stack and with another thread pointer. */
_Noreturn void arch_posix_thread_leave(struct posix_thread *t, void *stack, void *tp);
