/*
 * Threads: what musl's pthread_create and pthread_exit need of the system. musl makes stacks and thread-local storage;
 * a thread's last moments are the difficult part, because the moment its clear_tid word is 0, others may free both:
 *
 *   thread_leave:         goes over to a stack in its struct posix_thread, with a thread pointer at which sys_utcb is,
 *                         in there too
 *   posix_thread_finish:  unmaps the old stack if it has to, clears the word, wakes who waits for it, marks itself dead
 *                         and sleeps
 *   reap:                 the next thread that begins or ends deletes those that are dead
 */
#include "lib/posix/thread.h"

#include <sched.h>

#include "lib/posix/futex.h"
#include "lib/posix/linux.h"
#include "lib/posix/lock.h"
#include "lib/tess/rm.h"
#include "lib/tess/slot.h"

/* Called from outside the C code of this folder. */
_Noreturn void posix_thread_begin(struct posix_thread *t);
_Noreturn void posix_thread_finish(struct posix_thread *t);
_Noreturn void posix_thread_unmap_exit(void *base, size_t size);
long posix_clone(int (*entry)(void *), void *stack, int flags, void *argument, u32 *ptid, void *tls, u32 *ctid);

static struct posix_thread threads[SPACE_UTCB_MAX];
static struct lock threads_lock;
static u32 first_tid, tids_given;

#define SELF_WORD 0 /* of the UTCB's words for the program */

struct posix_thread *thread_self(void)
{
    return (struct posix_thread *)sys_utcb->user[SELF_WORD];
}

static void enter(struct posix_thread *t)
{
    sys_utcb = t->utcb;
    sys_utcb->user[SELF_WORD] = (u64)t;
}

void thread_start_first(u32 pid)
{
    struct posix_thread *t = &threads[0];
    t->state = THREAD_USED;
    t->caps = (struct thread_caps){.thread = SLOT_THREAD, .sc = SLOT_SC, .utcb = START_UTCB};
    t->utcb = (struct utcb *)START_UTCB;
    t->tid = first_tid = pid;
    t->first = true;
    enter(t);
}

struct posix_thread *thread_first(void)
{
    return &threads[0];
}

/* ---- waiting ---- */

void thread_interrupt(struct posix_thread *t, u32 why)
{
    __atomic_fetch_or(&t->interrupted, why, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&t->interrupters, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&t->waiting, __ATOMIC_SEQ_CST))
        thread_ex_regs(t->caps.thread, EX_REGS_CANCEL, 0, 0, 0, 0);
    __atomic_fetch_sub(&t->interrupters, 1, __ATOMIC_SEQ_CST);
}

#define PATIENCE 1000 /* microseconds */

void thread_wait_for_interrupters(struct posix_thread *t)
{
    while (__atomic_load_n(&t->interrupters, __ATOMIC_SEQ_CST))
        sys_sleep(PATIENCE / 100); /* which may be what is canceled */
}

err_t thread_cancel(u32 tid)
{
    for (size_t i = 0; i < SPACE_UTCB_MAX; i++) {
        struct posix_thread *t = &threads[i];
        if (t->tid != tid || t->state != THREAD_USED)
            continue;
        thread_interrupt(t, THREAD_CANCELED);
        while (t->waiting && (t->interrupted & THREAD_CANCELED) && t->tid == tid) {
            sys_sleep(PATIENCE);
            thread_interrupt(t, THREAD_CANCELED);
        }
        return E_OK;
    }
    return E_SRCH;
}

err_t thread_semaphore(cap_t *semaphore)
{
    struct posix_thread *t = thread_self();
    if (!t->semaphore) {
        cap_t slot = slot_alloc();
        err_t error = slot ? factory_create_semaphore(SLOT_FACTORY, slot, 0) : E_NOMEM;
        if (error) {
            slot_free(slot);
            return error;
        }
        t->semaphore = slot;
    }
    *semaphore = t->semaphore;
    return E_OK;
}

/* ---- beginning ---- */

static void destroy(struct posix_thread *t)
{
    thread_destroy(&t->caps);
    slot_drop(t->semaphore);
    t->semaphore = 0;
    t->state = THREAD_FREE;
}

static void reap(void)
{
    for (size_t i = 1; i < SPACE_UTCB_MAX; i++)
        if (__atomic_load_n(&threads[i].state, __ATOMIC_ACQUIRE) == THREAD_DEAD)
            destroy(&threads[i]);
}

static struct posix_thread *take_free(void)
{
    for (size_t i = 1; i < SPACE_UTCB_MAX; i++)
        if (threads[i].state == THREAD_FREE)
            return &threads[i];
    return NULL;
}

