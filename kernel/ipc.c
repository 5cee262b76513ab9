/*
 * Synchronous messages: the fast path, and below it the rules in full. Both do the same; the fast path takes every
 * call and every reply-and-wait whose partner is waiting already and whose message has no items.
 *
 *   READY --call--> [SENDING] --taken--> CALLING --answer--> READY        the caller
 *   WAIT  --message--> READY --reply and wait--> WAIT                     the server
 */
#include "kernel/ipc.h"
#include "kernel/cold.h"
#include "kernel/debug.h"
#include "kernel/factory.h"
#include "kernel/fault.h"
#include "kernel/gate.h"
#include "kernel/irq.h"
#include "kernel/item.h"
#include "kernel/panic.h"
#include "kernel/quick.h"
#include "kernel/remote.h"
#include "kernel/sched.h"
#include "kernel/switch.h"
#include "kernel/task.h"
#include "kernel/vcpu.h"

/* --- fast path --- */

/* A passive partner (no SC) goes on with the running one. */
static ALWAYS_INLINE bool may_change(struct cpu *cpu, struct thread *to, struct sc *sc, struct change *c)
{
    return !sc || switch_allowed(cpu, to, c);
}

/* From t to `to`, on the latter's SC `sc` or, if it has none, on the running one. */
static inline void change_thread(struct cpu *cpu, struct thread *t, struct thread *to, struct sc *sc,
                                 struct change c)
{
    if (sc) {
        switch_sc_to(cpu, &t->left, sc, c);
    } else {
        to->sc = cpu->sc;
        to->priority = t->priority;
        cpu->sc->thread = to;
        t->sc = NULL;
    }
    to->state = THREAD_READY;
    debug_blocked(t);
    arch_space_switch(to->root);
}

/* What the slot leads to, with the right to use it; NULL: nothing. */
static ALWAYS_INLINE struct object *usable(const struct slot *s)
{
    u64 word = __atomic_load_n(&s->word, __ATOMIC_RELAXED); /* once: another CPU may empty the slot */
    return (word & RIGHT_USE) ? (struct object *)(word & ~SLOT_RIGHTS) : NULL;
}

/* t calls `to`: the CPU goes over to it. False: nothing has happened. */
static ALWAYS_INLINE bool go_over(struct thread *t, struct thread *to)
{
    struct cpu *cpu = t->cpu;
    struct sc *sc = to->sc;
    struct change c = {0};
    if (to->state_home != cpu->open_here   /* waits for anybody, for ever, on this CPU; nothing is special about that */
        || !may_change(cpu, to, sc, &c))
        return false;

    /* point of no return */
    if (!sc)
        to->donor = t;
    to->reply.word = (u64)t;
    t->answer_from = &to->reply;
    t->state = THREAD_CALLING;
    change_thread(cpu, t, to, sc, c);
    return true;
}

/* A call through a gate: the thread that it leads to and the label that it learns. NULL: nothing has happened. */
static ALWAYS_INLINE struct thread *fast_call(struct thread *t, struct object *gate, u64 *label)
{
    struct thread *to = gate->receiver;
    if (!go_over(t, to))
        return NULL;
    *label = gate->label;
    return to;
}

static ALWAYS_INLINE struct thread *fast_reply_wait(struct thread *t)
{
    struct thread *to = slot_caller(&t->reply);
    if (!to)
        return NULL;
    struct cpu *cpu = t->cpu;
    struct sc *sc = to->sc;
    struct change c = {0};
    if (to->state_home != cpu->calling_here  /* a plain call on this CPU: no time limit, no fault; nothing is special */
        || t->senders.root                   /* others wait for us */
        || t->donor != (sc ? NULL : to)      /* both have SCs of their own, or the caller gets back what it lent */
        || !may_change(cpu, to, sc, &c))
        return NULL;

    /* point of no return */
    if (!sc)
        t->donor = NULL;
    t->reply.word = 0;
    t->state = THREAD_WAIT_OPEN;
    change_thread(cpu, t, to, sc, c);
    return to;
}

