/* Threads: life, registers, and the operations on them. */
#include "kernel/thread.h"
#include "kernel/debug.h"
#include "kernel/factory.h"
#include "kernel/fault.h"
#include "kernel/gate.h"
#include "kernel/ipc.h"
#include "kernel/irq.h"
#include "kernel/item.h"
#include "kernel/remote.h"
#include "kernel/sched.h"
#include "kernel/task.h"
#include "kernel/vcpu.h"

_Static_assert(offsetof(struct thread, reply.node) <= 128, "what the fast path touches fills two cache lines at most");

struct thread thread_nobody = {.state = THREAD_STOPPED};

static void wait_expired(struct timeout *timeout)
{
    struct thread *t = container_of(timeout, struct thread, timeout);
    if (!vcpu_expired(t))
        thread_cancel(t, E_TIMEDOUT);
}

struct thread *thread_create(struct factory *f)
{
    struct thread *t = factory_alloc(f, sizeof *t);
    if (!t)
        return NULL;
    object_init(&t->object, OBJ_THREAD, f);
    t->state = THREAD_STOPPED;
    thread_set_home(t, cpu_self());
    t->timeout.expire = wait_expired;
    t->reply.node = &node_reply;
    list_init(&t->in_task);
    list_init(&t->gates);
    list_init(&t->unheld);
    list_init(&t->irqs);
    list_init(&t->in_guest);
    list_init(&t->look);
    arch_thread_init(t);
    return t;
}

void thread_set_home(struct thread *t, struct cpu *cpu)
{
    t->cpu = cpu;
    if (t->task)
        t->task->space.cpus |= cpu->bit;
    if (t->guest)
        t->guest->space.cpus |= cpu->bit;
    __atomic_store_n(&t->home, (u16)cpu->id, __ATOMIC_RELEASE);
}

static void drop_embedded(struct slot *s)
{
    if (s->word)
        node_revoke(s->node);
}

static bool end_gates(struct list_link *gates)
{
    while (!list_empty(gates)) {
        struct gate *g = list_first(gates, struct gate, of_thread);
        if (!ipc_cancel_waiters(&g->senders))
            return false;
        gate_unbind(g);
        if (kernel_preempted())
            return false;
    }
    return true;
}

static bool end_irqs(struct thread *t)
{
    while (!list_empty(&t->irqs)) {
        struct irq *irq = list_first(&t->irqs, struct irq, of_thread);
        bool pending = irq->sender.queue;
        irq_unbind(irq);
        irq->pending = pending;
        if (kernel_preempted())
            return false;
    }
    return true;
}

bool thread_take_apart(struct thread *t)
{
    return end_gates(&t->gates) && end_gates(&t->unheld) && end_irqs(t);
}

static void leave_sc(struct thread *t)
{
    if (!t->sc)
        sched_forget_donor(t);
    sched_return_donation(t);
    if (t->own_sc)
        sc_unbind(t->own_sc);
}

void thread_stop(struct thread *t)
{
    remote_hold_thread(t);
    thread_cancel(t, E_INTR);
    sched_block(t);
    t->state = THREAD_STOPPED;
}

void thread_leave_task(struct thread *t)
{
    list_remove(&t->in_task);
    if (t->task)
        t->task->thread_count--;
}

void thread_destroy(struct thread *t)
{
    thread_stop(t);
    vcpu_end(t);
    list_remove(&t->look);
    ipc_drop_reply(&t->reply);
    leave_sc(t);
    drop_embedded(&t->pager);
    drop_embedded(&t->handler);
    drop_embedded(&t->del_irq);
    thread_leave_task(t);
    arch_fpu_leave(t);
}

void thread_set_error(struct thread *t, err_t error)
{
    t->map_done = 0;
    words_clear(t->cold.mr);
    thread_set_result(t, TAG_ERROR | (u64)error << TAG_CODE_SHIFT, 0);
}

/* A call is given up: nobody can answer it any longer. */
static void end_call(struct thread *t)
{
    if (thread_calling(t))
        t->answer_from->word = 0;
}

