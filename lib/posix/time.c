/* Time: read from the time counter, without a system call; sleeping is a receive from nobody. */
#include "lib/tess/time.h"

#include <sys/time.h>
#include <time.h>

#include "lib/posix/linux.h"
#include "lib/posix/thread.h"
#include "lib/tess/env.h"
#include "proto/proc.h"

#define US 1000000ull

/* Microseconds since 1970 when the machine was started: 0 if it has no clock. */
static u64 epoch(void)
{
    return env_start->epoch_us;
}

static struct timespec to_timespec(u64 us)
{
    return (struct timespec){.tv_sec = (time_t)(us / US), .tv_nsec = (long)(us % US) * 1000};
}

static u64 cpu_time(clockid_t clock)
{
    u64 us = 0, state, priority;
    if (clock == CLOCK_THREAD_CPUTIME_ID)
        thread_stats(thread_self()->caps.thread, &us, &state, &priority);
    else
        proc_thread_stats(SLOT_PROC, &us);
    return us;
}

static bool read_clock(long clock, u64 *us)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        *us = epoch() + time_now();
        return true;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        *us = time_now();
        return true;
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:
        *us = cpu_time((clockid_t)clock);
        return true;
    default:
        return false;
    }
}

long linux_clock_gettime(long clock, long out, long c, long d, long e, long f)
{
    u64 us;
    if (!read_clock(clock, &us))
        return -E_INVAL;
    *(struct timespec *)out = to_timespec(us);
    return 0;
}

long linux_clock_getres(long clock, long out, long c, long d, long e, long f)
{
    u64 us;
    if (!read_clock(clock, &us))
        return -E_INVAL;
    if (out)
        *(struct timespec *)out = to_timespec(1);
    return 0;
}

long linux_gettimeofday(long out, long zone, long c, long d, long e, long f)
{
    u64 us = epoch() + time_now();
    if (out)
        *(struct timeval *)out = (struct timeval){.tv_sec = (time_t)(us / US), .tv_usec = (suseconds_t)(us % US)};
    return 0;
}

/* E_OK or E_INTR. */
static err_t sleep_until(usec_t deadline)
{
    struct posix_thread *t = thread_self();
    bool go_on = true;
    while (go_on && time_now() < deadline) {
        go_on = thread_wait_begin(t);
        if (go_on)
            sys_sleep(time_until(deadline));
        thread_wait_end(t);
    }
    return go_on ? E_OK : E_INTR;
}

static bool is_interval(const struct timespec *t)
{
    return t->tv_sec >= 0 && t->tv_nsec >= 0 && t->tv_nsec < 1000000000;
}

static u64 to_us(const struct timespec *t)
{
    return (u64)t->tv_sec * US + ((u64)t->tv_nsec + 999) / 1000;
}

long linux_nanosleep(long request, long left, long c, long d, long e, long f)
{
    return linux_clock_nanosleep(CLOCK_MONOTONIC, 0, request, left, 0, 0);
}

long linux_clock_nanosleep(long clock, long flags, long request, long left, long e, long f)
{
    const struct timespec *t = (const struct timespec *)request;
    if (!is_interval(t) || (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC))
        return -E_INVAL;
    u64 us = to_us(t);
    bool relative = !(flags & TIMER_ABSTIME);
    if (relative)
        us += time_now();
    else if (clock == CLOCK_REALTIME)
        us = us > epoch() ? us - epoch() : 0;
    err_t error = sleep_until(us);
    if (error && relative && left) {
        u64 now = time_now();
        *(struct timespec *)left = to_timespec(us > now ? us - now : 0);
    }
    return linux_error(error);
}
