/*
 * The checks that commands.def names, one small predicate each, and the loop that runs a table's rows in order.
 * Predicates that must find something to check it (a slot, a physical address) leave it in the operation.
 */
#include "machine/tcu/internal.h"

/* --- send endpoints ---------------------------------------------------------------------------------------------- */

static uint64_t send_r0(struct tcu *t, const struct tcu_op *op)
{
    return t->ep[op->send_ep].r[0];
}

static bool check_is_send(struct tcu *t, struct tcu_op *op)
{
    return tcu_ep_type(t, op->send_ep) == TCU_EP_SEND;
}

static bool check_send_is_own(struct tcu *t, struct tcu_op *op)
{
    return tcu_ep_is_own(t, op->send_ep);
}

static bool check_is_plain(struct tcu *t, struct tcu_op *op)
{
    return !TCU_GET(send_r0(t, op), TCU_SEND_IS_REPLY);
}

static bool check_is_one_shot(struct tcu *t, struct tcu_op *op)
{
    return TCU_GET(send_r0(t, op), TCU_SEND_IS_REPLY);
}

static bool check_size_is_valid(struct tcu *t, struct tcu_op *op)
{
    return TCU_GET(send_r0(t, op), TCU_SEND_MSG_LOG2) <= TCU_MAX_MSG_LOG2;
}

static bool check_fits_message(struct tcu *t, struct tcu_op *op)
{
    uint64_t size = UINT64_C(1) << TCU_GET(send_r0(t, op), TCU_SEND_MSG_LOG2);
    return size >= TCU_HEADER_BYTES && t->data_size <= size - TCU_HEADER_BYTES;
}

static bool check_is_aligned(struct tcu *t, struct tcu_op *op)
{
    return op->local % TCU_MSG_ALIGN == 0;
}

static bool check_has_credit(struct tcu *t, struct tcu_op *op)
{
    return TCU_GET(send_r0(t, op), TCU_SEND_CREDITS) > 0;
}

static bool check_credit_ep_exists(struct tcu *t, struct tcu_op *op)
{
    uint32_t ep = TCU_GET(send_r0(t, op), TCU_SEND_CREDIT_EP);
    return ep == TCU_NO_EP || ep < t->config.endpoints;
}

static bool check_answer_is_recv(struct tcu *t, struct tcu_op *op)
{
    return op->arg0 == TCU_NO_EP || (op->arg0 <= TCU_NO_EP && tcu_ep_type(t, op->arg0) == TCU_EP_RECEIVE);
}

static bool check_answer_is_own(struct tcu *t, struct tcu_op *op)
{
    return op->arg0 == TCU_NO_EP || tcu_ep_is_own(t, op->arg0);
}

/* --- receive endpoints ------------------------------------------------------------------------------------------- */

static bool check_is_receive(struct tcu *t, struct tcu_op *op)
{
    return tcu_ep_type(t, op->ep) == TCU_EP_RECEIVE;
}

static bool check_is_own(struct tcu *t, struct tcu_op *op)
{
    return tcu_ep_is_own(t, op->ep);
}

static bool check_waited_is_recv(struct tcu *t, struct tcu_op *op)
{
    return check_answer_is_recv(t, op);
}

static bool check_waited_is_own(struct tcu *t, struct tcu_op *op)
{
    return check_answer_is_own(t, op);
}

static bool check_has_replies(struct tcu *t, struct tcu_op *op)
{
    return tcu_ep_has_replies(&t->ep[op->ep]);
}

static bool check_replies_in_table(struct tcu *t, struct tcu_op *op)
{
    const struct tcu_ep *ep = &t->ep[op->ep];
    return !tcu_ep_has_replies(ep) || TCU_GET(ep->r[0], TCU_RECV_REPLY_EPS) + tcu_ep_slots(ep) <= t->config.endpoints;
}

static bool check_is_message(struct tcu *t, struct tcu_op *op)
{
    const struct tcu_ep *ep = &t->ep[op->ep];
    uint64_t size = tcu_ep_slot_size(ep);
    if (op->arg0 % size != 0 || op->arg0 / size >= tcu_ep_slots(ep))
        return false;
    op->slot = op->arg0 / size;
    op->send_ep = TCU_GET(ep->r[0], TCU_RECV_REPLY_EPS) + op->slot;
    bool unread = TCU_GET(ep->r[2], TCU_RECV_UNREAD) >> op->slot & 1;
    return !unread || tcu_message_is_reported(t, op->ep);
}

/* --- memory endpoints, local memory, protection ------------------------------------------------------------------ */

static bool ep_permits(struct tcu *t, struct tcu_op *op, uint32_t flag)
{
    return TCU_GET(t->ep[op->ep].r[0], TCU_MEM_FLAGS) & flag;
}

static bool check_is_memory(struct tcu *t, struct tcu_op *op)
{
    return tcu_ep_type(t, op->ep) == TCU_EP_MEMORY;
}

