/*
 * Decodes an invocation: which phases, which object, which operation. Rights, words and items that an operation needs
 * are checked here, from the rows of abi/op.def, before it is entered.
 */
#include "kernel/invoke.h"
#include "kernel/cold.h"
#include "kernel/debug.h"
#include "kernel/ipc.h"
#include "kernel/irq.h"
#include "kernel/task.h"
#include "kernel/vcpu.h"

/* --- operations of kernel objects --- */

struct operation {
    err_t (*run)(struct invocation *inv);
    u8 rights, words, items;
};

#define OPERATIONS_MAX 16 /* of an object, and 0; a power of two is found fastest */

static const struct operation operations[][OPERATIONS_MAX] = {
#define OBJECT(name, number, text)
#define OP(object, name, number, rights, words, items, errors, cost, text)                                             \
    [OBJ_##object][number] = {op_##object##_##name, rights, words, items},
#ifdef DEBUG
#define OP_DEBUG OP
#endif
#include "abi/op.def"
#undef OBJECT
#undef OP
};

struct slot *invocation_slot(struct invocation *inv, u32 i)
{
    return thread_slot(inv->caller, inv->item[i] >> FPAGE_START_SHIFT);
}

/* Why the item is no object of this type with these rights. */
static COLD err_t item_error(struct invocation *inv, u32 i, enum object_number type)
{
    if (i >= inv->items)
        return E_MSGSIZE;
    if (!fpage_is_slot(inv->item[i]))
        return E_INVAL;
    struct slot *s = invocation_slot(inv, i);
    if (!s->word || s->node == &node_reply)
        return E_NOENT;
    return slot_object(s)->type != type ? E_INVAL : E_PERM;
}

struct object *invocation_object(struct invocation *inv, u32 i, enum object_number type, u32 rights, err_t *error)
{
    u64 what = inv->item[i];
    if (i < inv->items && fpage_is_slot(what)) {
        struct slot *s = invocation_slot(inv, i);
        u64 word = s->word; /* an empty slot and a reply capability have no rights, an operation needs some */
        if ((word & what & rights) == rights && slot_object(s)->type == type)
            return slot_object(s);
    }
    *error = item_error(inv, i, type);
    return NULL;
}

/* In virtual user mode all slots lead to an object without operations. */
static COLD err_t no_operation(struct thread *t)
{
    if (!t->guest)
        return E_NOSYS;
    vcpu_system_call(t);
    return INVOKE_BLOCKED;
}

static ALWAYS_INLINE err_t run_operation(struct invocation *inv)
{
    u64 number = inv->w[0];
    const struct operation *op = number < OPERATIONS_MAX ? &operations[inv->object->type][number] : NULL;
    if (!op || !op->run)
        return no_operation(inv->caller);
    if (inv->n_words < op->words || inv->items < op->items)
        return E_MSGSIZE;
    if ((inv->rights & op->rights) != op->rights)
        return E_PERM;
    err_t error = op->run(inv);
    debug_check_error(inv, number, error);
    return error;
}

/* Invokes a kernel object. False: no result to deliver now, the thread blocks or does it again. */
static ALWAYS_INLINE bool invoke_object(struct thread *t, struct slot *s)
{
    u64 tag = t->cold.tag;
    struct invocation inv;
    inv.caller = t;
    inv.object = slot_object(s);
    inv.rights = slot_rights(s);
    inv.n_words = tag & TAG_WORDS_MASK;
    inv.items = tag >> TAG_ITEMS_SHIFT & TAG_ITEMS_MASK;
    inv.w = t->cold.mr;
    if (inv.items > INVOCATION_ITEMS)
        inv.items = INVOCATION_ITEMS;
    for (u32 i = 0; i < inv.items; i++)
        inv.item[i] = t->utcb->item[i].what;
    err_t error = run_operation(&inv);
    if (error) {
        if (error == INVOKE_RESTART)
            arch_regs_restart(t);
        if (error == INVOKE_RESTART || error == INVOKE_BLOCKED)
            return false;
        t->map_done = 0;
        words_clear(t->cold.mr);
    }
    t->cold.mr[0] = error;
    t->cold.mr[5] = t->cold.mr[6] = t->cold.mr[7] = 0;
    thread_set_result(t, TAG(OPERATION_WORDS, 0), 0);
    return true;
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

static void wait_open(struct thread *t)
{
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

/* Not for the frequent case, a call. */
static COLD bool invoke_object_rarely(struct thread *t, struct slot *s)
{
    return invoke_object(t, s);
}

/* The object's answer is dropped, the receive phase follows. */
static void invoke_object_and_wait(struct thread *t, struct slot *s)
{
    u64 timeouts = t->cold.timeouts, slot = t->cold.reply_slot;
    if (!invoke_object_rarely(t, s) || t->state != THREAD_READY) /* it may have ended itself */
        return;
    t->cold.timeouts = timeouts;
    t->cold.reply_slot = slot;
    wait_open(t);
}

static inline void send(struct thread *t, u64 op)
{
    struct slot *s = selected_slot(t);
    if (!s->word || s->node == &node_reply) {
        thread_set_error(t, E_NOENT);
        return;
    }
    if (slot_object(s)->type == OBJ_GATE && !(t->cold.tag & TAG_OBJECT)) {
        ipc_send(t, s, op);
        return;
    }
    if (op == SEL_OP_SEND_WAIT)
        invoke_object_and_wait(t, s);
    else
        invoke_object_rarely(t, s);
}

void invoke_call(struct thread *t, struct slot *s)
{
    if (s->node == &node_reply)
        thread_set_error(t, E_NOENT);
    else if (slot_object(s)->type == OBJ_GATE && !(t->cold.tag & TAG_OBJECT))
        ipc_send(t, s, SEL_OP_CALL);
    else
        invoke_object(t, s);
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
