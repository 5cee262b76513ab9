/*
 * Processes: what proc knows of each, and its life.
 *
 *   spawn_begin --> PREPARING --spawn_go--> RUNNING --exit, signal--> ZOMBIE --wait--> gone
 *                       |  \--exec_go: takes the place of its parent's task
 *                       \--spawn_cancel, end of the parent--> gone
 */
#pragma once

#include "lib/base/list.h"
#include "lib/tess/server.h"
#include "servers/proc/task.h"

#define PROCESSES_MAX 256
#define NAME_MAX      32
#define SIGNALS       65

enum process_state { PROCESS_FREE, PROCESS_PREPARING, PROCESS_RUNNING, PROCESS_ZOMBIE };

struct process {
    enum process_state state;
    u32 pid, group, sid;
    u32 cpu; /* RUNNING: where its first thread is */
    struct process *parent;
    struct proc_task task;        /* PREPARING, RUNNING */
    struct proc_session *session; /* likewise: the process' own */
    u32 status;                   /* ZOMBIE: wait status */
    cap_t start;                  /* PREPARING, RUNNING: memory of its start block; 0 = not ours */
    cap_t next_start;             /* RUNNING: the same for the child to come */
    u64 cpu_us, memory_kib;       /* ZOMBIE: what it used */
    u64 ignored, handled;         /* bit s: signal s is ignored, or the process is told of it */
    u64 pending;                  /* RUNNING: handled signals that it was not told of yet */
    cap_t signal_waiter;          /* RUNNING: reply of its next_signals, 0 = none */
    u32 flags;                    /* PREPARING: PROC_SPAWN_* */
    char name[NAME_MAX + 1];
};

/* A process' connection with proc: its identity. */
struct proc_session {
    struct session session;
    struct process *process;
};

/* pid 1 stands for init and the servers: parent of those who have lost theirs. It has no task and never ends. */
extern struct process *const process_init;

extern const struct session_type process_session_type;

void process_table_init(void);

/* A new process of `parent` in state PREPARING, without task; NULL if there are too many. */
struct process *process_create(struct process *parent);

/* The process with this pid, running or zombie; NULL if there is none. */
struct process *process_find(u32 pid);

/* The process after p (NULL: the first) in the table, in whatever state but FREE; NULL behind the last. */
struct process *process_next(const struct process *p);

/* The process number `id` that `parent` is preparing; NULL if it is none. */
struct process *process_prepared(const struct process *parent, u32 id);

/* Ends a process that is being prepared. */
void process_cancel(struct process *p);

/* The task and session of `prepared` become those of p, whose own end. */
void process_replace(struct process *p, struct process *prepared);

/* Ends a running process: its task goes, it becomes a zombie until it is waited for. `status` as in waitpid. */
void process_end(struct process *p, u32 status);

/* Of the CPUs in the mask, the first of those with the fewest running processes. */
u32 process_choose_cpu(u64 cpus);

/* Forgets a zombie. */
void process_forget(struct process *p);

/* Microseconds of CPU time of the process' first thread. */
u64 process_cpu_time(const struct process *p);
