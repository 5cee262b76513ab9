/* Where musl's system calls arrive (ports/musl/overlay): a table by number. */
#include <sys/syscall.h>

#include "lib/posix/linux.h"
#include "lib/posix/signal.h"
#include "lib/sys/object.h"
#include "lib/tess/log.h"
#include "lib/tess/start.h"

typedef long linux_call(long a, long b, long c, long d, long e, long f);

static linux_call *const calls[] = {
#define CALL(name) [SYS_##name] = linux_##name,
#include "lib/posix/syscall.def"
#undef CALL
};
#define CALLS (sizeof calls / sizeof calls[0])

long posix_syscall(long number, long a, long b, long c, long d, long e, long f);

/* Debug builds tell once about each call that there is not. */
static void note_missing(u64 number)
{
#ifdef DEBUG
    static u64 told[8];
    if (number >= sizeof told * 8 || told[number / 64] >> (number % 64) & 1)
        return;
    told[number / 64] |= 1ull << (number % 64);
    log_printf("no system call %lu", (unsigned long)number);
#endif
}

/*
 * A session whose server has died is an empty slot, and invoking it fails like looking for a file that is not there.
 * ECANCELED is a call that the server's death has ended, but for execve (spawn.h).
 */
static long explain(long number, long result)
{
    u64 kind, rights;
    if (result == -E_CANCELED)
        return number == SYS_execve ? result : -E_IO;
    bool alive = !task_cap_valid(SLOT_TASK, SLOT_FS, &kind, &rights) && kind;
    return alive ? result : -E_IO;
}

static inline long call(long number, const long *p)
{
    long result = calls[number](p[0], p[1], p[2], p[3], p[4], p[5]);
    bool doubtful = result == -E_NOENT || result == -E_CANCELED;
    return doubtful ? explain(number, result) : result;
}

/* Those that signal handlers with SA_RESTART only interrupt; the others end with EINTR all the same. */
static bool restartable(long number)
{
    return number == SYS_read || number == SYS_write || number == SYS_readv || number == SYS_writev ||
           number == SYS_wait4 || number == SYS_openat || number == SYS_ioctl;
}

/*
 * The end of a call for a thread that others want: handlers run, and the call is done again if they allow it. So it is
 * if there is no signal: who interrupts may be late, when the handler has run at the end of the call before (signal.h).
 * Only sigsuspend has run handlers by itself.
 */
static __attribute__((noinline)) long attend(struct posix_thread *t, long number, long result, const long *p)
{
    for (;;) {
        u32 why = __atomic_exchange_n(&t->interrupted, 0, __ATOMIC_SEQ_CST);
        bool wanted = signal_deliverable(t);
        bool again = wanted ? restartable(number) : number != SYS_rt_sigsuspend;
        if (wanted && t->in_call == 1)
            again &= signal_run(t);
        if (result != -E_INTR || !again || (why & THREAD_CANCELED))
            return result;
        result = call(number, p);
    }
}

long posix_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    struct posix_thread *t = thread_self();
    const long p[] = {a, b, c, d, e, f};
    if ((u64)number >= CALLS || !calls[number]) {
        note_missing((u64)number);
        return -E_NOSYS;
    }
    if (__builtin_expect(t->forced, 0))
        signal_check_left(t);
    t->in_call++;
    long result = call(number, p);
    if (__builtin_expect(t->interrupted | (signals_pending != 0) | (result == -E_INTR), 0))
        result = attend(t, number, result, p);
    t->in_call--;
    return result;
}
