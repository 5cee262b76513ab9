/*
 * What each CPU has of its own, and how CPUs keep out of each other's way. docs/smp.md has the whole story:
 *
 *   - A CPU in user mode or on the fast path owns the run state of its threads (`home`), without any lock.
 *   - Everything else in the kernel happens under one lock.
 *   - A CPU that waits for the lock or is idle *rests*: it touches nothing before it has the lock, so the holder may
 *     change all that is the CPU's, its threads included. remote_hold makes a CPU rest.
 */
#pragma once

#include "kernel/clock.h"
#include "kernel/cold.h"
#include "kernel/thread.h"

#define PRIORITIES 256
#define CPUS_MAX   64

/* What a CPU is at, for others; it becomes CPU_ACTIVE again only with the lock. */
enum cpu_rest {
    CPU_ACTIVE, /* in user mode, on the fast path, or holds the lock */
    CPU_WAITS,  /* for the lock: rests */
    CPU_IDLE,   /* rests until an interrupt comes */
    CPU_OFF,    /* was not started */
};

/* What others ask of a CPU; it complies as soon as it has the lock. */
enum cpu_request {
    REQUEST_KICK = 1,  /* come into the kernel, there is news; set as long as an interrupt is on its way */
    REQUEST_LOOK = 2,  /* threads in `look` have new senders */
    REQUEST_TIMER = 4, /* somebody set a timeout of yours */
    REQUEST_TLB = 8,   /* forget the translations in `flush` */
    REQUEST_CODE = 16, /* code has changed */
};

#define FLUSHES_MAX 8
#define FLUSH_ALL   (~0ull) /* as address: the whole address space */

/*
 * The kernel's stack lies directly below this struct: one pointer serves both. The first line is the CPU's own: others
 * touch it only while the CPU rests, save ready_top, which is written under the lock. All the rest is under the lock.
 */
struct cpu {
    struct thread *current;   /* whom the kernel works for and goes back to; set on the way in; NULL: nobody */
    struct sc *sc;            /* whose time is running */
    u64 sc_end;               /* when its budget ends, in ticks; idle: charged up to here */
    u64 timer_armed;          /* when the timer will fire */
    i64 ready_top;            /* highest priority in the queues, -1 = none */
    u32 open_here;            /* thread.state_home of threads of this CPU that wait for anybody; see cpu_set_hook */
    u32 calling_here;         /* the same of those that wait for an answer */
    u64 hook;                 /* not 0: something is special about every switch (tracing, say); no fast path */

    u32 rest;                 /* enum cpu_rest; atomic */
    u32 requests;             /* enum cpu_request */
    u64 id;                   /* index in cpu_table; the hart id is the architecture's business */
    u64 bit;                  /* 1 << id */
    struct thread *fpu_owner; /* whose registers are in the FPU */
    struct sc *handoff;       /* ready, above all queued; inside the kernel only */
    bool news;                /* what concerns who runs has happened in this visit to the kernel: sched_exit looks */
    bool shared;              /* there are other CPUs: the kernel has a lock; constant after boot */
    bool reschedule;          /* the running thread's slice is over */
    u64 ready_map[PRIORITIES / 64];
    struct list_link ready[PRIORITIES];
    struct tree timeouts;
    u64 idle_ticks;

    struct list_link look;    /* threads of this CPU for REQUEST_LOOK: thread.look */
    u32 flushes;              /* more than FLUSHES_MAX: everything */
    struct {
        u64 asid;
        vaddr_t address;
    } flush[FLUSHES_MAX];
};

/* Sets or clears bits of cpu->hook. With any of them set, the fast path finds no partner that waits here. */
static inline void cpu_set_hook(struct cpu *cpu, u64 bits, bool on)
{
    cpu->hook = on ? cpu->hook | bits : cpu->hook & ~bits;
    __atomic_store_n(&cpu->open_here, cpu->hook ? ~0u : STATE_AT(THREAD_WAIT_OPEN, cpu->id), __ATOMIC_RELAXED);
    __atomic_store_n(&cpu->calling_here, cpu->hook ? ~0u : STATE_AT(THREAD_CALLING, cpu->id), __ATOMIC_RELAXED);
}

/* All CPUs, the one that booted first; constant after boot. */
extern struct cpu *cpu_table[CPUS_MAX];
extern u32 cpu_count;

/* The CPU that executes this: the only place that knows. */
static inline struct cpu *cpu_self(void)
{
    return arch_cpu_self();
}

/* Enters a CPU into the table; it is off. */
void cpu_add(struct cpu *cpu);

static inline bool cpu_rests(const struct cpu *cpu)
{
    return __atomic_load_n(&cpu->rest, __ATOMIC_ACQUIRE) != CPU_ACTIVE;
}

/* Whether there is a CPU with this index, and it was started. */
static inline bool cpu_online(u64 index)
{
    return index < cpu_count && cpu_table[index]->rest != CPU_OFF;
}

/* --- the lock: tickets, so whoever comes first is served first; a CPU that is the only one needs none --- */

struct kernel_lock {
    u64 next __attribute__((aligned(64))); /* ticket of who comes next */
    u64 turn __attribute__((aligned(64))); /* ticket of who holds the lock */
};
extern struct kernel_lock kernel_lock;

static inline u64 kernel_ticket(void)
{
    return __atomic_fetch_add(&kernel_lock.next, 1, __ATOMIC_RELAXED);
}

static inline bool kernel_turn(u64 ticket)
{
    return __atomic_load_n(&kernel_lock.turn, __ATOMIC_ACQUIRE) == ticket;
}

/* The CPU rests until it is its turn. cpu->current may have become NULL then: somebody changed that thread. */
void kernel_wait(struct cpu *cpu, u64 ticket);

/* Does what others asked for: behind each taking of the lock. */
void remote_serve(struct cpu *cpu);

static inline void kernel_enter(struct cpu *cpu)
{
    if (!cpu->shared)
        return;
    u64 ticket = kernel_ticket();
    if (!kernel_turn(ticket))
        kernel_wait(cpu, ticket);
    if (cpu->requests)
        remote_serve(cpu);
}

static ALWAYS_INLINE void kernel_leave(struct cpu *cpu)
{
    if (!cpu->shared)
        return;
    __atomic_thread_fence(__ATOMIC_RELEASE); /* and a plain store: of a releasing one the compiler makes an exchange */
    *(volatile u64 *)&kernel_lock.turn = kernel_lock.turn + 1;
}

/* Enters if the lock is free and nobody asked for anything: else false, and the CPU is where it was. */
static ALWAYS_INLINE bool kernel_try(struct cpu *cpu)
{
    if (!cpu->shared)
        return true;
    u64 turn = __atomic_load_n(&kernel_lock.turn, __ATOMIC_RELAXED);
    if (!__atomic_compare_exchange_n(&kernel_lock.next, &turn, turn + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return false;
    if (!cpu->requests)
        return true;
    kernel_leave(cpu);
    return false;
}

/* Others wait for the lock: long operations stop. */
static inline bool kernel_wanted(void)
{
    return cpu_self()->shared && __atomic_load_n(&kernel_lock.next, __ATOMIC_RELAXED) != kernel_lock.turn + 1;
}

/* An interrupt or another CPU waits for the kernel: a long operation makes room, and goes on when executed again. */
static inline bool kernel_preempted(void)
{
    return arch_irq_pending() || kernel_wanted();
}
