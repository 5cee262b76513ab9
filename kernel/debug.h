/*
 * What debug builds can tell: the trace of events (kernel/debug/trace.c), dumps (dump.c, dump_task.c), names in panics.
 * In release builds all of it is nothing. docs/debugging.md shows how to use it.
 *
 * Threads and other objects go by numbers, which are the same here, in the trace and in gdb: the place of their
 * `struct object` in the kernel's pool, in units of 16 bytes. What boot made outside the pool has number 0.
 */
#pragma once

#include "kernel/cpu.h"

#ifdef DEBUG

#include "abi/trace.h"
#include "kernel/pool.h"

struct task;

#define HOOK_TRACE 1 /* in cpu->hook */

static inline u32 debug_number(const struct object *o)
{
    u64 offset = (const u8 *)o - pool_start;
    return offset < 1ull << 36 ? offset / 16 : 0;
}

/* Writes a record into the ring of the CPU if tracing is on. `t`: struct thread or NULL. */
#define trace(event, t, a, b)                                                                                          \
    do {                                                                                                               \
        struct cpu *cpu_ = cpu_self();                                                                                 \
        const struct thread *t_ = (t);                                                                                 \
        if (cpu_->hook & HOOK_TRACE)                                                                                   \
            trace_write(cpu_->id, TRACE_##event, t_ ? debug_number(&t_->object) : 0, (u64)(a), (u64)(b));              \
    } while (0)

#define debug_tracing(cpu) ((cpu)->hook & HOOK_TRACE)

void trace_write(u64 ring, enum trace_event event, u32 thread, u64 a, u64 b);

/*
 * Sets the trace up in the `room` bytes at `start`, page aligned; returns how many of them it takes. `trace` or
 * `trace=RECORDS` on the command line says how many records each CPU has, and switches it on.
 */
u64 trace_init(void *start, u64 room, u64 cpus, u64 hz, const char *command_line);
void trace_switch(bool on);

/* The thread is in its task now. */
void debug_member(const struct thread *t);

/* A task's name, 16 letters in two words. */
void debug_name(struct task *t, u64 first, u64 second);

/* The thread stops running, or begins to wait for something else: dumps say since when. */
#define debug_blocked(t) ((t)->since = arch_time())

/* Operation `number` of the object ended so: an error that its row in abi/op.def does not list is a bug of ours. */
void debug_check_error(const struct object *o, u64 number, err_t error);

/* Prints what the key stands for (debug_keys in dump.c has the list) to the console. */
void debug_dump(char key);

/* --- what an architecture's debug folder supplies --- */

/* Prints who called whom, from here or from the frame. */
void debug_backtrace(const void *frame);

/* A bug on purpose: the kernel reads where nothing is. */
void debug_trap(void);

#else

#define trace(event, t, a, b)     ((void)0)
#define debug_tracing(cpu)        false
#define trace_init(start, ...)    ((void)(start), 0)
#define debug_member(t)           ((void)0)
#define debug_blocked(t)          ((void)0)
#define debug_check_error(o, n, e) ((void)0)
#define debug_backtrace(frame)    ((void)0)

#endif
