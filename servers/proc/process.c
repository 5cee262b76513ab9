/* The table of processes and their life: see process.h. */
#include "servers/proc/process.h"

#include "lib/base/string.h"
#include "lib/tess/tess.h"
#include "proto/mem.h"
#include "proto/proc.h"
#include "servers/proc/signal.h"
#include "servers/proc/wait.h"

#define PID_MAX 32767

static struct process table[PROCESSES_MAX];
static u32 used; /* rows from here on were never used */
static u32 last_pid = 1;

struct process *const process_init = &table[0];

void process_table_init(void)
{
    *process_init = (struct process){.state = PROCESS_RUNNING, .pid = 1, .group = 1, .sid = 1, .name = "init"};
    process_init->parent = process_init;
    used = 1;
}

/* ---- the table ---- */

struct process *process_next(const struct process *p)
{
    for (u32 i = p ? (u32)(p - table) + 1 : 0; i < used; i++)
        if (table[i].state != PROCESS_FREE)
            return &table[i];
    return NULL;
}

static struct process *find_any(u32 pid)
{
    for (struct process *p = process_next(NULL); p; p = process_next(p))
        if (p->pid == pid)
            return p;
    return NULL;
}

struct process *process_find(u32 pid)
{
    struct process *p = find_any(pid);
    return p && p->state != PROCESS_PREPARING ? p : NULL;
}

struct process *process_prepared(const struct process *parent, u32 id)
{
    struct process *p = id < used ? &table[id] : NULL;
    return p && p->state == PROCESS_PREPARING && p->parent == parent ? p : NULL;
}

static u32 new_pid(void)
{
    do
        last_pid = last_pid < PID_MAX ? last_pid + 1 : 2;
    while (find_any(last_pid));
    return last_pid;
}

struct process *process_create(struct process *parent)
{
    u32 i = 1;
    while (i < used && table[i].state != PROCESS_FREE)
        i++;
    if (i == PROCESSES_MAX)
        return NULL;
    if (i == used)
        used++;
    u32 pid = new_pid();
    table[i] = (struct process){.state = PROCESS_PREPARING,
                                .pid = pid,
                                .group = parent->group,
                                .sid = parent->sid,
                                .parent = parent,
                                .ignored = parent->ignored};
    return &table[i];
}

void process_forget(struct process *p)
{
    *p = (struct process){0};
}

u32 process_choose_cpu(u64 cpus)
{
    u32 running[64] = {0}, best = (u32)__builtin_ctzll(cpus);
    for (struct process *p = process_next(NULL); p; p = process_next(p))
        running[p->cpu] += p->state == PROCESS_RUNNING && p != process_init;
    for (; cpus; cpus &= cpus - 1) {
        u32 cpu = (u32)__builtin_ctzll(cpus);
        if (running[cpu] < running[best])
            best = cpu;
    }
    return best;
}

/* ---- ends ---- */

static void drop_task(struct process *p)
{
    proc_task_destroy(&p->task);
    if (p->session)
        session_destroy(&p->session->session);
    p->session = NULL;
    slot_drop(p->start);
    slot_drop(p->next_start);
    p->start = p->next_start = 0;
}

void process_cancel(struct process *p)
{
    drop_task(p);
    process_forget(p);
}

void process_replace(struct process *p, struct process *prepared)
{
    drop_task(p);
    signal_forget(p);
    p->task = prepared->task;
    p->session = prepared->session;
    p->start = prepared->start;
    p->session->process = p;
    memcpy(p->name, prepared->name, sizeof p->name);
    process_forget(prepared);
}

u64 process_cpu_time(const struct process *p)
{
    u64 us;
    return !p->task.nursery || sc_consumed(proc_task_slot(&p->task, SLOT_SC), &us) ? 0 : us;
}

static u64 memory_used(const struct process *p)
{
    u64 quota, memory, kernel_quota, kernel;
    return mem_info(proc_task_slot(&p->task, SLOT_MEM), &quota, &memory, &kernel_quota, &kernel) ? 0 : memory;
}

/* Children go to init; those that are still being prepared come to nothing. */
static void leave_children(struct process *p)
{
    for (struct process *c = process_next(NULL); c; c = process_next(c)) {
        if (c->parent != p || c == p)
            continue;
        if (c->state == PROCESS_PREPARING) {
            process_cancel(c);
            continue;
        }
        c->parent = process_init;
        if (c->state == PROCESS_ZOMBIE)
            wait_tell(c);
    }
}

void process_end(struct process *p, u32 status)
{
    p->cpu_us = process_cpu_time(p);
    p->memory_kib = memory_used(p) >> 10;
    wait_forget(p);
    signal_forget(p);
    leave_children(p);
    drop_task(p);
    p->state = PROCESS_ZOMBIE;
    p->status = status;
    signal_tell(p->parent, SIGNAL_CHILD);
    if (p->parent->ignored >> SIGNAL_CHILD & 1)
        process_forget(p);
    else
        wait_tell(p);
}