void thread_cancel(struct thread *t, err_t error)
{
    remote_hold(t->cpu);
    if (t->state == THREAD_STOPPED || t->state == THREAD_READY)
        return;
    trace(CANCEL, t, error, 0);
    struct thread *server = t->sender.queue ? sched_waits_for(t) : NULL;
    ipc_leave_queue(t);
    end_call(t);
    sched_reclaim(t);
    if (server)
        sched_inherit(server);
    timeout_drop(t->cpu, &t->timeout);
    t->keep_reply = NULL;
    if (t->call_kind != CALL_MESSAGE) { /* a fault that nobody resolves: the thread cannot go on */
        t->call_kind = CALL_MESSAGE;
        t->state = THREAD_STOPPED;
        return;
    }
    thread_set_error(t, error);
    sched_ready(t, false);
}

u64 *thread_progress(struct thread *caller, u64 of)
{
    if (caller->map_of != of)
        caller->map_done = 0;
    caller->map_of = of;
    return &caller->map_done;
}

/* --- operations --- */

/* Items of thread.control come in the order of the flags. Gives the slot of the next one, checked. */
static struct slot *control_item(struct thread *caller, u32 *next, enum object_number type, u32 rights, err_t *error)
{
    return invocation_item(caller, (*next)++, type, rights, error);
}

void thread_enter_task(struct thread *t, struct task *task, struct utcb *utcb)
{
    t->task = task;
    t->root = task->space.root;
    t->slots = task->slots;
    t->utcb = utcb;
    thread_set_home(t, t->cpu);
    list_push_back(&task->threads, &t->in_task);
    task->thread_count++;
    debug_member(t);
}

err_t op_THREAD_CONTROL(struct thread *caller, struct object *object, u64 *w)
{
    struct thread *t = thread_of(object);
    u64 flags = w[1];
    struct slot *task = NULL, *pager = NULL, *handler = NULL;
    struct utcb *utcb = NULL;
    err_t error = E_OK;
    u32 next = 0;
    if (flags & ~(u64)(THREAD_SET_TASK | THREAD_SET_PAGER | THREAD_SET_HANDLER))
        return E_INVAL;
    if (flags & THREAD_SET_TASK) {
        if (!(task = control_item(caller, &next, OBJ_TASK, RIGHT_CONTROL, &error)))
            return error;
        if (t->task)
            return E_BUSY;
        if (!(utcb = task_utcb(task_of(slot_object(task)), w[2])))
            return E_FAULT;
    }
    if ((flags & THREAD_SET_PAGER) && !(pager = control_item(caller, &next, OBJ_GATE, RIGHT_USE, &error)))
        return error;
    if ((flags & THREAD_SET_HANDLER) && !(handler = control_item(caller, &next, OBJ_GATE, RIGHT_USE, &error)))
        return error;

    /* point of no return */
    if (task)
        thread_enter_task(t, task_of(slot_object(task)), utcb);
    if (pager)
        map_cap_embedded(pager, &t->pager, &t->pager_node);
    if (handler)
        map_cap_embedded(handler, &t->handler, &t->handler_node);
    return E_OK;
}

static void set_registers(struct thread *t, u64 flags, const u64 *w)
{
    if (flags & EX_REGS_PC) {
        t->hot.pc = w[2];
        t->map_done = 0; /* an interrupted operation is given up */
    }
    if (flags & EX_REGS_SP)
        t->hot.sp = w[3];
    if (flags & EX_REGS_ARG)
        arch_regs_argument(t, w[4], 0);
    if (flags & EX_REGS_TP)
        t->hot.tp = w[5];
}

/*
 * A fault is not cancelled: no invocation of the thread's runs, and its handler's answer must find it. Else whom that
 * answer sends elsewhere would do the same anew, and what the handler has noted of it would be wrong.
 */
static bool cancels(const struct thread *t, u64 flags)
{
    bool goes_elsewhere = flags & (EX_REGS_STOP | EX_REGS_PC);
    return flags & (EX_REGS_CANCEL | EX_REGS_STOP) && (t->call_kind == CALL_MESSAGE || goes_elsewhere);
}