u32 thread_priority(void)
{
    u64 us, state, value;
    return thread_stats(thread_self()->caps.thread, &us, &state, &value) ? 1 : (u32)value;
}

static err_t create(struct posix_thread **out)
{
    lock_take(&threads_lock);
    reap();
    struct posix_thread *t = take_free();
    err_t error = t ? thread_create(&t->caps, thread_priority()) : E_AGAIN;
    if (!error) {
        t->state = THREAD_USED;
        t->utcb = (struct utcb *)t->caps.utcb;
        t->tid = (first_tid << 12) + (++tids_given & 0xfff);
        t->clear_tid = NULL;
        t->unmap_size = 0;
        t->spawn = NULL;
        t->waiting = false;
        t->interrupted = t->in_call = 0;
        t->forced = 0;
        *out = t;
    }
    lock_give(&threads_lock);
    return error;
}

#define CLONE_WANTED (CLONE_VM | CLONE_THREAD | CLONE_SETTLS)

long posix_clone(int (*entry)(void *), void *stack, int flags, void *argument, u32 *ptid, void *tls, u32 *ctid)
{
    struct posix_thread *t = NULL, *self = thread_self();
    if ((flags & CLONE_WANTED) != CLONE_WANTED)
        return -E_NOSYS;
    self->in_call++;
    err_t error = create(&t);
    if (error) {
        self->in_call--;
        return linux_error(error);
    }
    t->entry = entry;
    t->argument = argument;
    u32 tid = t->tid;
    if (flags & CLONE_CHILD_CLEARTID)
        t->clear_tid = ctid;
    if (flags & CLONE_PARENT_SETTID)
        *ptid = tid;
    struct thread_params params = {
        .pc = (vaddr_t)arch_posix_thread_entry,
        .sp = (vaddr_t)stack & ~15ull,
        .argument = (u64)t,
        .cpu = thread_cpu(tid),
        .tp = (vaddr_t)tls,
    };
    error = thread_start(&t->caps, &params);
    if (error)
        destroy(t);
    self->in_call--;
    return error ? linux_error(error) : (long)tid;
}

_Noreturn void posix_thread_begin(struct posix_thread *t)
{
    enter(t);
    t->entry(t->argument);
    linux_exit(0, 0, 0, 0, 0, 0);
    __builtin_unreachable();
}

/* ---- ending ---- */

_Noreturn static void thread_leave(struct posix_thread *t)
{
    ptrdiff_t utcb_offset = (char *)&sys_utcb - (char *)__builtin_thread_pointer();
    arch_posix_thread_leave(t, t->stack + LEAVE_STACK, (char *)&t->utcb - utcb_offset);
}

_Noreturn void posix_thread_finish(struct posix_thread *t)
{
    if (t->unmap_size)
        rm_detach(t->unmap, t->unmap_size);
    if (t->clear_tid) {
        __atomic_store_n(t->clear_tid, 0, __ATOMIC_SEQ_CST);
        futex_wake(t->clear_tid, 1);
    }
    __atomic_store_n(&t->state, THREAD_DEAD, __ATOMIC_RELEASE);
    for (;;)
        sys_sleep(TIMEOUT_NEVER);
}

long linux_exit(long status, long b, long c, long d, long e, long f)
{
    lock_take(&threads_lock);
    reap();
    lock_give(&threads_lock);
    thread_leave(thread_self());
}

_Noreturn void posix_thread_unmap_exit(void *base, size_t size)
{
    struct posix_thread *t = thread_self();
    t->in_call++;
    t->unmap = (u64)base;
    t->unmap_size = size;
    thread_leave(t);
}

/* ---- small calls ---- */

long linux_set_tid_address(long word, long b, long c, long d, long e, long f)
{
    struct posix_thread *t = thread_self();
    t->clear_tid = (u32 *)word;
    return t->tid;
}

/* musl itself goes through the list of robust locks of a thread that ends; this would be for threads that are killed.
 */
long linux_set_robust_list(long head, long length, long c, long d, long e, long f)
{
    return 0;
}

long linux_gettid(long a, long b, long c, long d, long e, long f)
{
    return thread_self()->tid;
}

long linux_sched_yield(long a, long b, long c, long d, long e, long f)
{
    return linux_error(thread_switch_to(thread_self()->caps.thread));
}

long linux_sched_getaffinity(long pid, long size, long mask, long d, long e, long f)
{
    if (size < 8)
        return -E_INVAL;
    *(u64 *)mask = thread_cpus();
    return 8;
}
