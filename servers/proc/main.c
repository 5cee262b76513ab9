/*
 * proc: processes, for POSIX programs. A process' session is its identity, so nobody can speak for another. The service
 * gate itself is init's and the terminals': it speaks for pid 1.
 */
#include "lib/base/string.h"
#include "lib/tess/tess.h"
#include "proto/hw.h"
#include "proto/init.h"
#include "proto/mem.h"
#include "proto/mount.h"
#include "proto/proc.h"
#include "servers/proc/process.h"
#include "servers/proc/report.h"
#include "servers/proc/signal.h"
#include "servers/proc/wait.h"

#define WINDOWS 2
#define REPLIES 256 /* waits, and processes with signal handlers */

static struct process *process_of(void *self)
{
    return ((struct proc_session *)self)->process;
}

/* ---- spawn ---- */

static bool dispatch(struct session *session, struct msg *m);

const struct session_type process_session_type = {
    .name = "process", .size = sizeof(struct proc_session), .dispatch = dispatch};

static u32 spawn_id(const struct process *p)
{
    return (u32)(p - process_init);
}

static void set_attributes(struct process *p, u32 flags, u32 group, const char *name, size_t length)
{
    p->flags = flags;
    if (flags & PROC_SPAWN_SETPGROUP)
        p->group = group ? group : p->pid;
    if (flags & PROC_SPAWN_SETSIGDEF)
        p->ignored = 0;
    memcpy(p->name, name, length < NAME_MAX ? length : NAME_MAX);
}

static err_t make(struct process *p, cap_t executable, cap_t start, u64 start_size)
{
    p->session = (struct proc_session *)session_create(&process_session_type);
    if (!p->session)
        return E_NOMEM;
    p->session->process = p;
    u32 pid = p->flags & PROC_SPAWN_EXEC ? p->parent->pid : p->pid;
    return proc_task_make(&p->task, p->name, pid, session_item(&p->session->session), executable, start, start_size);
}

static err_t start_memory(void *self, u64 size, struct map_item *dataspace)
{
    struct process *p = process_of(self);
    slot_drop(p->next_start);
    p->next_start = slot_alloc();
    err_t error = !p->next_start ? E_NOMEM : size > START_MAX ? E_2BIG : mem_alloc(SLOT_MEM, size, 0, p->next_start);
    if (error) {
        slot_free(p->next_start);
        p->next_start = 0;
        return error;
    }
    *dataspace = wire_cap(p->next_start);
    return E_OK;
}

static err_t spawn_begin(void *self, cap_t executable, cap_t start, u64 start_size, u32 flags, u32 group,
                         const char *name, size_t name_length, u32 *spawn)
{
    if (group > INT32_MAX)
        return E_INVAL;
    struct process *parent = process_of(self), *p = process_create(parent);
    if (!p)
        return E_AGAIN;
    p->start = parent->next_start;
    parent->next_start = 0;
    set_attributes(p, flags, group, name, name_length);
    err_t error = make(p, executable, start, start_size);
    if (error)
        process_cancel(p);
    else
        *spawn = spawn_id(p);
    return error;
}

static err_t spawn_give(void *self, u32 spawn, u32 slot, cap_t capability)
{
    struct process *p = process_prepared(process_of(self), spawn);
    return p ? proc_task_give(&p->task, slot, capability) : E_INVAL;
}

static err_t spawn_go(void *self, u32 spawn, u32 *pid)
{
    struct process *p = process_prepared(process_of(self), spawn);
    if (!p || p->flags & PROC_SPAWN_EXEC)
        return E_INVAL;
    p->cpu = process_choose_cpu(thread_cpus());
    err_t error = proc_task_run(&p->task, p->cpu);
    if (error)
        return error;
    p->state = PROCESS_RUNNING;
    *pid = p->pid;
    return E_OK;
}

static err_t spawn_cancel(void *self, u32 spawn)
{
    struct process *p = process_prepared(process_of(self), spawn);
    if (!p)
        return E_INVAL;
    process_cancel(p);
    return E_OK;
}

static err_t exec_go(void *self, u32 spawn)
{
    struct process *caller = process_of(self), *p = process_prepared(caller, spawn);
    if (!p || caller == process_init || !(p->flags & PROC_SPAWN_EXEC))
        return E_INVAL;
    wait_forget(caller);
    process_replace(caller, p);
    proc_task_run(&caller->task, caller->cpu);
    return WIRE_LATER; /* whom we would answer is gone */
}

/* ---- ends ---- */

static err_t end(void *self, u32 status)
{
    struct process *p = process_of(self);
    if (p == process_init)
        return E_PERM;
    if (p->state == PROCESS_RUNNING)
        process_end(p, status & 0xffff);
    return WIRE_LATER;
}

static err_t fault(void *self, u32 signal, u64 address, u64 pc)
{
    struct process *p = process_of(self);
    if (p != process_init && p->state == PROCESS_RUNNING)
        log_printf("%s (%u) died of signal %u at %lx, address %lx", p->name, p->pid, signal, pc, address);
    return end(self, signal & 0x7f);
}

