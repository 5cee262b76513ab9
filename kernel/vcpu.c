/*
 * Virtual CPUs. Events enter at one place each, on the thread's home CPU and with its registers settled: faults and
 * system calls where they come up, messages and signals when the thread is about to run (sched_exit). The fast path
 * knows nothing of it: in virtual user mode the thread's slots lead nowhere and it owes no answer.
 */
#include "kernel/vcpu.h"
#include "kernel/ipc.h"
#include "kernel/irq.h"
#include "kernel/remote.h"
#include "kernel/sched.h"
#include "kernel/task.h"

/* --- what the thread's registers and spaces are --- */

/* An object without rights or operations in each slot: empty ones would be refused before we hear of it. */
static struct object nothing = {.receiver = &thread_nobody};
static struct slot nothing_leaf[SLOTS_PER_LEAF];
static struct slot *nothing_slots[SLOT_LEAVES];

void vcpu_init(void)
{
    for (u32 i = 0; i < SLOTS_PER_LEAF; i++)
        nothing_leaf[i].word = (u64)&nothing;
    for (u32 i = 0; i < SLOT_LEAVES; i++)
        nothing_slots[i] = nothing_leaf;
}

/* The running thread's space has changed: sched_exit loads it. */
static void reload_space(struct thread *t)
{
    if (t->cpu->current == t)
        t->cpu->current = NULL;
}

void vcpu_leave(struct thread *t)
{
    if (!t->guest)
        return;
    t->guest = NULL;
    list_remove(&t->in_guest);
    t->root = t->task->space.root;
    t->slots = t->task->slots;
    timeout_drop(t->cpu, &t->timeout);
    reload_space(t);
}

static void enter_guest(struct thread *t, struct task *guest)
{
    t->guest = guest;
    list_push_back(&guest->guests, &t->in_guest);
    t->root = guest->space.root;
    t->slots = nothing_slots;
    guest->space.cpus |= t->cpu->bit;
    reload_space(t);
}

/* Saves what t does, and lets it go on at its entry. What the event is besides its kind stands in the page already. */
static void enter(struct thread *t, enum vcpu_event event, u64 cause, u64 value)
{
    struct vcpu_state *v = t->vcpu;
    u64 words[EXC_WORDS] = {0};
    arch_exception_read(t, v->frame);
    v->frame[EXC_WORD_OP] = FAULT_EXCEPTION;
    v->frame[EXC_WORD_CAUSE] = cause;
    v->frame[EXC_WORD_TVAL] = value;
    v->event = event;
    v->user = t->guest != NULL;
    v->saved_flags = v->flags;
    v->flags = 0;
    arch_registers_start(words, v->entry_pc, t->guest ? v->entry_sp : t->hot.sp & ~0xfull, v->entry_tp);
    vcpu_leave(t);
    arch_exception_write(t, words);
    t->map_done = 0;
}

/* --- events --- */

bool vcpu_takes_fault(struct thread *t, enum call_kind kind, u64 cause, u64 value)
{
    bool fault = kind == CALL_PAGE_FAULT;
    if (!t->vcpu || !(t->guest || (t->vcpu->flags & (fault ? VCPU_FAULTS : VCPU_EXCEPTIONS))))
        return false;
    t->vcpu->tag = fault ? TAG(FAULT_WORDS, 0) : 0;
    t->vcpu->label = 0;
    words_copy(t->vcpu->w, t->fault_words);
    enter(t, fault ? VCPU_EVENT_PAGE_FAULT : VCPU_EVENT_EXCEPTION, cause, value);
    return true;
}

void vcpu_system_call(struct thread *t)
{
    struct vcpu_state *v = t->vcpu;
    v->tag = t->cold.tag;
    v->label = t->cold.selector;
    words_copy(v->w, t->cold.mr);
    enter(t, VCPU_EVENT_SYSCALL, 0, 0);
}

bool vcpu_expired(struct thread *t)
{
    if (!t->guest)
        return false;
    enter(t, VCPU_EVENT_TIMEOUT, 0, 0);
    return true;
}

bool vcpu_task_gone(struct task *task)
{
    while (!list_empty(&task->guests)) {
        struct thread *t = list_first(&task->guests, struct thread, in_guest);
        remote_hold_thread(t);
        enter(t, VCPU_EVENT_GONE, 0, 0);
        if (kernel_preempted())
            return list_empty(&task->guests);
    }
    return true;
}

void vcpu_end(struct thread *t)
{
    vcpu_leave(t);
    t->vcpu = NULL;
    t->vcpu_poll = false;
}

/* Whether the most urgent of those who wait for t is an Irq. */
static bool first_is_irq(const struct thread *t)
{
    return container_of(tree_first(&t->senders), struct sender, link)->is_irq;
}

/* The message takes the registers on its way into the page, so what was in them is saved before. */
void vcpu_poll(struct thread *t)
{
    struct vcpu_state *v = t->vcpu;
    t->vcpu_poll = false;
    if (tree_empty(&t->senders))
        return;
    bool answerable = !t->reply.word || first_is_irq(t);
    if (!(v->flags & VCPU_EVENTS) || !answerable) {
        v->pending = 1;
        return;
    }
    enter(t, VCPU_EVENT_MESSAGE, 0, 0);
    struct arch_hot_regs hot = t->hot;
    struct arch_cold_regs entry = t->cold;
    ipc_take(t);
    arch_regs_complete(&t->cold);
    v->tag = t->cold.tag;
    v->label = t->cold.label;
    words_copy(v->w, t->cold.mr);
    t->hot = hot;
    t->cold = entry;
    v->pending = !tree_empty(&t->senders);
}

/* --- operations --- */

err_t op_THREAD_VCPU_CONTROL(struct thread *caller, struct object *object, u64 *w)
{
    struct thread *t = thread_of(object);
    u64 address = w[1];
    if (!t->task)
        return E_INVAL;
    struct vcpu_state *v = address ? (struct vcpu_state *)task_utcb(t->task, address) : NULL;
    if (address && !v)
        return E_FAULT;
    remote_hold_thread(t);
    if (t->guest)
        return E_BUSY;

    /* point of no return */
    vcpu_end(t);
    t->vcpu = v;
    return E_OK;
}

/* The task of item 0, NULL: none, own mode. */
static err_t resume_task(struct thread *caller, struct task **task)
{
    err_t error = E_OK;
    *task = NULL;
    if (!invocation_items(caller))
        return E_OK;
    struct object *o = invocation_object(caller, 0, OBJ_TASK, RIGHT_CONTROL, &error);
    if (o)
        *task = task_of(o);
    return error;
}

err_t op_THREAD_VCPU_RESUME(struct thread *caller, struct object *object, u64 *w)
{
    struct thread *t = thread_of(object);
    struct vcpu_state *v = t->vcpu;
    struct task *guest;
    if (t != caller || !v)
        return E_INVAL;
    err_t error = resume_task(caller, &guest);
    if (error)
        return error;
    if (guest && t->reply.word) /* the fast path would give that answer for a system call there */
        return E_BUSY;

    /* point of no return */
    u64 words[EXC_WORDS];
    for (u32 i = 0; i < EXC_WORDS; i++)
        words[i] = v->frame[i];
    if (guest)
        ipc_limit_time(t);
    arch_exception_write(t, words);
    t->map_done = 0;
    v->flags = v->saved_flags & VCPU_FLAGS;
    if (guest)
        enter_guest(t, guest);
    vcpu_notify(t);
    return INVOKE_BLOCKED;
}