/* Words beyond those in registers are in the UTCB: the last of `words` ones. */
static ALWAYS_INLINE void call(u64 selector, struct thread *t, u64 words)
{
    u64 label;
    struct slot *s = thread_slot(t, selector);
    struct object *o = usable(s);
    struct thread *to = o && words <= MSG_WORDS_MAX ? fast_call(t, o, &label) : NULL;
    if (to) {
        words_copy_rest(t, to, words);
        ipc_finish(selector, label, t, to);
    } else if (o) {
        quick_call(selector, s, t);
    } else {
        ipc_call_other(selector, s, t);
    }
}

static ALWAYS_INLINE void reply_wait(u64 selector, struct thread *t, u64 words)
{
    struct thread *to = words <= MSG_WORDS_MAX ? fast_reply_wait(t) : NULL;
    if (to) {
        words_copy_rest(t, to, words);
        ipc_finish(selector, 0, t, to);
    } else {
        ipc_decline(selector, 0, t);
    }
}

/*
 * Entered from the trap with tag and message words still in their registers, where these functions leave them. They
 * end in one of the ways out that the architecture has; that these take what came in where it was spares the moves.
 */
void ipc_fast_call(u64 selector, u64 unused, struct thread *t)
{
    call(selector, t, MSG_REGS);
}

void ipc_fast_reply_wait(u64 selector, u64 unused, struct thread *t)
{
    reply_wait(selector, t, MSG_REGS);
}

void ipc_fast_call_long(u64 selector, u64 unused, struct thread *t, u64 tag)
{
    call(selector, t, tag);
}

void ipc_fast_reply_wait_long(u64 selector, u64 unused, struct thread *t, u64 tag)
{
    reply_wait(selector, t, tag);
}

/* --- the fast path's way, inside the slow one --- */

/* t's time is running, and nothing else has happened in this visit to the kernel that concerns who runs. */
static bool alone(const struct cpu *cpu, const struct thread *t)
{
    return cpu == cpu_self() && cpu->sc && cpu->sc == t->sc && !cpu->handoff && !cpu->reschedule;
}

struct thread *ipc_fast_fault(struct thread *t)
{
    u64 label;
    struct object *o = usable(&t->pager);
    struct thread *pager = o && alone(t->cpu, t) ? fast_call(t, o, &label) : NULL;
    if (!pager)
        return NULL;
    t->state = THREAD_CALLING_X;
    t->call_kind = CALL_PAGE_FAULT;
    t->calls = true;
    thread_set_result(pager, TAG(FAULT_WORDS, 0), label);
    return pager;
}

/* The caller, whom t has answered, goes on, and t waits for whoever comes next. False: nothing was done. */
static bool go_back(struct thread *t, struct thread *caller)
{
    struct cpu *cpu = t->cpu;
    struct sc *sc = caller->sc;
    struct change c = {0};
    if (!alone(cpu, t)
        || caller->cpu != cpu                    /* both live here */
        || cpu->hook                             /* nothing is special about switches */
        || t->senders.root                       /* others wait for t */
        || t->donor != (sc ? NULL : caller)      /* as in fast_reply_wait */
        || !may_change(cpu, caller, sc, &c))
        return false;

    /* point of no return */
    if (!sc)
        t->donor = NULL;
    t->state = THREAD_WAIT_OPEN;
    change_thread(cpu, t, caller, sc, c);
    return true;
}

/* The caller has its answer; `waits`: t waits for the next one, without conditions. */
static void end_answer(struct thread *t, struct thread *caller, bool waits)
{
    if (!waits || !go_back(t, caller))
        sched_ready(caller, true);
}

/* --- queues and time limits --- */

static void enqueue(struct tree *queue, struct sender *s, u64 key)
{
    s->queue = queue;
    s->relabelled = false;
    tree_insert(queue, &s->link, key);
}

