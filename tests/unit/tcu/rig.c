/* The world of the TCU tests: turns effects into events; see rig.h. */
#include "rig.h"

#include <assert.h>
#include <string.h>

void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    rig->latency = 10;
    for (uint16_t i = 0; i < RIG_TILES; i++) {
        struct tcu_config config = {.tile = i,
                                    .endpoints = 64,
                                    .memory_base = 0x80000000u,
                                    .region_log2 = 29,
                                    .features = TCU_FEATURE_KERNEL | TCU_FEATURE_VM | TCU_FEATURE_CTXSW,
                                    .mhz = 1000,
                                    .costs = tcu_default_costs()};
        tcu_init(&rig->tcu[i], &config);
        rig->tcu[i].cur_act = RIG_ACT;
    }
}

static struct rig_pending *add(struct rig *rig, uint16_t tile, enum tcu_event_kind kind, uint64_t due)
{
    assert(rig->count < RIG_PENDING);
    struct rig_pending *pending = &rig->pending[rig->count++];
    *pending = (struct rig_pending){.due = due, .order = rig->order++, .tile = tile, .kind = kind};
    return pending;
}

static bool is_inside(uint64_t address, uint32_t size)
{
    return address < RIG_BYTES && size <= RIG_BYTES - address;
}

/* The memory tile, and tiles that do not exist, answer at once. */
static void answer_without_tcu(struct rig *rig, const struct noc_packet *request, uint64_t due)
{
    struct noc_packet *answer = &add(rig, request->source, TCU_EV_PACKET, due)->packet;
    bool is_memory = request->destination == RIG_MEMORY;
    *answer = (struct noc_packet){
        .source = request->destination, .destination = request->source, .kind = NOC_RESPONSE, .id = request->id};
    if (!is_memory || !is_inside(request->address, request->size)) {
        answer->error = is_memory ? TCU_E_TIMEOUT_MEM : TCU_E_TIMEOUT_NOC;
    } else if (request->kind == NOC_WRITE || request->kind == NOC_CACHE_WRITE) {
        memcpy(rig->memory[RIG_MEMORY] + request->address, request->data, request->size);
    } else {
        answer->size = request->size;
        memcpy(answer->data, rig->memory[RIG_MEMORY] + request->address, request->size);
    }
}

static void do_local(struct rig *rig, uint16_t tile, const struct tcu_effect *effect, uint64_t due)
{
    const struct noc_packet *access = &effect->packet;
    struct rig_pending *pending = add(rig, tile, TCU_EV_LOCAL, due);
    pending->packet.id = access->id;
    pending->packet.size = access->size;
    pending->failed = !is_inside(access->address, access->size);
    if (pending->failed)
        return;
    if (effect->kind == TCU_FX_LOCAL_WRITE)
        memcpy(rig->memory[tile] + access->address, access->data, access->size);
    else
        memcpy(pending->packet.data, rig->memory[tile] + access->address, access->size);
}

static void do_packet(struct rig *rig, const struct noc_packet *packet, uint64_t due)
{
    if (packet->destination < RIG_TILES) {
        add(rig, packet->destination, TCU_EV_PACKET, due)->packet = *packet;
    } else if (packet->destination == RIG_OUTSIDE) {
        rig->answer = *packet;
        rig->answered = true;
    } else {
        answer_without_tcu(rig, packet, due);
    }
}

