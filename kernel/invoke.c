/*
 * Decodes an invocation: which phases, which object, which operation. Rights, words and items that an operation needs
 * are checked here, from the rows of abi/op.def, before it is entered.
 */
#include "kernel/invoke.h"
#include "kernel/cold.h"
#include "kernel/debug.h"
#include "kernel/ipc.h"
#include "kernel/irq.h"
#include "kernel/item.h"
#include "kernel/panic.h"
#include "kernel/sched.h"
#include "kernel/task.h"
#include "kernel/vcpu.h"

/* --- operations of kernel objects --- */

const struct operation invoke_operations[][OPERATIONS_MAX] = {
#define OBJECT(name, number, text)
#define OP(object, name, number, rights, words, items, errors, cost, text)                                             \
    [OBJ_##object][number] = {op_##object##_##name, rights, words},
#ifdef DEBUG
#define OP_DEBUG OP
#endif
#include "abi/op.def"
#undef OBJECT
#undef OP
};

u32 invocation_words(const struct thread *caller)
{
    return caller->cold.tag & TAG_WORDS_MASK;
}

u32 invocation_items(const struct thread *caller)
{
    return caller->cold.tag >> TAG_ITEMS_SHIFT & TAG_ITEMS_MASK;
}

/* Why the item is no object of this type with these rights. */
static COLD err_t item_error(struct thread *caller, u64 what, enum object_number type)
{
    if (!fpage_is_slot(what))
        return E_INVAL;
    struct slot *s = thread_slot(caller, what >> FPAGE_START_SHIFT);
    if (!s->word || s->node == &node_reply)
        return E_NOENT;
    return slot_object(s)->type != type ? E_INVAL : E_PERM;
}

struct slot *invocation_item(struct thread *caller, u32 i, enum object_number type, u32 rights, err_t *error)
{
    if (i >= invocation_items(caller)) {
        *error = E_MSGSIZE;
        return NULL;
    }
    u64 what = ((const volatile struct utcb *)caller->utcb)->item[i].what;
    if (fpage_is_slot(what)) {
        struct slot *s = thread_slot(caller, what >> FPAGE_START_SHIFT);
        u64 word = s->word; /* an empty slot and a reply capability have no rights, an operation needs some */
        if ((word & what & rights) == rights && slot_object(s)->type == type)
            return s;
    }
    *error = item_error(caller, what, type);
    return NULL;
}

/* What an operation says is the caller's answer; words 1-4 of one that succeeded are in place. False: there is none. */
static bool answer(struct thread *t, const struct object *o, err_t error)
{
    debug_check_error(o, t->cold.mr[0], error);
    if (error == INVOKE_RESTART)
        arch_regs_restart(t);
    if (error == INVOKE_RESTART || error == INVOKE_BLOCKED)
        return false;
    if (error) {
        t->map_done = 0;
        words_clear(t->cold.mr);
    }
    t->cold.mr[0] = error;
    t->cold.mr[5] = t->cold.mr[6] = t->cold.mr[7] = 0;
    thread_set_result(t, TAG(OPERATION_WORDS, 0), 0);
    return true;
}

bool invoke_ended(struct thread *t, const struct object *o, err_t error)
{
    if (!error && !cpu_self()->news) {
        kernel_assert(sched_nothing_new(cpu_self(), t));
        return true;
    }
    answer(t, o, error);
    return false;
}

/* Does what word 0 names with what the capability in s leads to. False: t has no answer. */
static bool operate(struct thread *t, const struct slot *s)
{
    err_t error;
    struct object *o = slot_object(s);
    const struct operation *op = invoke_find(o, t->cold.mr[0], s->word, t->cold.tag, &error);
    return answer(t, o, op ? op->run(t, o, t->cold.mr) : error);
}

/* --- phases --- */

static struct slot *selected_slot(struct thread *t)
{
    return task_slot(t->task, t->cold.selector & SEL_SLOT_MASK);
}

/* Reply slot asked for in the receive phase: NULL = implicit. It must exist and be empty. */
static err_t reply_slot(struct thread *t, struct slot **slot)
{
    *slot = NULL;
    if (!t->cold.reply_slot)
        return E_OK;
    struct slot *s = task_slot(t->task, t->cold.reply_slot);
    if (!task_slot_exists(t->task, t->cold.reply_slot))
        return E_NOENT;
    ipc_drop_reply(s);
    if (s->word)
        return E_EXIST;
    *slot = s;
    return E_OK;
}

/* Those who wait for t may bring items. */
static void wait_open(struct thread *t)
{
    if (t->senders.root && !item_prepare()) {
        t->cold.selector = SEL_OP_WAIT | SEL_TIMED;
        arch_regs_restart(t);
        return;
    }
    struct slot *keep;
    err_t error = reply_slot(t, &keep);
    if (error)
        thread_set_error(t, error);
    else
        ipc_wait(t, true, NULL, keep);
}

/* Closed: from the Irq in the slot; an empty selector sleeps. */
static COLD void wait_closed(struct thread *t)
{
    struct slot *s = selected_slot(t);
    if ((t->cold.selector & SEL_SLOT_MASK) == 0)
        ipc_wait(t, false, NULL, NULL);
    else if (!s->word)
        thread_set_error(t, E_NOENT);
    else if (slot_object(s)->type != OBJ_IRQ || !(slot_rights(s) & RIGHT_USE))
        thread_set_error(t, slot_object(s)->type != OBJ_IRQ ? E_INVAL : E_PERM);
    else
        ipc_wait(t, false, irq_of(slot_object(s)), NULL);
}

/* The object's answer is dropped, the receive phase follows. */
static void operate_and_wait(struct thread *t, const struct slot *s)
{
    u64 timeouts = t->cold.timeouts, slot = t->cold.reply_slot;
    if (!operate(t, s) || t->state != THREAD_READY) /* it may have ended itself */
        return;
    t->cold.timeouts = timeouts;
    t->cold.reply_slot = slot;
    wait_open(t);
}

static void send(struct thread *t, u64 op)
{
    struct slot *s = selected_slot(t);
    if (!s->word || s->node == &node_reply)
        thread_set_error(t, E_NOENT);
    else if (slot_object(s)->type == OBJ_GATE && !(t->cold.tag & TAG_OBJECT))
        ipc_send(t, s, op);
    else if (op == SEL_OP_SEND_WAIT)
        operate_and_wait(t, s);
    else
        operate(t, s);
}

static void reply(struct thread *t, u64 op)
{
    bool implicit = (t->cold.selector & SEL_SLOT_MASK) == 0;
    err_t error = ipc_reply(t, implicit ? &t->reply : selected_slot(t), t->cold.selector == SEL_OP_REPLY_WAIT);
    if (t->state != THREAD_READY)
        return;
    if (error == INVOKE_RESTART)
        arch_regs_restart(t);
    else if (op == SEL_OP_REPLY_WAIT && !error)
        wait_open(t);
    else if (error)
        thread_set_error(t, error);
    else
        thread_set_result(t, 0, 0);
}

static COLD void invoke_other(struct thread *t, u64 op)
{
    switch (op) {
    case SEL_OP_SEND:
    case SEL_OP_SEND_WAIT:
        send(t, op);
        break;
    case SEL_OP_REPLY:
        reply(t, op);
        break;
    case SEL_OP_RECV:
        wait_closed(t);
        break;
    case SEL_OP_WAIT:
        wait_open(t);
        break;
    default:
        thread_set_error(t, E_INVAL);
    }
}

void invoke(struct thread *t)
{
    u64 op = t->cold.selector & ~(SEL_SLOT_MASK | SEL_TIMED);
    if (t->guest)
        vcpu_system_call(t);
    else if (op == SEL_OP_CALL)
        send(t, op);
    else if (op == SEL_OP_REPLY_WAIT)
        reply(t, op);
    else
        invoke_other(t, op);
}
