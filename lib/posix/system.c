/* Calls about the system and the user: there is one machine and one user. */
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>

#include "lib/posix/file.h"
#include "lib/posix/linux.h"
#include "lib/tess/env.h"
#include "lib/tess/time.h"
#include "proto/mem.h"
#include "proto/proc.h"

long linux_uname(long out, long b, long c, long d, long e, long f)
{
    *(struct utsname *)out = (struct utsname){
        .sysname = "Tessera",
        .nodename = "tessera",
        .release = "0.1",
        .version = "microkernel",
        .machine = "riscv64",
    };
    return 0;
}

/* Memory as the program may use it: its allocator's quota. */
long linux_sysinfo(long out, long b, long c, long d, long e, long f)
{
    u64 quota, used, kernel_quota, kernel_used;
    err_t error = mem_info(SLOT_MEM, &quota, &used, &kernel_quota, &kernel_used);
    if (error)
        return linux_error(error);
    *(struct sysinfo *)out = (struct sysinfo){
        .uptime = time_now() / 1000000,
        .totalram = quota,
        .freeram = quota > used ? quota - used : 0,
        .mem_unit = 1,
    };
    return 0;
}

static struct rlimit limit_of(long resource)
{
    rlim_t limit = RLIM_INFINITY;
    if (resource == RLIMIT_NOFILE)
        limit = DESCRIPTORS_MAX;
    else if (resource == RLIMIT_STACK)
        limit = 8 << 20;
    else if (resource == RLIMIT_CORE)
        limit = 0;
    return (struct rlimit){limit, limit};
}

/* Limits can be asked, not changed: quotas are set by whoever starts the program. */
long linux_prlimit64(long pid, long resource, long wanted, long old, long e, long f)
{
    if (resource < 0 || resource >= RLIMIT_NLIMITS)
        return -E_INVAL;
    if (wanted)
        return -E_PERM;
    if (old)
        *(struct rlimit *)old = limit_of(resource);
    return 0;
}

long linux_getrusage(long who, long out, long c, long d, long e, long f)
{
    u64 us = 0;
    if (who == RUSAGE_SELF)
        proc_thread_stats(SLOT_PROC, &us);
    memset((void *)out, 0, sizeof(struct rusage));
    ((struct rusage *)out)->ru_utime = (struct timeval){(time_t)(us / 1000000), (suseconds_t)(us % 1000000)};
    return 0;
}

#define TICKS_PER_SECOND 100

long linux_times(long out, long b, long c, long d, long e, long f)
{
    u64 us = 0;
    proc_thread_stats(SLOT_PROC, &us);
    if (out)
        *(struct tms *)out = (struct tms){.tms_utime = (clock_t)(us * TICKS_PER_SECOND / 1000000)};
    return (long)(time_now() * TICKS_PER_SECOND / 1000000);
}

/* ---- the user ---- */

long linux_getuid(long a, long b, long c, long d, long e, long f)
{
    return 0;
}

long linux_geteuid(long a, long b, long c, long d, long e, long f)
{
    return 0;
}

long linux_getgid(long a, long b, long c, long d, long e, long f)
{
    return 0;
}

long linux_getegid(long a, long b, long c, long d, long e, long f)
{
    return 0;
}

long linux_getgroups(long count, long list, long c, long d, long e, long f)
{
    return 0;
}

long linux_setuid(long id, long b, long c, long d, long e, long f)
{
    return id ? -E_PERM : 0;
}

long linux_setgid(long id, long b, long c, long d, long e, long f)
{
    return id ? -E_PERM : 0;
}
