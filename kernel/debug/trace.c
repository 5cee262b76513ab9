/*
 * The trace: a ring of records per CPU, and one more for names. A CPU writes its own ring without any lock; while
 * tracing is on, its hook keeps messages off the fast path, so that every event is seen.
 */
#include "kernel/debug.h"
#include "kernel/task.h"
#include "lib/base/string.h"

#define RECORDS_DEFAULT 4096 /* per CPU; a power of two */
#define RECORDS_MAX     (1ull << 22)

struct trace_state trace_state;
static struct trace_record *records;

static u64 number_at(const char *p)
{
    u64 n = 0;
    for (; *p >= '0' && *p <= '9' && n < RECORDS_MAX; p++)
        n = n * 10 + (*p - '0');
    return n;
}

/* The word `trace` of the command line, behind it; NULL: it is not there. */
static const char *option(const char *line)
{
    for (const char *p = line; *p; p++)
        if (!strncmp(p, "trace", 5) && (p == line || p[-1] == ' ') && (p[5] == ' ' || p[5] == '=' || !p[5]))
            return p + 5;
    return NULL;
}

static u64 ring_bytes(u64 n)
{
    return (trace_state.rings * n * sizeof *records + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

u64 trace_init(void *start, u64 room, u64 cpus, u64 hz, const char *command_line)
{
    const char *asked = option(command_line);
    u64 wanted = asked && *asked == '=' ? number_at(asked + 1) : RECORDS_DEFAULT, n = 64;
    trace_state = (struct trace_state){.magic = TRACE_MAGIC, .hz = hz};
    trace_state.rings = (cpus < TRACE_RINGS_MAX - 1 ? cpus : TRACE_RINGS_MAX - 1) + 1;
    while (n * 2 <= wanted && ring_bytes(n * 2) <= room / 2)
        n *= 2;
    trace_state.ring_records = n;
    trace_state.records_phys = arch_virt_to_phys(start);
    records = start;
    memset(start, 0, ring_bytes(n));
    if (asked)
        trace_switch(true);
    return ring_bytes(n);
}

void trace_switch(bool on)
{
    trace_state.on = on;
    for (u32 i = 0; i < cpu_count; i++)
        cpu_set_hook(cpu_table[i], HOOK_TRACE, on);
}

void trace_write(u64 ring, enum trace_event event, u32 thread, u64 a, u64 b)
{
    if (ring >= trace_state.rings)
        return;
    u64 n = trace_state.head[ring], at = n & (trace_state.ring_records - 1);
    records[ring * trace_state.ring_records + at] = (struct trace_record){arch_time(), event, thread, a, b};
    __atomic_store_n(&trace_state.head[ring], n + 1, __ATOMIC_RELEASE);
}

static void write_apart(enum trace_event event, u32 number, u64 a, u64 b)
{
    if (trace_state.rings)
        trace_write(trace_state.rings - 1, event, number, a, b);
}

void debug_member(const struct thread *t)
{
    write_apart(TRACE_MEMBER, debug_number(&t->object), debug_number(&t->task->object), 0);
}

void debug_name(struct task *t, u64 first, u64 second)
{
    memcpy(t->name, &first, sizeof first);
    memcpy(t->name + sizeof first, &second, sizeof second);
    write_apart(TRACE_NAME, debug_number(&t->object), first, second);
}
