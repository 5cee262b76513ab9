/*
 * Requests of other tiles: messages, and accesses to this tile's memory and registers. They are served one after the
 * other in order of arrival, so that an endpoint cannot change while a message for it is being stored.
 */
#include <string.h>

#include "machine/tcu/internal.h"

static struct noc_packet *head(struct tcu *t)
{
    return &t->rx.packet[t->rx.head];
}

static bool is_write(const struct noc_packet *packet)
{
    return packet->kind == NOC_WRITE || packet->kind == NOC_CACHE_WRITE;
}

static bool is_register(const struct noc_packet *packet)
{
    return packet->address >= TCU_NOC_MMIO && packet->address < TCU_NOC_MMIO + TCU_MMIO_SIZE;
}

static uint32_t serving_cost(const struct tcu *t, const struct noc_packet *packet)
{
    if (packet->kind == NOC_MESSAGE)
        return t->config.costs.receive;
    return is_register(packet) ? t->config.costs.control : t->config.costs.serve;
}

static void begin_next(struct tcu *t, struct tcu_out *out)
{
    t->rx.storing = false;
    if (t->rx.count > 0)
        t->rx.due = out->now + serving_cost(t, head(t));
}

void tcu_rx_add(struct tcu *t, const struct noc_packet *packet, struct tcu_out *out)
{
    if (!tcu_accepts(t))
        return;
    t->rx.packet[(t->rx.head + t->rx.count) % TCU_RX_PACKETS] = *packet;
    if (t->rx.count++ == 0)
        begin_next(t, out);
}

static struct noc_packet *respond(struct tcu *t, enum tcu_error error, struct tcu_out *out)
{
    struct noc_packet *response = &tcu_emit(out, TCU_FX_PACKET, 0)->packet;
    response->source = t->config.tile;
    response->destination = head(t)->source;
    response->kind = NOC_RESPONSE;
    response->error = error;
    response->id = head(t)->id;
    response->address = 0;
    response->size = 0;
    t->rx.head = (t->rx.head + 1) % TCU_RX_PACKETS;
    t->rx.count--;
    begin_next(t, out);
    return response;
}

static struct tcu_op view(struct tcu *t)
{
    const struct noc_packet *packet = head(t);
    return (struct tcu_op){.ep = packet->address < TCU_NO_EP ? packet->address : TCU_NO_EP,
                           .size = packet->size,
                           .local = packet->address,
                           .write = is_write(packet)};
}

/* --- messages ---------------------------------------------------------------------------------------------------- */

/*
 * The slot of a reply that is under way may have to be restored. Only one message proves that the reply has arrived and
 * that the slot is really free: the next one of the same sender, on the credit that came back with the reply.
 */
static bool may_take_reply_slot(const struct tcu *t, const struct noc_packet *message)
{
    const struct tcu_ep *reply = &t->op.reply_ep;
    uint64_t word;
    memcpy(&word, message->data, sizeof word);
    return !TCU_GET(word, TCU_HDR_IS_REPLY) && TCU_GET(word, TCU_HDR_SENDER_EP) != TCU_NO_EP &&
           TCU_GET(word, TCU_HDR_TILE) == TCU_GET(reply->r[1], TCU_SEND_TARGET_TILE) &&
           TCU_GET(word, TCU_HDR_SENDER_EP) == TCU_GET(reply->r[0], TCU_SEND_CREDIT_EP);
}

uint32_t tcu_rx_vacant(struct tcu *t, uint32_t ep)
{
    const struct tcu_op *op = &t->op;
    uint32_t slots = tcu_ep_slots(&t->ep[ep]);
    uint32_t all = slots == TCU_MAX_SLOTS ? UINT32_MAX : (1u << slots) - 1;
    uint32_t vacant = ~TCU_GET(t->ep[ep].r[2], TCU_RECV_OCCUPIED) & all, others = vacant;
    if (op->phase == TCU_OP_REMOTE && op->opcode == TCU_CMD_REPLY && op->ep == ep && op->recv_epoch == t->epoch[ep])
        others &= ~(1u << op->slot);
    return others || !may_take_reply_slot(t, head(t)) ? others : vacant;
}

static uint32_t occupy_slot(struct tcu *t, uint32_t id, uint32_t *scanned)
{
    struct tcu_ep *ep = &t->ep[id];
    uint32_t slot = tcu_ep_find_slot(ep, tcu_rx_vacant(t, id), TCU_GET(ep->r[0], TCU_RECV_WPOS), scanned);
    tcu_set(ep->r[2], TCU_RECV_OCCUPIED, TCU_GET(ep->r[2], TCU_RECV_OCCUPIED) | UINT64_C(1) << slot);
    tcu_set(ep->r[0], TCU_RECV_WPOS, slot + 1);
    return slot;
}

static void store(struct tcu *t, uint64_t address, uint32_t delay, struct tcu_out *out)
{
    struct noc_packet *access = &tcu_emit(out, TCU_FX_LOCAL_WRITE, delay)->packet;
    t->rx.storing = true;
    t->rx.id = access->id = tcu_new_id(t, TCU_ID_RX);
    access->address = address;
    access->size = head(t)->size;
    memcpy(access->data, head(t)->data, head(t)->size);
}

static void message_begin(struct tcu *t, struct tcu_out *out)
{
    struct tcu_op op = view(t);
    uint32_t scanned;
    enum tcu_error error = tcu_check(t, TCU_T_RECEIVE, TCU_PHASE_START, &op);
    if (error != TCU_E_NONE) {
        respond(t, error, out);
        return;
    }
    const struct tcu_ep *ep = &t->ep[op.ep];
    t->rx.slot = occupy_slot(t, op.ep, &scanned);
    store(t, ep->r[1] + t->rx.slot * tcu_ep_slot_size(ep), scanned, out);
}