static void enqueue_thread(struct tree *queue, struct thread *t)
{
    enqueue(queue, &t->sender, SENDER_KEY(t->sc ? t->sc->priority : 0));
}

void ipc_dequeue(struct sender *s)
{
    if (!s->queue)
        return;
    tree_remove(s->queue, &s->link);
    s->queue = NULL;
}

static struct thread *first_sender(const struct gate *g)
{
    struct tree_node *n = tree_first(&g->senders);
    return n ? container_of(n, struct thread, sender.link) : NULL;
}

COLD void ipc_gate_follow(struct gate *g)
{
    struct thread *first = first_sender(g), *r = g->object.receiver;
    ipc_dequeue(&g->entry);
    if (first && r != &thread_nobody)
        enqueue(&r->senders, &g->entry, first->sender.link.key);
}

static void enqueue_at(struct gate *g, struct thread *t)
{
    enqueue_thread(&g->senders, t);
    if (!g->entry.queue || t->sender.link.key < g->entry.link.key)
        ipc_gate_follow(g);
}

/* With the thread the gate leaves its place: gates whose senders are equally urgent take turns. */
COLD void ipc_leave_queue(struct thread *t)
{
    if (!t->sender.queue)
        return;
    struct gate *g = t->sending_to ? gate_of(t->sending_to) : NULL;
    bool first = g && first_sender(g) == t;
    ipc_dequeue(&t->sender);
    if (first)
        ipc_gate_follow(g);
}

COLD void ipc_requeue(struct thread *t)
{
    struct gate *g = gate_of(t->sending_to);
    tree_move(&g->senders, &t->sender.link, SENDER_KEY(t->sc ? t->sc->priority : 0));
    u64 first = first_sender(g)->sender.link.key;
    if (g->entry.queue && g->entry.link.key != first)
        tree_move(g->entry.queue, &g->entry.link, first);
}

COLD struct thread *ipc_next_sender(const struct thread *t, const struct thread *s)
{
    struct tree_node *n = s ? tree_next(&s->sender.link) : NULL;
    if (n)
        return container_of(n, struct thread, sender.link);
    n = s ? tree_next(&gate_of(s->sending_to)->entry.link) : tree_at_least(&t->senders, SENDER_KEY(PRIORITY_MAX));
    return n ? first_sender(container_of(n, struct gate, entry.link)) : NULL;
}

enum phase { PHASE_SEND, PHASE_RECEIVE };

static u32 phase_timeout(const struct thread *t, enum phase phase)
{
    if (t->call_kind != CALL_MESSAGE) /* faults wait for ever */
        return TIMEOUT_NEVER;
    return phase == PHASE_SEND ? t->cold.timeouts >> 32 : (u32)t->cold.timeouts;
}

/* Whether the phase may not block at all. */
static bool no_time(const struct thread *t, enum phase phase)
{
    return phase_timeout(t, phase) == TIMEOUT_ZERO;
}

static COLD void set_timeout(struct thread *t, enum phase phase, u32 limit)
{
    u64 at = (limit & TIMEOUT_ABSOLUTE) ? clock_us_to_ticks(t->utcb->deadline[phase]) + kernel_clock.boot_ticks
                                        : arch_time() + clock_us_to_ticks(limit);
    timeout_set(t->cpu, &t->timeout, at);
}

static inline void arm_timeout(struct thread *t, enum phase phase)
{
    u32 limit = phase_timeout(t, phase);
    if (limit != TIMEOUT_NEVER)
        set_timeout(t, phase, limit);
}

/* --- moving a message --- */

static u64 *payload(struct thread *t)
{
    return t->call_kind == CALL_MESSAGE ? t->cold.mr : t->fault_words;
}

static u64 message_shape(const struct thread *t)
{
    if (t->call_kind == CALL_PAGE_FAULT)
        return TAG(FAULT_WORDS, 0);
    if (t->call_kind == CALL_EXCEPTION)
        return TAG(EXC_WORDS, 0);
    return t->cold.tag;
}