static bool check_may_read(struct tcu *t, struct tcu_op *op)
{
    return ep_permits(t, op, TCU_MEM_R);
}

static bool check_may_write(struct tcu *t, struct tcu_op *op)
{
    return ep_permits(t, op, TCU_MEM_W);
}

static bool check_is_permitted(struct tcu *t, struct tcu_op *op)
{
    return ep_permits(t, op, op->write ? TCU_MEM_W : TCU_MEM_R);
}

static bool check_has_pmp_ep(struct tcu *t, struct tcu_op *op)
{
    return op->ep < TCU_PMP_EPS;
}

static bool check_is_in_region(struct tcu *t, struct tcu_op *op)
{
    uint64_t region = t->ep[op->ep].r[2];
    return op->size == 0 || (op->arg0 <= region && op->size <= region - op->arg0);
}

static bool check_is_in_page(struct tcu *t, struct tcu_op *op)
{
    return op->size == 0 || op->local % TCU_PAGE_SIZE + op->size <= TCU_PAGE_SIZE;
}

static bool local_is_mapped(struct tcu *t, struct tcu_op *op, uint8_t flags)
{
    uint32_t index = 0;
    op->phys = op->local;
    if (!tcu_is_virtual(t) || op->size == 0)
        return true;
    if (!tcu_tlb_lookup(t, op->local, flags, &op->phys, &index))
        return false;
    op->delay += t->config.costs.tlb + index;
    return true;
}

static bool check_is_readable(struct tcu *t, struct tcu_op *op)
{
    return local_is_mapped(t, op, TCU_TLB_R);
}

static bool check_is_writable(struct tcu *t, struct tcu_op *op)
{
    return local_is_mapped(t, op, TCU_TLB_W);
}

/* --- requests of other tiles: op->ep is the target endpoint, op->size the packet's size --------------------------- */

static bool check_target_is_recv(struct tcu *t, struct tcu_op *op)
{
    return check_is_receive(t, op);
}

static bool check_fits_slot(struct tcu *t, struct tcu_op *op)
{
    return op->size <= tcu_ep_slot_size(&t->ep[op->ep]);
}

static bool check_has_free_slot(struct tcu *t, struct tcu_op *op)
{
    return tcu_rx_vacant(t, op->ep) != 0;
}

static bool check_was_stored(struct tcu *t, struct tcu_op *op)
{
    return !t->rx.failed;
}

static bool check_slot_is_there(struct tcu *t, struct tcu_op *op)
{
    return check_is_receive(t, op) && TCU_GET(t->ep[op->ep].r[2], TCU_RECV_OCCUPIED) >> t->rx.slot & 1;
}

static bool check_replies_still_fit(struct tcu *t, struct tcu_op *op)
{
    return check_replies_in_table(t, op);
}

static bool check_register_is_open(struct tcu *t, struct tcu_op *op)
{
    return op->local < TCU_NOC_MMIO || op->local >= TCU_NOC_MMIO + TCU_MMIO_SIZE ||
           tcu_noc_register_open(t, op->local - TCU_NOC_MMIO, op->size, op->write);
}

/* --- privileged and external commands ---------------------------------------------------------------------------- */

static bool check_page_is_cached(struct tcu *t, struct tcu_op *op)
{
    return tcu_tlb_find(t, op->arg0, t->priv_arg);
}

static bool check_tlb_has_room(struct tcu *t, struct tcu_op *op)
{
    return tcu_tlb_victim(t, TCU_GET(op->arg0, TCU_TLB_ASID), t->priv_arg);
}

static bool check_ep_exists(struct tcu *t, struct tcu_op *op)
{
    return op->ep < t->config.endpoints;
}

static bool check_credits_are_home(struct tcu *t, struct tcu_op *op)
{
    uint64_t r0 = t->ep[op->ep].r[0];
    return TCU_GET(op->arg0, TCU_EXT_FORCE) || tcu_ep_type(t, op->ep) != TCU_EP_SEND ||
           TCU_GET(r0, TCU_SEND_CREDITS) == TCU_GET(r0, TCU_SEND_MAX_CREDITS);
}

/* ----------------------------------------------------------------------------------------------------------------- */

struct check_row {
    enum tcu_table table;
    enum tcu_phase phase;
    bool (*holds)(struct tcu *t, struct tcu_op *op);
    enum tcu_error error;
};

static const struct check_row rows[] = {
#define TCU_CHECK(table, phase, name, error, text) {TCU_T_##table, TCU_PHASE_##phase, check_##name, TCU_E_##error},
#include "machine/tcu/commands.def"
};

enum tcu_error tcu_check(struct tcu *t, enum tcu_table table, enum tcu_phase phase, struct tcu_op *op)
{
    for (const struct check_row *row = rows; row < rows + sizeof rows / sizeof *rows; row++)
        if (row->table == table && row->phase == phase && !row->holds(t, op))
            return row->error;
    return TCU_E_NONE;
}
