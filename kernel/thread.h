/*
 * Threads: what runs. The first two cache lines hold all that the fast path touches.
 */
#pragma once

#include "kernel/arch.h"
#include "abi/vcpu.h"
#include "kernel/cold.h"
#include "kernel/map.h"
#include "kernel/timeout.h"

struct cpu;
struct irq;
struct sc;
struct semaphore;
struct task;

enum thread_state {
    THREAD_READY,     /* runs or would, given the CPU (and an SC) */
    THREAD_STOPPED,   /* does not run until ex_regs */
    THREAD_WAIT_OPEN, /* waits for anybody, for ever, implicit reply slot: the fast path's partner */
    THREAD_WAIT,      /* waits: with time limit, with a reply slot, or for one partner only */
    THREAD_CALLING,   /* waits for ever for the answer to a message: the fast path's partner */
    THREAD_CALLING_X, /* waits for an answer: with time limit, or to a fault */
    THREAD_SENDING,   /* queued as a sender */
    THREAD_DOWN,      /* queued at a semaphore */
};

/* What an answer to a calling thread means. */
enum call_kind {
    CALL_MESSAGE,
    CALL_PAGE_FAULT,
    CALL_EXCEPTION,
};

/* What stands in queues: threads at gates and semaphores, gates and Irqs at threads. */
struct sender {
    struct tree_node link;
    struct tree *queue; /* the queue it stands in, NULL = none */
    bool is_irq;
    bool relabelled;    /* by Thread.modify_senders: the receiver learns `label` */
    u64 label;
};

/* It stands in no queue; all else is set when it comes to stand in one. */
static inline void sender_init(struct sender *s, bool is_irq)
{
    s->link.rank = 0;
    s->queue = NULL;
    s->is_irq = is_irq;
    s->relabelled = false;
}

/* thread.state_home, both parts of it. */
#define STATE_AT(state, home) ((u32)(home) << 16 | (state))

/*
 * Who owns it: while the state is one of those that the fast path begins or ends (thread_fast), the first two lines
 * belong to the home CPU, and others must make that rest before they touch them (remote_hold_thread). In all other
 * states, and for all other fields, the kernel's lock is enough.
 */
struct thread {
    /* The fast path's first line: registers that survive an invocation, and what a switch loads. */
    struct arch_hot_regs hot;
    u64 root;                   /* address-space root as the MMU register wants it; a thread may run in another view */
    union {                     /* what may be done to it: the fast path compares both at once */
        struct {
            u16 state;          /* enum thread_state */
            u16 home;           /* id of `cpu` */
        };
        u32 state_home;
    };
    u32 priority;               /* that of `sc` */

    /* The second: partners. */
    struct cpu *cpu;            /* home CPU: the only one that touches the run state */
    struct slot **slots;        /* object space of the task */
    struct sc *sc;              /* SC it runs on now; NULL: passive, not running */
    i64 left;                   /* of the budget of `sc`, in ticks; while that runs, cpu->sc_end says so */
    struct slot *answer_from;   /* while CALLING (undefined else): the slot that holds the right to answer us */
    struct tree senders;        /* gates and Irqs that wait: under the lock (the fast path sees if it is empty) */
    struct thread *donor;       /* who lent us `sc`, NULL if it is our own */
    struct slot reply;          /* implicit reply capability; the fast path touches the word only */

    /* Cold. */
    struct arch_cold_regs cold; /* registers that do not survive an invocation, message words among them */
    struct object object;
    struct task *task;
    struct list_link in_task;   /* task->threads */
    struct list_link gates;     /* bound to us: struct gate, of_thread */
    struct list_link unheld;    /* the same, those that only their creator holds: not told yet */
    struct list_link irqs;      /* bound to us: struct irq, of_thread */
    struct utcb *utcb;          /* kernel address; NULL before thread.control */

    struct sc *own_sc;          /* SC bound by the scheduler; NULL: passive thread */

    struct sender sender;       /* while SENDING or DOWN */
    struct object *sending_to;  /* gate; NULL: a semaphore */
    bool calls;                 /* the send is part of a call */
    u8 call_kind;               /* enum call_kind */
    bool waits_after_send;      /* SEND_WAIT */
    struct timeout timeout;     /* in the tree of `cpu` */
    struct list_link look;      /* in cpu->look: may have new senders */
    struct object *recv_from;   /* closed wait: only this Irq; NULL and !recv_open: nobody */
    bool recv_open;
    struct slot *keep_reply;    /* where the reply capability of the next call goes; NULL = implicit */

    struct slot pager, handler, del_irq;
    struct node pager_node, handler_node, del_irq_node;
    u64 fault_words[MSG_REGS];  /* message of a fault */