static void do_effect(struct rig *rig, uint16_t tile, const struct tcu_effect *effect)
{
    uint64_t due = rig->now + effect->delay;
    switch (effect->kind) {
    case TCU_FX_PACKET:
        do_packet(rig, &effect->packet, due + rig->latency);
        break;
    case TCU_FX_LOCAL_READ:
    case TCU_FX_LOCAL_WRITE:
        do_local(rig, tile, effect, due + (rig->latency ? RIG_LOCAL_LATENCY : 0));
        break;
    case TCU_FX_CACHE_DONE:
        rig->cache_answer = effect->packet;
        rig->cache_answers++;
        break;
    case TCU_FX_IRQ:
        rig->irq[tile][effect->packet.id] = effect->packet.size;
        break;
    case TCU_FX_SUSPEND:
    case TCU_FX_WAKE:
        rig->suspended[tile] = effect->kind == TCU_FX_SUSPEND;
        break;
    case TCU_FX_CORE_START:
    case TCU_FX_CORE_STOP:
        rig->running[tile] = effect->kind == TCU_FX_CORE_START;
        break;
    case TCU_FX_PRINT:
        memcpy(rig->printed, effect->packet.data, effect->packet.size);
        rig->printed[effect->packet.size] = 0;
        break;
    }
}

static void step(struct rig *rig, uint16_t tile, const struct tcu_event *event)
{
    struct tcu_out out;
    tcu_step(&rig->tcu[tile], event, &out);
    for (uint32_t i = 0; i < out.count; i++)
        do_effect(rig, tile, &out.effect[i]);
}

void rig_event(struct rig *rig, uint16_t tile, struct tcu_event event)
{
    event.now = rig->now;
    step(rig, tile, &event);
}

void rig_write(struct rig *rig, uint16_t tile, uint64_t offset, uint64_t value)
{
    step(rig, tile, &(struct tcu_event){.kind = TCU_EV_WRITE, .now = rig->now, .address = offset, .value = value});
}

uint64_t rig_read(const struct rig *rig, uint16_t tile, uint64_t offset)
{
    return tcu_core_read(&rig->tcu[tile], offset, rig->now);
}

bool rig_deliverable(const struct rig *rig, uint32_t i)
{
    const struct rig_pending *pending = &rig->pending[i];
    bool request = pending->kind == TCU_EV_PACKET && pending->packet.kind != NOC_RESPONSE;
    if (request && !tcu_accepts(&rig->tcu[pending->tile]))
        return false;
    for (uint32_t j = 0; j < rig->count; j++) { /* the network keeps the order of requests between two tiles */
        const struct rig_pending *other = &rig->pending[j];
        if (request && other->kind == TCU_EV_PACKET && other->packet.kind != NOC_RESPONSE &&
            other->packet.source == pending->packet.source && other->tile == pending->tile &&
            other->order < pending->order)
            return false;
    }
    return true;
}

void rig_deliver(struct rig *rig, uint32_t i)
{
    struct rig_pending pending = rig->pending[i];
    rig->pending[i] = rig->pending[--rig->count];
    if (pending.due > rig->now)
        rig->now = pending.due;
    step(rig, pending.tile,
         &(struct tcu_event){.kind = pending.kind,
                             .now = rig->now,
                             .id = pending.packet.id,
                             .size = pending.packet.size,
                             .failed = pending.failed,
                             .data = pending.packet.data,
                             .packet = &pending.packet});
}

void rig_tick(struct rig *rig, uint16_t tile)
{
    uint64_t deadline = tcu_deadline(&rig->tcu[tile]);
    if (deadline > rig->now)
        rig->now = deadline;
    step(rig, tile, &(struct tcu_event){.kind = TCU_EV_TICK, .now = rig->now});
}

