/*
 * Scheduling contexts and the choice of who runs. Fixed priorities; equal ones take turns. The queues hold SCs, not
 * threads: donating an SC changes whom it runs, not where it stands.
 */
#pragma once

#include "kernel/cpu.h"
#include "kernel/object.h"

struct sc {
    struct object object;
    i64 left;                  /* of the budget, in ticks, while it has no thread: see sc_left */
    u8 priority;               /* `base`, or that of somebody who waits for whom it runs */
    u8 base;                   /* priority of its own */
    bool queued;
    struct list_link link;     /* in *queue while queued */
    struct list_link *queue;   /* cpu->ready[priority] */
    u64 ready_bit;             /* of the priority, in its word of cpu->ready_map */
    struct cpu *cpu;
    struct thread *thread;     /* whom it runs now, NULL = nobody: sc_give */
    struct thread *owner;      /* whom it is bound to */
    u64 budget, period;        /* ticks; period 0: round robin with slices of `budget` */
    u64 period_start;
    u64 granted;               /* budgets in all: what is not left of it was consumed */
    bool exhausted;            /* sleeps until replenished */
    struct timeout replenish;
    struct slot handler;       /* Irq triggered at exhaustion */
    struct node handler_node;
    struct sc *next_untold;    /* whose handler is to be signalled as well: sched.c */
};

#define SLICE_US 10000

static inline struct sc *sc_of(struct object *o)
{
    return container_of(o, struct sc, object);
}

/*
 * What is left of the budget, in ticks. It stands in the thread that the SC runs, with the priority: so to switch to a
 * thread nothing has to be touched but the thread.
 */
static inline i64 *sc_left(struct sc *sc)
{
    return sc->thread ? &sc->thread->left : &sc->left;
}

/* From now on it runs t; NULL: nobody. */
static inline void sc_give(struct sc *sc, struct thread *t)
{
    i64 left = *sc_left(sc);
    sc->thread = t;
    *sc_left(sc) = left;
    if (t)
        t->priority = sc->priority;
}

struct sc *sc_create(struct factory *f, u32 priority);
void sc_destroy(struct sc *sc);

/* Ends the owner's and the present user's use of it. */
void sc_unbind(struct sc *sc);

/* The thread is READY from now on: queues its SC if it has one (front: runs before its equals). */
void sched_ready(struct thread *t, bool front);

/* The thread is no longer READY: takes its SC off the queue. */
void sched_block(struct thread *t);

/* Moves the SC of `from` to `to`, which comes to its CPU and remembers to whom to return it. */
void sched_donate(struct thread *from, struct thread *to);

/* Gives a donated SC back to its donor; that one runs again if it is READY. */
void sched_return_donation(struct thread *t);

/*
 * A thread that needs an SC (READY, passive, none that will come back) takes that of somebody who waits for it, if need
 * be through a chain of calls.
 */
void sched_find_donor(struct thread *t);

/* The SC's budget is used up: a server that runs on it goes on on that of another caller, if there is one. */
void sched_exhausted(struct sc *sc);

/* Whom t waits for; NULL: nobody, or nobody in particular. */
struct thread *sched_waits_for(const struct thread *t);

/* Somebody new waits for t: lends it priority and, at the end of the chain of calls, time. */
void sched_help(struct thread *t);

/* Who waits for t has changed: so does the priority that it runs with, and that of whom it waits for in turn. */
void sched_inherit(struct thread *t);

/* The same for an SC alone. */
void sched_settle_priority(struct sc *sc);

/* t, which lent its SC through a chain of calls, takes it back: its call has ended otherwise. */
void sched_reclaim(struct thread *t);

/* t leaves the chain of calls that it lent an SC through: that goes back past it. */
void sched_forget_donor(struct thread *t);

/* Nobody runs on the SC any longer, and nobody whom it went through gives it back. */
void sched_forget_chain(struct sc *sc);

/* The SC must not be queued. To be called, too, when its CPU has changed. */
void sched_set_priority(struct sc *sc, u32 priority);

/* Fills the budget. */
void sched_grant(struct sc *sc);

/* Ticks that the SC has run, in all. */
u64 sched_consumed(struct sc *sc);

/* Time that the CPU had nobody to run, in ticks. */
u64 sched_idle_ticks(const struct cpu *cpu);

/* A new period of the SC begins. */
void sched_replenish(struct sc *sc);

/* Charges the running SC for the time up to `now`, in ticks. */
void sched_charge(struct cpu *cpu, u64 now);

/* The running SC is taken off the CPU: sched_exit chooses anew. */
void sched_stop_charging(struct cpu *cpu);

/*
 * The kernel's way out: takes apart what died, chooses who runs next, switches address space and timer for it, and
 * gives that thread. Waits for interrupts while nobody can run. Leaves the lock.
 */
struct thread *sched_exit(struct cpu *cpu);

/* Whether sched_exit would do no more than go on with t, which runs: for assertions. */
bool sched_nothing_new(struct cpu *cpu, const struct thread *t);

/* Somebody else has set a timeout of this CPU. */
void sched_rearm(struct cpu *cpu);

/* The timer has fired, or an interrupt came: expires timeouts and budgets. */
void sched_timer(struct cpu *cpu);

void sched_init(struct cpu *cpu);