err_t op_THREAD_EX_REGS(struct thread *caller, struct object *object, u64 *w)
{
    struct thread *t = thread_of(object);
    u64 flags = w[1];
    if (flags >= EX_REGS_STOP << 1)
        return E_INVAL;
    if (!t->task)
        return E_INVAL;
    if ((flags & EX_REGS_TP) && invocation_words(caller) < 6)
        return E_MSGSIZE;
    remote_hold_thread(t);
    bool blocked = t->state != THREAD_STOPPED && t->state != THREAD_READY;
    if ((flags & EX_REGS_ARG) && blocked && !(flags & (EX_REGS_CANCEL | EX_REGS_STOP)))
        return E_BUSY; /* the argument's register holds the tag of a message whose items were checked already */
    if ((flags & EX_REGS_WAIT) && (t == caller || t->state != THREAD_STOPPED))
        return E_BUSY;
    if ((flags & EX_REGS_WAIT) && !item_prepare()) /* t may take a message at once */
        return INVOKE_RESTART;

    /* point of no return */
    if (cancels(t, flags))
        thread_cancel(t, E_INTR);
    if (flags & (EX_REGS_PC | EX_REGS_WAIT)) /* registers of its own mode */
        vcpu_leave(t);
    set_registers(t, flags, w);
    if (flags & EX_REGS_STOP)
        thread_stop(t);
    else if (flags & EX_REGS_WAIT)
        ipc_start_waiting(t);
    else if (t->state == THREAD_STOPPED)
        sched_ready(t, false);
    if ((flags & EX_REGS_FORCE) && t->state == THREAD_READY)
        fault_exception(t, EXC_FORCED, 0);
    return t == caller ? INVOKE_BLOCKED : E_OK;
}

err_t op_THREAD_SWITCH_TO(struct thread *caller, struct object *object, u64 *w)
{
    struct thread *t = thread_of(object);
    cpu_self()->reschedule = cpu_self()->news = true;
    if (t->sc && t->sc->queued && t->cpu == cpu_self()) {
        sched_block(t);
        sched_ready(t, true);
    }
    return E_OK;
}

err_t op_THREAD_STATS(struct thread *caller, struct object *object, u64 *w)
{
    static const u8 number[] = {
        [THREAD_STOPPED] = THREAD_STATE_STOPPED,   [THREAD_READY] = THREAD_STATE_READY,
        [THREAD_WAIT_OPEN] = THREAD_STATE_RECEIVING, [THREAD_WAIT] = THREAD_STATE_RECEIVING,
        [THREAD_CALLING] = THREAD_STATE_CALLING,   [THREAD_CALLING_X] = THREAD_STATE_CALLING,
        [THREAD_SENDING] = THREAD_STATE_SENDING,   [THREAD_DOWN] = THREAD_STATE_DOWN,
    };
    struct thread *t = thread_of(object);
    w[1] = t->own_sc ? clock_ticks_to_us(sched_consumed(t->own_sc)) : 0;
    w[2] = number[t->state];
    w[3] = t->own_sc ? t->own_sc->base : 0;
    return E_OK;
}

err_t op_THREAD_DEL_IRQ(struct thread *caller, struct object *object, u64 *w)
{
    err_t error;
    struct slot *irq = invocation_item(caller, 0, OBJ_IRQ, RIGHT_USE, &error);
    if (!irq)
        return error;
    struct thread *t = thread_of(object);
    map_cap_embedded(irq, &t->del_irq, &t->del_irq_node);
    return E_OK;
}

err_t op_THREAD_MODIFY_SENDERS(struct thread *caller, struct object *object, u64 *w)
{
    struct relabel rule = {.mask = w[1], .match = w[2], .clear = w[3], .set = w[4]};
    struct thread *t = thread_of(object);
    bool more;
    remote_hold_thread(t);
    w[1] = ipc_relabel_senders(t, &rule, &more);
    w[2] = more;
    w[3] = w[4] = 0;
    return E_OK;
}

err_t op_THREAD_KEEP_REPLY(struct thread *caller, struct object *object, u64 *w)
{
    struct thread *t = thread_of(object);
    u64 index = w[1];
    if (t != caller)
        return E_INVAL;
    if (!t->reply.word || !task_slot_exists(t->task, index))
        return E_NOENT;
    if (task_slot(t->task, index)->word)
        return E_EXIST;

    /* point of no return */
    ipc_keep_reply(t, task_slot(t->task, index));
    return E_OK;
}

err_t op_THREAD_UNHELD(struct thread *caller, struct object *object, u64 *w)
{
    struct thread *t = thread_of(object);
    while (!list_empty(&t->unheld)) {
        if (gate_take_unheld(t, &w[1]))
            return E_OK;
        if (kernel_preempted())
            return INVOKE_RESTART;
    }
    return E_NOENT;
}