static u32 tag_words(u64 tag)
{
    u32 words = tag & TAG_WORDS_MASK;
    return words < MSG_WORDS_MAX ? words : MSG_WORDS_MAX;
}

/* Words of an exception message beyond those in registers go straight into the receiver's UTCB. */
static COLD void copy_exception(struct thread *s, struct thread *r)
{
    u64 words[EXC_WORDS];
    arch_exception_read(s, words);
    for (u32 i = MSG_REGS; i < EXC_WORDS; i++)
        r->utcb->mr[i] = words[i];
}

/* Moves the message of s to r: words first, then items (item.h). Gives the first failure and the tag that r sees. */
static err_t transfer(struct thread *s, struct thread *r, u32 how, u64 *tag)
{
    u64 shape = message_shape(s);
    u32 words = tag_words(shape), items = tag_items(shape), done = 0;
    words_copy(r->cold.mr, payload(s));
    if (s->call_kind == CALL_EXCEPTION)
        copy_exception(s, r);
    else if (words > MSG_REGS)
        words_copy_rest(s, r, words);
    err_t error = items ? item_transfer(s, r, items, how, &done) : E_OK;
    *tag = TAG(words, done) | (error ? TAG_ERROR | (u64)error << TAG_CODE_SHIFT : 0);
    return error;
}

/* --- sending --- */

/* In WAIT_OPEN the rest may be that of an earlier wait: the fast path does not touch it. */
static bool accepts(const struct thread *r, const struct irq *irq)
{
    return r->state == THREAD_WAIT_OPEN ||
           (r->state == THREAD_WAIT && (r->recv_open || (irq && r->recv_from == &irq->object)));
}

/* The sender's invocation is over, or goes on with its receive phase when it runs next. */
static void finish_send(struct thread *s, err_t error)
{
    if (error) {
        s->state = THREAD_SENDING; /* what thread_cancel ends, whether it queued or not */
        thread_cancel(s, error);
        return;
    }
    if (s->waits_after_send) {
        s->cold.selector = SEL_OP_WAIT | SEL_TIMED;
        arch_regs_restart(s);
    } else {
        thread_set_result(s, 0, 0);
    }
    sched_ready(s, false);
}

/* The right to answer s stands in `place`, which is r's implicit one or a slot of its task. */
static void place_reply(struct thread *s, struct thread *r, struct slot *place)
{
    place->word = (u64)s;
    place->node = &node_reply;
    s->answer_from = place;
    s->kept_in = place == &r->reply ? NULL : place;
}

COLD void ipc_keep_reply(struct thread *t, struct slot *place)
{
    struct thread *caller = slot_caller(&t->reply);
    t->reply.word = 0;
    place_reply(caller, t, place);
}

/* Nothing limits how long s waits for the answer, nor is it other than that of a message. */
static bool plain_call(const struct thread *s)
{
    return s->call_kind == CALL_MESSAGE && phase_timeout(s, PHASE_RECEIVE) == TIMEOUT_NEVER;
}

/* s waits for the answer of r, which only the holder of the right in `place` can give. */
static void await_answer(struct thread *s, struct thread *r, struct slot *place)
{
    place_reply(s, r, place);
    s->state = plain_call(s) ? THREAD_CALLING : THREAD_CALLING_X;
    arm_timeout(s, PHASE_RECEIVE);
    sched_block(s);
}

/* r, which accepts it, gets the message of s. */
static void deliver(struct thread *s, struct thread *r, u64 label)
{
    trace(MESSAGE, s, debug_number(&r->object), label);
    const u64 filled = TAG_ERROR | (u64)E_EXIST << TAG_CODE_SHIFT;
    u64 tag = filled;
    struct slot *place = r->keep_reply ? r->keep_reply : &r->reply;
    err_t error = s->calls && place->word ? E_EXIST : transfer(s, r, 0, &tag);
    if (!error && s->calls && place->word) { /* by an item of this very message */
        error = E_EXIST;
        tag = filled;
    }
    if (!error && s->calls && plain_call(s) && alone(s->cpu, s) && go_over(s, r)) { /* the usual case of what follows */
        thread_set_result(r, tag, label);
        return;
    }
    timeout_drop(r->cpu, &r->timeout);
    r->keep_reply = NULL;
    if (error || !s->calls) {
        finish_send(s, error);
    } else {
        await_answer(s, r, place);
        if (!r->sc)
            sched_donate(s, r);
    }
    thread_set_result(r, tag, label);
    sched_ready(r, true);
}