static err_t wait(void *self, i32 pid, u32 options, u32 *found, u32 *status, u64 *time, u64 *memory)
{
    err_t error = wait_take(process_of(self), pid);
    if (error != E_AGAIN)
        return error;
    if (!(options & PROC_WNOHANG))
        return wait_keep(process_of(self), pid);
    *found = 0;
    return E_OK;
}

/* ---- signals ---- */

/* A process that kills itself is not answered. */
static err_t answer_if_alive(const struct process *p, err_t error)
{
    return p->state == PROCESS_RUNNING ? error : WIRE_LATER;
}

/* Native programs can be ended, by any signal that ends; nothing else reaches them. */
static err_t signal_program(u32 row, u32 signal)
{
    if (!row || !env_cap("init"))
        return E_SRCH;
    return signal_ends(signal) ? init_end(env_cap("init"), row) : E_OK;
}

static err_t send_signal(void *self, i32 pid, u32 signal)
{
    struct process *p = process_of(self);
    if (pid >= REPORT_PROGRAM_PID)
        return signal_program((u32)pid - REPORT_PROGRAM_PID, signal);
    return answer_if_alive(p, signal_send(p, pid, signal));
}

static err_t send_group(void *self, u32 group, u32 signal)
{
    struct process *p = process_of(self);
    return p == process_init ? signal_send_group(group, signal) : E_PERM;
}

static err_t set_action(void *self, u32 signal, u32 disposition)
{
    return signal_set_disposition(process_of(self), signal, disposition);
}

static err_t next_signals(void *self, u64 *signals)
{
    struct process *p = process_of(self);
    return p == process_init ? E_PERM : signal_take(p, signals);
}

/* ---- ids ---- */

/* The process that `pid` names: 0 = the caller. */
static struct process *named(void *self, u32 pid)
{
    return pid ? process_find(pid) : process_of(self);
}

static err_t ids(void *self, u32 pid, u32 *own, u32 *parent, u32 *group, u32 *session)
{
    struct process *p = named(self, pid);
    if (!p)
        return E_SRCH;
    *own = p->pid;
    *parent = p->parent->pid;
    *group = p->group;
    *session = p->sid;
    return E_OK;
}

static err_t set_group(void *self, u32 pid, u32 group)
{
    struct process *p = named(self, pid), *caller = process_of(self);
    if (!p || (p != caller && p->parent != caller))
        return E_SRCH;
    if (p == process_init || group > INT32_MAX)
        return E_PERM;
    p->group = group ? group : p->pid;
    return E_OK;
}

static err_t set_session(void *self, u32 *session)
{
    struct process *p = process_of(self);
    if (p == process_init || p->group == p->pid)
        return E_PERM;
    *session = p->sid = p->group = p->pid;
    return E_OK;
}

/* ---- the rest ---- */

static err_t list_tasks(void *self, u64 offset, char *text, size_t *length)
{
    *length = report_tasks(offset, text, PROC_TASKS_TEXT_MAX);
    return E_OK;
}

static err_t list_memory(void *self, u64 offset, char *text, size_t *length)
{
    *length = report_memory(offset, text, PROC_MEMORY_TEXT_MAX);
    return E_OK;
}

/* What the file system cannot write any more is the next start's to repair. */
static err_t power_off(void *self, u32 status)
{
    if (env_cap("mount"))
        mount_unmount(env_cap("mount"));
    return hw_power_off(env_cap("power"), status);
}

static err_t cpu_time(void *self, u64 *us)
{
    *us = process_cpu_time(process_of(self));
    return E_OK;
}

static const struct proc_handlers handlers = {.spawn_begin = spawn_begin,
                                              .spawn_give = spawn_give,
                                              .spawn_go = spawn_go,
                                              .spawn_cancel = spawn_cancel,
                                              .exec_go = exec_go,
                                              .exit = end,
                                              .wait = wait,
                                              .kill = send_signal,
                                              .ids = ids,
                                              .set_group = set_group,
                                              .set_session = set_session,
                                              .signal_group = send_group,
                                              .sigaction = set_action,
                                              .tasks = list_tasks,
                                              .memory = list_memory,
                                              .power_off = power_off,
                                              .fault = fault,
                                              .next_signals = next_signals,
                                              .thread_stats = cpu_time,
                                              .start_memory = start_memory};

static bool dispatch(struct session *session, struct msg *m)
{
    if (m->w[0] != FAULT_EXCEPTION) /* which would be of the region manager itself */
        return proc_dispatch(&handlers, session, m);
    fault(session, 11, m->w[EXC_WORD_TVAL], m->w[EXC_WORD_PC]);
    return false;
}

int main(void)
{
    static struct proc_session service = {.session.type = &process_session_type};
    process_table_init();
    service.process = process_init;
    err_t error = serve_init(WINDOWS, REPLIES);
    if (!error)
        error = proc_task_init();
    if (!error)
        error = serve_service(&service.session, "proc");
    if (error)
        log_panic("starting: error %d", error);
    serve_run();
}