static bool is_before(const struct rig *rig, const struct rig_pending *a, const struct rig_pending *b)
{
    return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static int next_pending(const struct rig *rig)
{
    int best = -1;
    for (uint32_t i = 0; i < rig->count; i++)
        if (rig_deliverable(rig, i) && (best < 0 || is_before(rig, &rig->pending[i], &rig->pending[best])))
            best = i;
    return best;
}

/* The next event in time, if it is due by `limit`. */
static bool step_next(struct rig *rig, uint64_t limit)
{
    int next = next_pending(rig), ticking = -1;
    uint64_t due = next < 0 ? TCU_NEVER : rig->pending[next].due;
    for (int i = 0; i < RIG_TILES; i++)
        if (tcu_deadline(&rig->tcu[i]) < due) {
            due = tcu_deadline(&rig->tcu[i]);
            ticking = i;
        }
    if (due > limit || (next < 0 && ticking < 0))
        return false;
    if (ticking >= 0)
        rig_tick(rig, ticking);
    else
        rig_deliver(rig, next);
    return true;
}

void rig_run_until(struct rig *rig, uint64_t limit)
{
    while (step_next(rig, limit))
        continue;
}

uint64_t rig_run(struct rig *rig)
{
    uint64_t start = rig->now;
    rig_run_until(rig, rig->now + 1000000);
    return rig->now - start;
}

void rig_start(struct rig *rig, uint16_t tile, enum tcu_opcode opcode, uint16_t ep, uint64_t arg0)
{
    rig_write(rig, tile, TCU_REG_COMMAND,
              TCU_PUT(TCU_CMD_OPCODE, opcode) | TCU_PUT(TCU_CMD_EP, ep) | TCU_PUT(TCU_CMD_ARG0, arg0));
}

bool rig_is_idle(const struct rig *rig, uint16_t tile)
{
    return TCU_GET(rig_read(rig, tile, TCU_REG_COMMAND), TCU_CMD_OPCODE) == TCU_CMD_IDLE;
}

enum tcu_error rig_error(const struct rig *rig, uint16_t tile)
{
    return (enum tcu_error)TCU_GET(rig_read(rig, tile, TCU_REG_COMMAND), TCU_CMD_ERROR);
}

enum tcu_error rig_command(struct rig *rig, uint16_t tile, enum tcu_opcode opcode, uint16_t ep, uint64_t arg0)
{
    rig_start(rig, tile, opcode, ep, arg0);
    rig_run(rig);
    assert(rig_is_idle(rig, tile));
    return rig_error(rig, tile);
}

enum tcu_error rig_priv(struct rig *rig, uint16_t tile, enum tcu_opcode opcode, uint64_t arg, uint64_t *result)
{
    rig_write(rig, tile, TCU_REG_PRIV_CMD, TCU_PUT(TCU_PRIV_OPCODE, opcode) | TCU_PUT(TCU_PRIV_ARG, arg));
    uint64_t word = rig_read(rig, tile, TCU_REG_PRIV_CMD);
    if (result)
        *result = TCU_GET(word, TCU_PRIV_ARG);
    return (enum tcu_error)TCU_GET(word, TCU_PRIV_ERROR);
}

void rig_request_begin(struct rig *rig, const struct noc_packet *request)
{
    struct noc_packet packet = *request;
    packet.source = RIG_OUTSIDE;
    rig->answered = false;
    step(rig, packet.destination, &(struct tcu_event){.kind = TCU_EV_PACKET, .now = rig->now, .packet = &packet});
}

struct noc_packet rig_request_end(struct rig *rig)
{
    while (!rig->answered && step_next(rig, TCU_NEVER))
        continue;
    assert(rig->answered);
    return rig->answer;
}

struct noc_packet rig_request(struct rig *rig, const struct noc_packet *request)
{
    rig_request_begin(rig, request);
    return rig_request_end(rig);
}

enum tcu_error rig_noc_write(struct rig *rig, uint16_t tile, uint64_t address, const uint64_t *words, uint32_t count)
{
    struct noc_packet request = {.destination = tile, .kind = NOC_WRITE, .address = address, .size = 8 * count};
    memcpy(request.data, words, 8 * count);
    return (enum tcu_error)rig_request(rig, &request).error;
}

enum tcu_error rig_ext(struct rig *rig, uint16_t tile, enum tcu_opcode opcode, uint64_t arg, uint64_t *result)
{
    uint64_t word = TCU_PUT(TCU_PRIV_OPCODE, opcode) | TCU_PUT(TCU_PRIV_ARG, arg);
    enum tcu_error error = rig_noc_write(rig, tile, TCU_NOC_MMIO + TCU_REG_EXT_CMD, &word, 1);
    assert(error == TCU_E_NONE);
    word = rig_read(rig, tile, TCU_REG_EXT_CMD);
    if (result)
        *result = TCU_GET(word, TCU_PRIV_ARG);
    return (enum tcu_error)TCU_GET(word, TCU_PRIV_ERROR);
}

void rig_set_send(struct rig *rig, uint16_t tile, uint16_t ep, uint16_t to_tile, uint16_t to_ep, uint32_t credits,
                  uint32_t msg_log2, uint64_t label)
{
    rig->tcu[tile].ep[ep] =
        (struct tcu_ep){{TCU_PUT(TCU_EP_TYPE, TCU_EP_SEND) | TCU_PUT(TCU_EP_ACT, RIG_ACT) |
                             TCU_PUT(TCU_SEND_CREDITS, credits) | TCU_PUT(TCU_SEND_MAX_CREDITS, credits) |
                             TCU_PUT(TCU_SEND_MSG_LOG2, msg_log2) | TCU_PUT(TCU_SEND_CREDIT_EP, TCU_NO_EP),
                         TCU_PUT(TCU_SEND_TARGET_EP, to_ep) | TCU_PUT(TCU_SEND_TARGET_TILE, to_tile), label}};
}

void rig_set_recv(struct rig *rig, uint16_t tile, uint16_t ep, struct rig_recv recv)
{
    rig->tcu[tile].ep[ep] =
        (struct tcu_ep){{TCU_PUT(TCU_EP_TYPE, TCU_EP_RECEIVE) | TCU_PUT(TCU_EP_ACT, RIG_ACT) |
                             TCU_PUT(TCU_RECV_REPLY_EPS, recv.replies) | TCU_PUT(TCU_RECV_SLOTS_LOG2, recv.slots_log2) |
                             TCU_PUT(TCU_RECV_SLOT_LOG2, recv.slot_log2),
                         recv.buffer, 0}};
}

void rig_set_memory(struct rig *rig, uint16_t tile, uint16_t ep, uint16_t to_tile, uint64_t address, uint64_t size,
                    uint32_t flags)
{
    rig->tcu[tile].ep[ep] = (struct tcu_ep){{TCU_PUT(TCU_EP_TYPE, TCU_EP_MEMORY) | TCU_PUT(TCU_EP_ACT, RIG_ACT) |
                                                 TCU_PUT(TCU_MEM_FLAGS, flags) | TCU_PUT(TCU_MEM_TILE, to_tile),
                                             address, size}};
}

void rig_map(struct rig *rig, uint16_t tile, uint64_t virt, uint64_t phys, uint32_t flags)
{
    rig_write(rig, tile, TCU_REG_PRIV_CMD_ARG, virt);
    rig_priv(rig, tile, TCU_PRIV_INS_TLB, TCU_PUT(TCU_TLB_ASID, RIG_ACT) | phys | flags, NULL);
}

void rig_set_field_(uint64_t *word, uint32_t first, uint32_t width, uint64_t value)
{
    *word = (*word & ~TCU_PUT_(first, width, ~UINT64_C(0))) | TCU_PUT_(first, width, value);
}

uint32_t rig_credits(const struct rig *rig, uint16_t tile, uint16_t ep)
{
    return TCU_GET(rig->tcu[tile].ep[ep].r[0], TCU_SEND_CREDITS);
}

uint32_t rig_occupied(const struct rig *rig, uint16_t tile, uint16_t ep)
{
    return TCU_GET(rig->tcu[tile].ep[ep].r[2], TCU_RECV_OCCUPIED);
}

uint32_t rig_unread(const struct rig *rig, uint16_t tile, uint16_t ep)
{
    return TCU_GET(rig->tcu[tile].ep[ep].r[2], TCU_RECV_UNREAD);
}

uint32_t rig_messages(const struct rig *rig, uint16_t tile)
{
    return TCU_GET(rig->tcu[tile].cur_act, TCU_ACT_MSGS);
}
