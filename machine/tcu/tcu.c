/*
 * The step function: distributes events to the units of the TCU and lets time-outs run. The entry point of the model.
 */
#include <assert.h>
#include <string.h>

#include "machine/tcu/internal.h"

struct tcu_costs tcu_default_costs(void)
{
    return (struct tcu_costs){
#define TCU_COST(name, cycles, text) .name = cycles,
#include "machine/tcu/commands.def"
    };
}

void tcu_init(struct tcu *t, const struct tcu_config *config)
{
    assert(config->endpoints > 0 && config->endpoints <= TCU_MAX_EPS);
    memset(t, 0, sizeof *t);
    t->config = *config;
    t->features = config->features;
    t->cur_act = TCU_ACT_NONE;
    t->timer = TCU_NEVER;
    t->requests.visible_ep = TCU_NO_EP;
}

struct tcu_effect *tcu_emit(struct tcu_out *out, enum tcu_effect_kind kind, uint32_t delay)
{
    assert(out->count < TCU_MAX_EFFECTS);
    struct tcu_effect *effect = &out->effect[out->count++];
    effect->kind = kind;
    effect->delay = delay;
    effect->packet.error = TCU_E_NONE;
    effect->packet.size = 0;
    return effect;
}

uint32_t tcu_new_id(struct tcu *t, uint32_t unit)
{
    t->next_id = (t->next_id + 1) & ~TCU_ID_UNIT;
    return unit | t->next_id;
}

bool tcu_is_virtual(const struct tcu *t)
{
    return t->features & TCU_FEATURE_VM;
}

bool tcu_accepts(const struct tcu *t)
{
    return t->rx.count < TCU_RX_PACKETS;
}

static uint64_t op_deadline(const struct tcu_op *op)
{
    bool timed = op->phase == TCU_OP_START || op->phase == TCU_OP_SLEEP || op->phase == TCU_OP_FINISH;
    return timed ? op->due : TCU_NEVER;
}

static uint64_t rx_deadline(const struct tcu_rx *rx)
{
    return rx->count && !rx->storing ? rx->due : TCU_NEVER;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t tcu_deadline(const struct tcu *t)
{
    return earlier(t->timer, earlier(op_deadline(&t->op), rx_deadline(&t->rx)));
}

static void step_tick(struct tcu *t, struct tcu_out *out)
{
    if (rx_deadline(&t->rx) <= out->now)
        tcu_rx_tick(t, out);
    if (op_deadline(&t->op) <= out->now)
        tcu_command_tick(t, out);
    if (t->timer <= out->now) {
        t->timer = TCU_NEVER;
        tcu_irq_raise(t, TCU_IRQ_TIMER, out);
    }
}

/* The answer to a cache miss goes back to the core; failing reads are zeros, so that speculation cannot trap. */
static void cache_answer(uint32_t id, enum tcu_error error, const struct noc_packet *packet, struct tcu_out *out)
{
    struct tcu_effect *effect = tcu_emit(out, TCU_FX_CACHE_DONE, 0);
    effect->packet.id = id & ~TCU_ID_UNIT;
    effect->packet.error = error;
    memset(effect->packet.data, 0, sizeof effect->packet.data);
    if (packet && error == TCU_E_NONE) {
        effect->packet.size = packet->size;
        memcpy(effect->packet.data, packet->data, packet->size);
    }
}

static void step_packet(struct tcu *t, const struct noc_packet *packet, struct tcu_out *out)
{
    if (packet->kind != NOC_RESPONSE) {
        tcu_rx_add(t, packet, out);
        return;
    }
    uint32_t unit = packet->id & TCU_ID_UNIT;
    if (unit == TCU_ID_CACHE)
        cache_answer(packet->id, packet->error, packet, out);
    else
        tcu_command_response(t, packet, out);
    if (unit != TCU_ID_OP)
        tcu_packet_answered(t);
}

static void step_local(struct tcu *t, const struct tcu_event *event, struct tcu_out *out)
{
    if ((event->id & TCU_ID_UNIT) == TCU_ID_RX)
        tcu_rx_local(t, event, out);
    else
        tcu_command_local(t, event, out);
}

static void step_cache(struct tcu *t, const struct tcu_event *event, struct tcu_out *out)
{
    uint16_t tile;
    uint64_t address;
    enum tcu_error error = tcu_protect(t, event->address, event->size, event->write, &tile, &address);
    if (error != TCU_E_NONE) {
        if (t->priv_ctrl & TCU_PRIV_CTRL_PMP)
            tcu_request_pmp(t, event->address, event->write, error, out);
        cache_answer(event->id, error, NULL, out);
        return;
    }
    struct noc_packet *packet = &tcu_emit(out, TCU_FX_PACKET, t->config.costs.cache)->packet;
    t->packets_out++;
    packet->source = t->config.tile;
    packet->destination = tile;
    packet->kind = event->write ? NOC_CACHE_WRITE : NOC_CACHE_READ;
    packet->id = TCU_ID_CACHE | (event->id & ~TCU_ID_UNIT);
    packet->address = address;
    packet->size = event->size;
    if (event->write)
        memcpy(packet->data, event->data, event->size);
}

void tcu_step(struct tcu *t, const struct tcu_event *event, struct tcu_out *out)
{
    out->now = event->now;
    out->count = 0;
    switch (event->kind) {
    case TCU_EV_TICK:
        step_tick(t, out);
        break;
    case TCU_EV_WRITE:
        tcu_core_write(t, event->address, event->value, out);
        break;
    case TCU_EV_PACKET:
        step_packet(t, event->packet, out);
        break;
    case TCU_EV_LOCAL:
        step_local(t, event, out);
        break;
    case TCU_EV_CACHE:
        step_cache(t, event, out);
        break;
    case TCU_EV_INTERRUPT:
        tcu_command_interrupt(t, out);
        break;
    }
}

enum tcu_error tcu_protect(struct tcu *t, uint64_t phys, uint32_t size, bool write, uint16_t *tile, uint64_t *address)
{
    uint64_t inside = phys - t->config.memory_base;
    uint64_t offset = inside & ((UINT64_C(1) << t->config.region_log2) - 1);
    uint64_t index = phys < t->config.memory_base ? TCU_NO_EP : inside >> t->config.region_log2;
    struct tcu_op op = {.ep = index < TCU_PMP_EPS ? index : TCU_NO_EP, .arg0 = offset, .size = size, .write = write};
    enum tcu_error error = tcu_check(t, TCU_T_PROTECT, TCU_PHASE_START, &op);
    if (error == TCU_E_NONE) {
        *tile = TCU_GET(t->ep[op.ep].r[0], TCU_MEM_TILE);
        *address = t->ep[op.ep].r[1] + offset;
    }
    return error;
}