    u64 map_done;               /* how far an interrupted Task.map, unmap or answer came: bytes or slots */
    u64 map_of;                 /* of which: flexpage and operation, or the caller that is answered */
    bool map_found;             /* Task.map of slots has found one up to there; counts only with map_done */
    u8 map_item;                /* the item that an answer is in the middle of; counts only with map_done */

    u64 fault_cause, fault_value; /* while a page fault is with the pager: what it is as an exception */
    struct slot *kept_in;       /* answer_from, if that is a slot of its task that a reply capability was kept in */

    struct vcpu_state *vcpu;    /* kernel address of the state page; NULL: no virtual CPU */
    struct task *guest;         /* virtual user mode: in the space of this task; NULL: not so */
    struct list_link in_guest;  /* guest->guests */
    bool vcpu_poll;             /* somebody waits for this virtual CPU: vcpu_poll before it runs */

    struct arch_fpu fpu;
#ifdef DEBUG
    u64 since; /* when it began to wait, or last ran, in ticks */
#endif
};

/* Never runs, never waits: receiver of all that has no receiver. */
extern struct thread thread_nobody;

static inline struct thread *thread_of(struct object *o)
{
    return container_of(o, struct thread, object);
}

/* New thread, stopped, in no task. NULL: quota. */
struct thread *thread_create(struct factory *f);

/* Takes it off the CPU and out of whatever it waits for, until ex_regs. */
void thread_stop(struct thread *t);

/* Takes it off all queues and CPUs; thread_take_apart does the rest. */
void thread_destroy(struct thread *t);

/* Its gates and Irqs lose it; who waits at them wakes with E_CANCELED. False: interrupted, call again. */
bool thread_take_apart(struct thread *t);

/* Ends a blocked invocation with this error; does nothing if the thread is not blocked. */
void thread_cancel(struct thread *t, err_t error);

/* Message words from and to where registers are kept. Written out: a loop would cost three times as much. */
static inline void words_copy(u64 to[MSG_REGS], const u64 from[MSG_REGS])
{
    u64 a = from[0], b = from[1], c = from[2], d = from[3], e = from[4], f = from[5], g = from[6], h = from[7];
    to[0] = a, to[1] = b, to[2] = c, to[3] = d, to[4] = e, to[5] = f, to[6] = g, to[7] = h;
}

/* The rest of `words` words, from UTCB to UTCB; both lie in kernel-user memory, which never faults. */
static ALWAYS_INLINE void words_copy_rest(const struct thread *from, struct thread *to, u64 words)
{
    const u64 *s = from->utcb->mr + MSG_REGS, *end = from->utcb->mr + words;
    u64 *d = to->utcb->mr + MSG_REGS;
    for (; s + 4 <= end; s += 4, d += 4) {
        u64 w0 = s[0], w1 = s[1], w2 = s[2], w3 = s[3];
        d[0] = w0;
        d[1] = w1;
        d[2] = w2;
        d[3] = w3;
    }
    while (s < end)
        *d++ = *s++;
}

static inline void words_clear(u64 to[MSG_REGS])
{
    to[0] = to[1] = to[2] = to[3] = to[4] = to[5] = to[6] = to[7] = 0;
}

/* Result of an invocation: tag and label for the thread; its message words are set already. */
static inline void thread_set_result(struct thread *t, u64 tag, u64 label)
{
    t->cold.tag = tag;
    t->cold.label = label;
    arch_regs_result(&t->cold);
}

/* The same for an invocation that failed. */
void thread_set_error(struct thread *t, err_t error);

static inline bool thread_waits(const struct thread *t)
{
    return t->state == THREAD_WAIT_OPEN || t->state == THREAD_WAIT;
}

/* The fast path may end this state without the lock. */
static inline bool thread_fast(const struct thread *t)
{
    u32 state = __atomic_load_n(&t->state, __ATOMIC_RELAXED);
    return state == THREAD_READY || state == THREAD_WAIT_OPEN || state == THREAD_CALLING;
}

/*
 * How far the caller's operation, named by `of`, came before it was interrupted; 0: it begins. It counts for the same
 * operation only: the program may go on with another one instead. 0 again when the operation ends.
 */
u64 *thread_progress(struct thread *caller, u64 of);

/* t, which is in no task, comes into this one; it leaves the list of its task's threads for good. */
void thread_enter_task(struct thread *t, struct task *task, struct utcb *utcb);
void thread_leave_task(struct thread *t);

/* t becomes a thread of this CPU: see remote_move. */
void thread_set_home(struct thread *t, struct cpu *cpu);

static inline bool thread_calling(const struct thread *t)
{
    return t->state == THREAD_CALLING || t->state == THREAD_CALLING_X;
}

/* Who waits for the answer that the reply capability in s gives; NULL: the slot is empty. */
static inline struct thread *slot_caller(const struct slot *s)
{
    return (struct thread *)s->word;
}