static COLD void queue_sender(struct thread *s, struct object *gate)
{
    struct thread *r = gate->receiver;
    s->sending_to = gate;
    enqueue_at(gate_of(gate), s);
    s->state = THREAD_SENDING;
    arm_timeout(s, PHASE_SEND);
    sched_block(s);
    vcpu_notify(r);
}

/* Nobody takes the message yet: s queues, unless it has no time. */
static void block_sender(struct thread *s, struct object *gate)
{
    bool in_vain = gate->receiver->object.dying;
    if (in_vain || no_time(s, PHASE_SEND)) {
        finish_send(s, in_vain ? E_CANCELED : E_TIMEDOUT);
        return;
    }
    queue_sender(s, gate);
    if (gate->receiver != &thread_nobody)
        sched_help(gate->receiver);
}

/*
 * The receiver runs on another CPU at this moment: s queues, and that CPU looks for itself whether r waits. But if s
 * cannot wait, or r would move here, it is made to rest. False: it does, and nothing was done.
 */
static COLD bool send_elsewhere(struct thread *s, struct object *gate)
{
    struct thread *r = gate->receiver;
    if (no_time(s, PHASE_SEND) || !r->own_sc) {
        remote_hold(r->cpu);
        return false;
    }
    queue_sender(s, gate);
    remote_look(r);
    return true;
}

static bool take_sender(struct thread *t);

static void send_to(struct thread *s, struct object *gate)
{
    trace(SEND, s, debug_number(gate), debug_number(&gate->receiver->object));
    if (!remote_settled(gate->receiver) && send_elsewhere(s, gate))
        return;
    if (accepts(gate->receiver, NULL))
        deliver(s, gate->receiver, gate->label);
    else
        block_sender(s, gate);
}

void ipc_look(struct thread *t)
{
    if (t->state == THREAD_WAIT_OPEN)
        take_sender(t);
    else
        sched_help(t);
}

void ipc_send(struct thread *t, const struct slot *s, u64 op)
{
    u32 rights = slot_rights(s);
    if (!(rights & RIGHT_USE) || (tag_items(t->cold.tag) && !(rights & RIGHT_PASS))) {
        thread_set_error(t, E_PERM);
        return;
    }
    if (tag_items(t->cold.tag) && !item_prepare()) {
        arch_regs_restart(t);
        return;
    }
    t->calls = op == SEL_OP_CALL;
    t->waits_after_send = op == SEL_OP_SEND_WAIT;
    send_to(t, slot_object(s));
}

err_t ipc_call(struct thread *t, struct object *gate, u64 *w)
{
    if (tag_items(t->cold.tag) && !item_prepare())
        return INVOKE_RESTART;
    t->calls = true;
    t->waits_after_send = false;
    send_to(t, gate);
    return INVOKE_BLOCKED;
}

void ipc_gate_bound(struct gate *g)
{
    struct thread *r = g->object.receiver;
    ipc_gate_follow(g);
    if (tree_empty(&g->senders))
        return;
    vcpu_notify(r);
    if (accepts(r, NULL))
        take_sender(r);
    else
        sched_help(r);
}

COLD bool ipc_cancel_waiters(struct tree *queue)
{
    struct tree_node *n;
    while ((n = tree_first(queue))) {
        thread_cancel(container_of(n, struct thread, sender.link), E_CANCELED);
        if (kernel_preempted())
            return false;
    }
    return true;
}