static void make_reply_ep(struct tcu *t, const struct tcu_ep *ep, const uint64_t *header)
{
    uint32_t id = TCU_GET(ep->r[0], TCU_RECV_REPLY_EPS) + t->rx.slot;
    uint64_t word = header[TCU_HDR_WORD];
    struct tcu_ep *reply = &t->ep[id];
    reply->r[0] = TCU_PUT(TCU_EP_TYPE, TCU_EP_SEND) | TCU_PUT(TCU_EP_ACT, TCU_GET(ep->r[0], TCU_EP_ACT)) |
                  TCU_PUT(TCU_SEND_CREDITS, 1) | TCU_PUT(TCU_SEND_MAX_CREDITS, 1) |
                  TCU_PUT(TCU_SEND_MSG_LOG2, TCU_GET(word, TCU_HDR_REPLY_LOG2)) |
                  TCU_PUT(TCU_SEND_CREDIT_EP, TCU_GET(word, TCU_HDR_SENDER_EP)) | TCU_PUT(TCU_SEND_IS_REPLY, 1);
    reply->r[1] = TCU_PUT(TCU_SEND_TARGET_EP, TCU_GET(word, TCU_HDR_REPLY_EP)) |
                  TCU_PUT(TCU_SEND_TARGET_TILE, TCU_GET(word, TCU_HDR_TILE));
    reply->r[2] = header[TCU_HDR_REPLY_LABEL];
}

static void message_stored(struct tcu *t, uint32_t id, struct tcu_out *out)
{
    struct tcu_ep *ep = &t->ep[id];
    uint64_t header[TCU_HEADER_BYTES / 8];
    memcpy(header, head(t)->data, sizeof header);
    uint32_t reply_ep = TCU_GET(header[TCU_HDR_WORD], TCU_HDR_REPLY_EP);
    bool is_reply = TCU_GET(header[TCU_HDR_WORD], TCU_HDR_IS_REPLY);
    tcu_set(ep->r[2], TCU_RECV_UNREAD, TCU_GET(ep->r[2], TCU_RECV_UNREAD) | UINT64_C(1) << t->rx.slot);
    if (is_reply && tcu_ep_type(t, reply_ep) == TCU_EP_SEND)
        tcu_ep_give_credit(&t->ep[reply_ep]);
    else if (!is_reply && reply_ep != TCU_NO_EP && tcu_ep_has_replies(ep))
        make_reply_ep(t, ep, header);
    tcu_message_account(t, id, out);
}

static void message_end(struct tcu *t, struct tcu_out *out)
{
    struct tcu_op op = view(t);
    enum tcu_error error = tcu_check(t, TCU_T_RECEIVE, TCU_PHASE_ARRIVE, &op);
    if (error == TCU_E_NONE)
        message_stored(t, op.ep, out);
    else if (error != TCU_E_RECV_GONE && tcu_ep_type(t, op.ep) == TCU_EP_RECEIVE)
        tcu_ep_free_slot(t, op.ep, t->rx.slot);
    respond(t, error, out);
}

/* --- memory and registers ---------------------------------------------------------------------------------------- */

static void serve_registers(struct tcu *t, struct tcu_out *out)
{
    const struct noc_packet request = *head(t);
    uint64_t offset = request.address - TCU_NOC_MMIO;
    struct noc_packet *response = respond(t, TCU_E_NONE, out);
    for (uint32_t i = 0; i < request.size; i += 8) {
        uint64_t value = 0;
        if (is_write(&request)) {
            memcpy(&value, request.data + i, 8);
            tcu_noc_write(t, offset + i, value, out);
        } else {
            value = tcu_noc_read(t, offset + i, out->now);
            memcpy(response->data + i, &value, 8);
        }
    }
    response->size = is_write(&request) ? 0 : request.size;
}

static void access_begin(struct tcu *t, struct tcu_out *out)
{
    struct tcu_op op = view(t);
    enum tcu_error error = tcu_check(t, TCU_T_SERVE, TCU_PHASE_START, &op);
    if (error != TCU_E_NONE) {
        respond(t, error, out);
    } else if (is_register(head(t))) {
        serve_registers(t, out);
    } else if (op.write) {
        store(t, op.local, 0, out);
    } else {
        struct noc_packet *access = &tcu_emit(out, TCU_FX_LOCAL_READ, 0)->packet;
        t->rx.storing = true;
        t->rx.id = access->id = tcu_new_id(t, TCU_ID_RX);
        access->address = op.local;
        access->size = op.size;
    }
}

static void access_end(struct tcu *t, const struct tcu_event *event, struct tcu_out *out)
{
    struct tcu_op op = view(t);
    enum tcu_error error = tcu_check(t, TCU_T_SERVE, TCU_PHASE_ARRIVE, &op);
    struct noc_packet *response = respond(t, error, out);
    if (error == TCU_E_NONE && !op.write) {
        response->size = op.size;
        memcpy(response->data, event->data, op.size);
    }
}

void tcu_rx_tick(struct tcu *t, struct tcu_out *out)
{
    if (head(t)->kind == NOC_MESSAGE)
        message_begin(t, out);
    else
        access_begin(t, out);
}

void tcu_rx_local(struct tcu *t, const struct tcu_event *event, struct tcu_out *out)
{
    if (!t->rx.storing || t->rx.id != event->id)
        return;
    t->rx.failed = event->failed;
    if (head(t)->kind == NOC_MESSAGE)
        message_end(t, out);
    else
        access_end(t, event, out);
}
