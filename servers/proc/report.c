/* Lists of processes and of memory: see report.h. */
#include "servers/proc/report.h"

#include "lib/base/format.h"
#include "lib/base/string.h"
#include "lib/tess/env.h"
#include "proto/init.h"
#include "proto/mem.h"
#include "servers/proc/process.h"

#define REPORT_MAX (24 * 1024)

struct report {
    size_t length;
    char text[REPORT_MAX];
};

static struct report task_list, memory_list;

static void add(struct report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A list that is too long ends with the last line that fits. */
static void add(struct report *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t room = sizeof r->text - r->length;
    size_t length = format_buffer_args(r->text + r->length, room, format, args);
    va_end(args);
    if (length < room)
        r->length += length;
}

static size_t copy_piece(const struct report *r, u64 offset, char *text, size_t room)
{
    if (offset >= r->length)
        return 0;
    size_t n = r->length - offset < room ? r->length - offset : room;
    memcpy(text, r->text + offset, n);
    return n;
}

/* Row of init's list; false behind the last. */
static bool get_program(u32 row, char name[], struct init_program_result *result)
{
    size_t length = INIT_PROGRAM_NAME_MAX;
    cap_t init = env_cap("init");
    if (!init || init_program(init, row, result, name, &length))
        return false;
    name[length] = 0;
    return true;
}

/* ---- tasks ---- */

static const char *state_name(const struct process *p)
{
    static const char *const names[] = {"-", "new", "run", "zombie"};
    return names[p->state];
}

static void add_task(struct report *r, u32 pid, u32 parent, u32 group, const char *state, u64 threads, u64 cpu_us,
                     u64 memory, u64 kernel, const char *name)
{
    add(r, "%5u %5u %5u %-6s %7lu %7lu.%03lu %9lu %9lu %s\n", pid, parent, group, state, threads, cpu_us / 1000000,
        cpu_us / 1000 % 1000, memory >> 10, kernel >> 10, name);
}

/* A native program's row; false behind the last. */
static bool add_program(struct report *r, u32 row)
{
    char name[INIT_PROGRAM_NAME_MAX + 1];
    struct init_program_result p;
    bool found = get_program(row, name, &p);
    if (found)
        add_task(r, REPORT_PROGRAM_PID + row, 1, 1, p.running ? "run" : "ended", p.threads, p.cpu_us, p.memory,
                 p.kernel, name);
    return found;
}

static void add_process(struct report *r, const struct process *p)
{
    struct task_info info = {0};
    u64 quota, used = 0, kernel_quota, kernel = 0;
    if (p->task.nursery) {
        task_get_info(proc_task_slot(&p->task, SLOT_TASK), &info);
        mem_info(proc_task_slot(&p->task, SLOT_MEM), &quota, &used, &kernel_quota, &kernel);
    }
    u64 cpu = p->task.nursery ? process_cpu_time(p) : p->cpu_us;
    add_task(r, p->pid, p->parent->pid, p->group, state_name(p), info.threads, cpu, used, kernel, p->name);
}

size_t report_tasks(u64 offset, char *text, size_t room)
{
    if (offset == 0) {
        task_list.length = 0;
        add(&task_list, "  PID  PPID  PGRP STATE  THREADS         CPU MEMORY-KB KERNEL-KB NAME\n");
        for (struct process *p = process_next(NULL); p; p = process_next(p))
            add_process(&task_list, p);
        for (u32 row = 1; add_program(&task_list, row); row++)
            ;
    }
    return copy_piece(&task_list, offset, text, room);
}

/* ---- memory ---- */

static void add_allocator(struct report *r, const char *name, u64 quota, u64 used, u64 kernel_quota, u64 kernel)
{
    add(r, "%-16s %10lu %10lu %10lu %10lu\n", name, used >> 10, quota >> 10, kernel >> 10, kernel_quota >> 10);
}

static void add_programs(struct report *r)
{
    char name[INIT_PROGRAM_NAME_MAX + 1];
    struct init_program_result p;
    for (u32 row = 0; get_program(row, name, &p); row++)
        add_allocator(r, name, p.memory_limit, p.memory, p.kernel_limit, p.kernel);
}

static void add_processes(struct report *r)
{
    u64 quota, used, kernel_quota, kernel;
    for (u64 i = 0;; i++) {
        char name[MEM_CHILD_NAME_MAX + 1];
        size_t length = MEM_CHILD_NAME_MAX;
        if (mem_child(SLOT_MEM, i, name, &length, &quota, &used, &kernel_quota, &kernel))
            break;
        name[length] = 0;
        add_allocator(r, name, quota, used, kernel_quota, kernel);
    }
}

size_t report_memory(u64 offset, char *text, size_t room)
{
    if (offset == 0) {
        memory_list.length = 0;
        add(&memory_list, "%-16s %10s %10s %10s %10s\n", "NAME", "USED-KB", "LIMIT-KB", "KERNEL-KB", "KLIMIT-KB");
        add_programs(&memory_list);
        add_processes(&memory_list);
    }
    return copy_piece(&memory_list, offset, text, room);
}