static COLD void queue_signal(struct thread *t, struct irq *irq)
{
    enqueue(&t->senders, &irq->sender, SENDER_KEY(PRIORITY_MAX + 1));
    vcpu_notify(t);
}

void ipc_signal(struct thread *t, struct irq *irq)
{
    if (!remote_settled(t)) {
        queue_signal(t, irq);
        remote_look(t);
        return;
    }
    if (!accepts(t, irq)) {
        queue_signal(t, irq);
        return;
    }
    trace(SIGNAL, t, debug_number(&irq->object), irq->object.label);
    timeout_drop(t->cpu, &t->timeout);
    t->keep_reply = NULL;
    arch_regs_signal(&t->cold, irq->object.label);
    sched_ready(t, false);
}

/* --- answering --- */

static COLD void resolve_exception(struct thread *t, struct thread *handler)
{
    t->call_kind = CALL_MESSAGE;
    u64 words[EXC_WORDS];
    for (u32 i = 0; i < EXC_WORDS; i++)
        words[i] = i < MSG_REGS ? handler->cold.mr[i] : handler->utcb->mr[i];
    if (words[0]) {
        t->state = THREAD_STOPPED;
        return;
    }
    if (tag_words(handler->cold.tag) >= EXC_WORDS) {
        arch_exception_write(t, words);
        t->map_done = 0; /* it need not go on with what was interrupted */
    }
    sched_ready(t, true);
}

/* Moves the answer of t. Interrupted: the caller waits on, its time limit runs, and the right to answer it stays. */
static err_t move_answer(struct thread *t, struct thread *caller, u64 *tag)
{
    u32 done;
    if (caller->call_kind == CALL_MESSAGE)
        return transfer(t, caller, ITEMS_IN_STEPS, tag);
    if (caller->call_kind == CALL_EXCEPTION)
        return E_OK;
    return item_transfer(t, caller, tag_items(t->cold.tag), ITEMS_IN_STEPS | ITEMS_EVERYWHERE, &done);
}

err_t ipc_reply(struct thread *t, struct slot *s, bool waits)
{
    if (s->node != &node_reply || !s->word)
        return E_NOENT;
    struct thread *caller = slot_caller(s);
    u64 tag = 0; /* of a message */
    err_t error = move_answer(t, caller, &tag);
    if (error == INVOKE_RESTART)
        return error;

    /* point of no return */
    s->word = 0; /* the node stays: in the implicit slot the fast path relies on it */
    trace(REPLY, t, debug_number(&caller->object), t->cold.tag);
    timeout_drop(caller->cpu, &caller->timeout);
    switch (caller->call_kind) {
    case CALL_MESSAGE:
        thread_set_result(caller, tag, 0);
        end_answer(t, caller, waits && !error);
        break;
    case CALL_PAGE_FAULT:
        caller->call_kind = CALL_MESSAGE;
        if (t->cold.mr[0])
            fault_unresolved(caller);
        else
            end_answer(t, caller, waits && !error);
        break;
    case CALL_EXCEPTION:
        resolve_exception(caller, t);
        break;
    }
    return error;
}

void ipc_drop_reply(struct slot *s)
{
    if (!s->word || s->node != &node_reply)
        return;
    thread_cancel(slot_caller(s), E_CANCELED);
}

bool ipc_fault(struct thread *t, struct slot *s, enum call_kind kind)
{
    if (!s->word)
        return false;
    t->call_kind = kind;
    t->calls = true;
    send_to(t, slot_object(s));
    return true;
}

/* --- receiving --- */

/* What the receiver learns of who stands in its queue. */
static u64 label_of(const struct sender *s)
{
    if (s->relabelled)
        return s->label;
    return s->is_irq ? container_of(s, struct irq, sender)->object.label
                     : container_of(s, struct thread, sender)->sending_to->label;
}

static bool take_irq(struct thread *t, struct irq *irq)
{
    if (!irq->sender.queue || irq->thread != t)
        return false;
    u64 label = label_of(&irq->sender);
    ipc_dequeue(&irq->sender);
    ipc_signal(t, irq);
    t->cold.label = label;
    return true;
}

