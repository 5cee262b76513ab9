/*
 * Messages: headers, credits, the ring of slots, and one-shot replies.
 *
 * A reply frees its slot before the packet leaves, because the sender may get its credit back, and use it, before the
 * acknowledgement of the reply is here. If the reply fails, slot and reply endpoint are restored; until the outcome is
 * known only that sender's next message may take the slot (receive.c).
 */
#include <string.h>

#include "machine/tcu/internal.h"

static uint32_t current_messages(const struct tcu *t)
{
    return TCU_GET(t->cur_act, TCU_ACT_MSGS);
}

bool tcu_message_is_reported(const struct tcu *t, uint32_t ep)
{
    uint32_t unread = __builtin_popcount(TCU_GET(t->ep[ep].r[2], TCU_RECV_UNREAD));
    uint32_t hidden = t->unreported[ep] + (t->requests.visible_ep == ep);
    return unread > hidden && current_messages(t) > 0;
}

void tcu_message_account(struct tcu *t, uint32_t ep, struct tcu_out *out)
{
    if (tcu_ep_is_own(t, ep)) {
        tcu_set(t->cur_act, TCU_ACT_MSGS, current_messages(t) + 1);
        tcu_command_wake(t, out);
    } else {
        tcu_request_foreign(t, ep, out);
    }
}

static void mark_read(struct tcu *t, uint32_t ep, uint32_t slot)
{
    uint64_t unread = TCU_GET(t->ep[ep].r[2], TCU_RECV_UNREAD);
    if (unread >> slot & 1) {
        tcu_set(t->ep[ep].r[2], TCU_RECV_UNREAD, unread & ~(UINT64_C(1) << slot));
        tcu_set(t->cur_act, TCU_ACT_MSGS, current_messages(t) - 1);
    }
}

void tcu_message_free(struct tcu *t, uint32_t ep, uint32_t slot)
{
    mark_read(t, ep, slot);
    tcu_ep_free_slot(t, ep, slot);
}

uint32_t tcu_message_fetch(struct tcu *t, struct tcu_op *op)
{
    struct tcu_ep *ep = &t->ep[op->ep];
    uint32_t scanned = 0;
    t->arg1 = TCU_NO_MESSAGE;
    if (!tcu_message_is_reported(t, op->ep))
        return scanned;
    int slot = tcu_ep_find_slot(ep, TCU_GET(ep->r[2], TCU_RECV_UNREAD), TCU_GET(ep->r[0], TCU_RECV_RPOS), &scanned);
    if (slot >= 0) {
        mark_read(t, op->ep, slot);
        tcu_set(ep->r[0], TCU_RECV_RPOS, slot + 1);
        t->arg1 = slot * tcu_ep_slot_size(ep);
    }
    return scanned;
}

static void put_send_header(struct tcu *t, uint64_t *header)
{
    const struct tcu_op *op = &t->op;
    const struct tcu_ep *ep = &t->ep[op->ep];
    bool wants_reply = op->arg0 != TCU_NO_EP;
    bool unlimited = TCU_GET(ep->r[0], TCU_SEND_CREDITS) == TCU_UNLIMITED;
    uint64_t log2 = wants_reply ? TCU_GET(t->ep[op->arg0].r[0], TCU_RECV_SLOT_LOG2) : 5;
    header[TCU_HDR_WORD] = TCU_PUT(TCU_HDR_REPLY_LOG2, log2 < TCU_MAX_MSG_LOG2 ? log2 : TCU_MAX_MSG_LOG2) |
                           TCU_PUT(TCU_HDR_TILE, t->config.tile) | TCU_PUT(TCU_HDR_LENGTH, op->size) |
                           TCU_PUT(TCU_HDR_SENDER_EP, unlimited ? TCU_NO_EP : op->ep) |
                           TCU_PUT(TCU_HDR_REPLY_EP, op->arg0);
    header[TCU_HDR_REPLY_LABEL] = t->arg1;
    header[TCU_HDR_LABEL] = ep->r[2];
    header[TCU_HDR_PAD] = 0;
}

