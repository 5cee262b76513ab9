/* Where musl's system calls arrive (ports/musl/overlay): a table by number. */
#include <sys/syscall.h>

#include "lib/posix/linux.h"
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

long posix_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    if ((u64)number < CALLS && calls[number]) {
        long result = calls[number](a, b, c, d, e, f);
        bool doubtful = result == -E_NOENT || result == -E_CANCELED;
        return doubtful ? explain(number, result) : result;
    }
    note_missing((u64)number);
    return -E_NOSYS;
}