/* Takes the most urgent of those who wait for t. False: there is none. */
static COLD bool take_sender(struct thread *t)
{
    struct tree_node *n = tree_first(&t->senders);
    if (!n)
        return false;
    struct sender *s = container_of(n, struct sender, link);
    if (s->is_irq)
        return take_irq(t, container_of(s, struct irq, sender));
    struct thread *sender = first_sender(container_of(s, struct gate, entry));
    u64 label = label_of(&sender->sender);
    ipc_leave_queue(sender);
    timeout_drop(sender->cpu, &sender->timeout);
    deliver(sender, t, label);
    sched_inherit(t);
    return true;
}

#define SENDERS_PER_CALL 48

static u32 relabel(struct sender *s, const struct relabel *rule)
{
    u64 label = label_of(s);
    if ((label & rule->mask) != rule->match)
        return 0;
    s->label = (label & ~rule->clear) | rule->set;
    s->relabelled = true;
    return 1;
}

COLD u32 ipc_relabel_senders(struct thread *t, const struct relabel *rule, bool *more)
{
    u32 changed = 0, i = 0;
    struct sender *s;
    struct tree_node *n = tree_first(&t->senders);
    for (; n && (s = container_of(n, struct sender, link))->is_irq && i < SENDERS_PER_CALL; i++, n = tree_next(n))
        changed += relabel(s, rule);
    struct thread *thread = ipc_next_sender(t, NULL);
    for (; thread && i < SENDERS_PER_CALL; i++, thread = ipc_next_sender(t, thread))
        changed += relabel(&thread->sender, rule);
    *more = thread;
    return changed;
}

/* Leaves t waiting for whom recv_open and recv_from name. */
static void start_wait(struct thread *t)
{
    bool plain = t->recv_open && !t->keep_reply && phase_timeout(t, PHASE_RECEIVE) == TIMEOUT_NEVER;
    sched_block(t);
    t->state = plain ? THREAD_WAIT_OPEN : THREAD_WAIT;
    sched_return_donation(t);
}

void ipc_wait(struct thread *t, bool open, struct irq *irq, struct slot *keep)
{
    trace(RECEIVE, t, open, 0);
    if (open) /* else no call can come, and the one that t has stays its own */
        ipc_drop_reply(&t->reply);
    t->recv_open = open;
    t->recv_from = irq ? &irq->object : NULL;
    t->keep_reply = keep;
    start_wait(t);
    if (open ? take_sender(t) : irq && take_irq(t, irq))
        return;
    if (no_time(t, PHASE_RECEIVE))
        thread_cancel(t, E_TIMEDOUT);
    else
        arm_timeout(t, PHASE_RECEIVE);
}

void ipc_take(struct thread *t)
{
    t->recv_open = true;
    t->keep_reply = NULL;
    t->state = THREAD_WAIT;
    take_sender(t);
}

void ipc_limit_time(struct thread *t)
{
    arm_timeout(t, PHASE_RECEIVE);
}

void ipc_start_waiting(struct thread *t)
{
    t->cold.timeouts = 0;
    ipc_wait(t, true, NULL, NULL);
}

/* --- semaphores --- */

err_t ipc_block_down(struct thread *t, struct tree *queue)
{
    if (no_time(t, PHASE_RECEIVE))
        return E_TIMEDOUT;
    enqueue_thread(queue, t);
    t->sending_to = NULL;
    t->state = THREAD_DOWN;
    arm_timeout(t, PHASE_RECEIVE);
    sched_block(t);
    return INVOKE_BLOCKED;
}

void ipc_wake_down(struct thread *t)
{
    ipc_dequeue(&t->sender);
    timeout_drop(t->cpu, &t->timeout);
    t->cold.mr[0] = E_OK;
    thread_set_result(t, TAG(1, 0), 0);
    sched_ready(t, false);
}