static void put_reply_header(struct tcu *t, uint64_t *header)
{
    const struct tcu_op *op = &t->op;
    const struct tcu_ep *ep = &t->ep[op->send_ep];
    header[TCU_HDR_WORD] = TCU_PUT(TCU_HDR_IS_REPLY, 1) | TCU_PUT(TCU_HDR_REPLY_LOG2, 5) |
                           TCU_PUT(TCU_HDR_TILE, t->config.tile) | TCU_PUT(TCU_HDR_LENGTH, op->size) |
                           TCU_PUT(TCU_HDR_SENDER_EP, TCU_NO_EP) |
                           TCU_PUT(TCU_HDR_REPLY_EP, TCU_GET(ep->r[0], TCU_SEND_CREDIT_EP));
    header[TCU_HDR_REPLY_LABEL] = 0;
    header[TCU_HDR_LABEL] = ep->r[2];
    header[TCU_HDR_PAD] = 0;
}

static void take_credit(struct tcu *t)
{
    uint64_t *r0 = &t->ep[t->op.ep].r[0];
    uint64_t credits = TCU_GET(*r0, TCU_SEND_CREDITS);
    t->op.took_credit = credits != TCU_UNLIMITED;
    if (t->op.took_credit)
        tcu_set(*r0, TCU_SEND_CREDITS, credits - 1);
}

static void free_first(struct tcu *t)
{
    struct tcu_op *op = &t->op;
    op->reply_ep = t->ep[op->send_ep];
    op->recv_epoch = t->epoch[op->ep];
    op->was_unread = TCU_GET(t->ep[op->ep].r[2], TCU_RECV_UNREAD) >> op->slot & 1;
    tcu_message_free(t, op->ep, op->slot);
}

void tcu_message_depart(struct tcu *t, struct tcu_out *out)
{
    struct tcu_op *op = &t->op;
    uint64_t header[TCU_HEADER_BYTES / 8];
    struct noc_packet *packet = &tcu_emit(out, TCU_FX_PACKET, 2 * t->config.costs.ep)->packet;
    op->phase = TCU_OP_REMOTE;
    op->id = tcu_new_id(t, TCU_ID_OP);
    op->send_epoch = t->epoch[op->send_ep];
    packet->source = t->config.tile;
    packet->destination = TCU_GET(t->ep[op->send_ep].r[1], TCU_SEND_TARGET_TILE);
    packet->kind = NOC_MESSAGE;
    packet->id = op->id;
    packet->address = TCU_GET(t->ep[op->send_ep].r[1], TCU_SEND_TARGET_EP);
    packet->size = TCU_HEADER_BYTES + op->size;
    if (op->opcode == TCU_CMD_SEND) {
        put_send_header(t, header);
        take_credit(t);
    } else {
        put_reply_header(t, header);
        free_first(t);
    }
    memcpy(packet->data, header, sizeof header);
    memcpy(packet->data + sizeof header, t->op_data, op->size);
}

static void restore_message(struct tcu *t, struct tcu_out *out)
{
    const struct tcu_op *op = &t->op;
    struct tcu_ep *ep = &t->ep[op->ep];
    uint64_t bit = UINT64_C(1) << op->slot;
    uint64_t occupied = TCU_GET(ep->r[2], TCU_RECV_OCCUPIED);
    if (t->epoch[op->ep] != op->recv_epoch || (occupied & bit))
        return;
    tcu_set(ep->r[2], TCU_RECV_OCCUPIED, occupied | bit);
    if (t->epoch[op->send_ep] == op->send_epoch)
        t->ep[op->send_ep] = op->reply_ep;
    if (op->was_unread) {
        tcu_set(ep->r[2], TCU_RECV_UNREAD, TCU_GET(ep->r[2], TCU_RECV_UNREAD) | bit);
        tcu_message_account(t, op->ep, out);
    }
}

void tcu_message_answered(struct tcu *t, enum tcu_error error, struct tcu_out *out)
{
    struct tcu_op *op = &t->op;
    if (error != TCU_E_NONE && op->opcode == TCU_CMD_REPLY)
        restore_message(t, out);
    else if (error != TCU_E_NONE && op->took_credit && t->epoch[op->ep] == op->send_epoch)
        tcu_ep_give_credit(&t->ep[op->ep]);
    tcu_command_end(t, error, out);
}
