/* Synchronous messages. See docs/ipc-walk.md for the path of one. */
#pragma once

#include "kernel/cold.h"
#include "kernel/thread.h"

struct gate;

/*
 * The fast path, entered by the architecture for invocations without SEL_TIMED: a call whose slot is in range, and a
 * reply-and-wait by the implicit reply capability. Tag and message words are where the trap left them; tags above
 * MSG_REGS (more words, or items and flags) have entries of their own.
 */
CACHE_ALIGNED void ipc_fast_call(u64 selector, u64 unused, struct thread *t);
CACHE_ALIGNED void ipc_fast_reply_wait(u64 selector, u64 unused, struct thread *t);
void ipc_fast_call_long(u64 selector, u64 unused, struct thread *t, u64 tag);
void ipc_fast_reply_wait_long(u64 selector, u64 unused, struct thread *t, u64 tag);

/*
 * Its ways out, supplied by the architecture; none returns. To `to`, which gets the label, and tag and words as they
 * are. If s is empty back to t with E_NOENT, else to invoke. To invoke. In the last two nothing has happened.
 */
void ipc_finish(u64 selector, u64 label, struct thread *t, struct thread *to);
void ipc_call_other(u64 selector, struct slot *s, struct thread *t);
void ipc_decline(u64 selector, u64 unused, struct thread *t);

/*
 * The send phase: t's message, in its registers, goes through the gate in `s`; `op` is the selector's SEL_OP_*. Blocks
 * or delivers and, for a send alone, sets the result.
 */
void ipc_send(struct thread *t, const struct slot *s, u64 op);

/* The same for a call by a capability known to be enough for it, as an operation of the gate: INVOKE_BLOCKED. */
err_t ipc_call(struct thread *t, struct object *gate, u64 *w);

/*
 * Answers the call whose reply capability stands in `s`. Returns the error for the replier, or INVOKE_RESTART.
 * `waits`: t shall wait openly for ever, by implicit reply slot; if it does so already then, it is no longer READY.
 */
err_t ipc_reply(struct thread *t, struct slot *s, bool waits);

/* The right to answer whom t serves, which stands in the implicit place, goes to `place`, an empty slot of its task. */
void ipc_keep_reply(struct thread *t, struct slot *place);

/*
 * The receive phase, without time limit unless the selector's timeouts say so: open; or closed for `irq` (NULL: sleep).
 * `keep` = slot for the reply capability of what comes, NULL = implicit. Sets the result or blocks.
 */
void ipc_wait(struct thread *t, bool open, struct irq *irq, struct slot *keep);

/* Starts t waiting, with registers as set: the first message arrives at its pc. */
void ipc_start_waiting(struct thread *t);

/* t waits perhaps, and has new senders. On its home CPU. */
void ipc_look(struct thread *t);

/* t, which runs, takes the most urgent of those who wait for it, as if it had waited. */
void ipc_take(struct thread *t);

/* Starts the time limit of t's receive phase. */
void ipc_limit_time(struct thread *t);

/*
 * A page fault of t, which runs: if its pager waits for it already, as a call on the fast path. Gives the pager, whose
 * message has no words yet; NULL: nothing was done.
 */
struct thread *ipc_fast_fault(struct thread *t);

/* A fault of t, its words in t->fault_words, becomes a message to the gate in `s`. False: there is no gate. */
bool ipc_fault(struct thread *t, struct slot *s, enum call_kind kind);

/*
 * Threads queue at gates, and gates where somebody queues at their threads, as urgently as the most urgent there. So a
 * gate comes to another thread, or goes, whoever waits at it. The gate takes its place at its receiver anew.
 */
void ipc_gate_follow(struct gate *g);

/* The gate has another receiver or label: who waits there turns to that. */
void ipc_gate_bound(struct gate *g);

/* Who waits for t behind s, or first (NULL); gate by gate. NULL: nobody. */
struct thread *ipc_next_sender(const struct thread *t, const struct thread *s);

/* A rule for labels: those with match under the mask lose the bits of `clear` and get those of `set`. */
struct relabel {
    u64 mask, match, clear, set;
};

/* Applies it to those who wait for t, the most urgent ones; *more: there are others. Gives how many it met. */
u32 ipc_relabel_senders(struct thread *t, const struct relabel *rule, bool *more);

/* Wakes all threads in the queue with E_CANCELED. False: interrupted, some are left. */
bool ipc_cancel_waiters(struct tree *queue);

/* The reply capability in s, if there is one, is lost: its caller wakes with E_CANCELED. */
void ipc_drop_reply(struct slot *s);

/* An Irq bound to t fires: delivered if t waits for it, else queued. */
void ipc_signal(struct thread *t, struct irq *irq);

/* Blocks t in the queue of a semaphore, for the time of its receive timeout. */
err_t ipc_block_down(struct thread *t, struct tree *queue);

/* Ends that successfully. */
void ipc_wake_down(struct thread *t);

/* Keys in queues of senders: the most urgent first, Irqs (PRIORITY_MAX + 1) before all threads. */
#define SENDER_KEY(priority)     (PRIORITY_MAX + 1 - (priority))
#define SENDER_PRIORITY(key)     (PRIORITY_MAX + 1 - (u32)(key))

/* The priority of t, which waits at a gate, has changed. */
void ipc_requeue(struct thread *t);

/* Leaves its queue; harmless if in none. */
void ipc_dequeue(struct sender *s);
void ipc_leave_queue(struct thread *t);
