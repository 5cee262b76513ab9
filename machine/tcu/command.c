/*
 * Unprivileged commands: one at a time, in phases.
 *
 *   COMMAND written         local data there           response
 *   NONE ----> START ------> LOAD ------------> REMOTE ----------> NONE      SEND, REPLY, WRITE
 *              START -------------------------> REMOTE --> STORE -> NONE     READ      (WRITE, READ: START again
 *              START -------------------> FINISH ----------------> NONE      FETCH, ACK     until DATA_SIZE is 0)
 *              START ----> SLEEP -------> FINISH ----------------> NONE      SLEEP
 */
#include <string.h>

#include "machine/tcu/internal.h"

_Static_assert((int)TCU_T_SLEEP - (int)TCU_T_SEND == TCU_CMD_SLEEP - TCU_CMD_SEND, "tables in order of opcodes");

enum tcu_table tcu_command_table(const struct tcu_op *op)
{
    return (enum tcu_table)(TCU_T_SEND + (op->opcode - TCU_CMD_SEND));
}

static bool is_memory_command(const struct tcu_op *op)
{
    return op->opcode == TCU_CMD_READ || op->opcode == TCU_CMD_WRITE;
}

static uint32_t start_cost(const struct tcu *t, uint32_t opcode)
{
    const struct tcu_costs *costs = &t->config.costs;
    const uint32_t cost[] = {
        [TCU_CMD_SEND] = costs->send,   [TCU_CMD_REPLY] = costs->reply,     [TCU_CMD_READ] = costs->read,
        [TCU_CMD_WRITE] = costs->write, [TCU_CMD_FETCH_MSG] = costs->fetch, [TCU_CMD_ACK_MSG] = costs->ack,
        [TCU_CMD_SLEEP] = costs->sleep};
    return cost[opcode];
}

void tcu_command_end(struct tcu *t, enum tcu_error error, struct tcu_out *out)
{
    t->op.phase = TCU_OP_NONE;
    t->command = TCU_PUT(TCU_CMD_OPCODE, TCU_CMD_IDLE) | TCU_PUT(TCU_CMD_ERROR, error);
    if (t->abort_waits)
        tcu_priv_abort_done(t);
}

static void end_later(struct tcu *t, uint32_t cycles, struct tcu_out *out)
{
    t->op.phase = TCU_OP_FINISH;
    t->op.error = TCU_E_NONE;
    t->op.due = out->now + cycles;
}

void tcu_command_start(struct tcu *t, uint64_t value, struct tcu_out *out)
{
    if (t->op.phase != TCU_OP_NONE)
        return;
    tcu_set(value, TCU_CMD_ERROR, TCU_E_NONE);
    t->command = value;
    uint32_t opcode = TCU_GET(value, TCU_CMD_OPCODE);
    if (opcode == TCU_CMD_IDLE)
        return;
    if (opcode > TCU_CMD_SLEEP) {
        tcu_command_end(t, TCU_E_UNKNOWN_CMD, out);
        return;
    }
    uint16_t ep = TCU_GET(value, TCU_CMD_EP);
    t->op = (struct tcu_op){
        .phase = TCU_OP_START, .opcode = opcode, .ep = ep, .send_ep = ep, .due = out->now + start_cost(t, opcode)};
}

static void set_operands(struct tcu *t)
{
    struct tcu_op *op = &t->op;
    op->local = t->data_addr;
    op->size = t->data_size < TCU_MAX_DATA ? t->data_size : TCU_MAX_DATA;
    op->arg0 = is_memory_command(op) ? t->arg1 : TCU_GET(t->command, TCU_CMD_ARG0);
    op->delay = 0;
}

static void memory_depart(struct tcu *t, struct tcu_out *out)
{
    struct tcu_op *op = &t->op;
    const struct tcu_ep *ep = &t->ep[op->ep];
    struct noc_packet *packet = &tcu_emit(out, TCU_FX_PACKET, t->config.costs.ep)->packet;
    op->phase = TCU_OP_REMOTE;
    op->id = tcu_new_id(t, TCU_ID_MEMORY);
    t->packets_out++;
    packet->source = t->config.tile;
    packet->destination = TCU_GET(ep->r[0], TCU_MEM_TILE);
    packet->kind = op->opcode == TCU_CMD_READ ? NOC_READ : NOC_WRITE;
    packet->id = op->id;
    packet->address = ep->r[1] + op->arg0;
    packet->size = op->size;
    if (op->opcode == TCU_CMD_WRITE)
        memcpy(packet->data, t->op_data, op->size);
}

/* The endpoint may have been rewritten or invalidated while local data were fetched: what counts is what it is now. */
static void depart(struct tcu *t, struct tcu_out *out)
{
    enum tcu_table table = tcu_command_table(&t->op);
    enum tcu_error error = tcu_check(t, table, TCU_PHASE_START, &t->op);
    if (error == TCU_E_NONE)
        error = tcu_check(t, table, TCU_PHASE_DEPART, &t->op);
    if (error != TCU_E_NONE)
        tcu_command_end(t, error, out);
    else if (is_memory_command(&t->op))
        memory_depart(t, out);
    else
        tcu_message_depart(t, out);
}

static void load(struct tcu *t, struct tcu_out *out)
{
    if (t->op.size == 0) {
        depart(t, out);
        return;
    }
    struct noc_packet *access = &tcu_emit(out, TCU_FX_LOCAL_READ, t->op.delay)->packet;
    t->op.phase = TCU_OP_LOAD;
    t->op.id = access->id = tcu_new_id(t, TCU_ID_OP);
    access->address = t->op.phys;
    access->size = t->op.size;
}

static void fetch(struct tcu *t, struct tcu_out *out)
{
    uint32_t scanned = tcu_message_fetch(t, &t->op);
    end_later(t, scanned + t->config.costs.fetch_end, out);
}

static bool sleep_is_over(const struct tcu *t)
{
    if (t->irqs)
        return true;
    if (t->op.arg0 == TCU_NO_EP)
        return TCU_GET(t->cur_act, TCU_ACT_MSGS) > 0;
    return TCU_GET(t->ep[t->op.arg0].r[2], TCU_RECV_UNREAD) != 0;
}

static void fall_asleep(struct tcu *t, struct tcu_out *out)
{
    if (sleep_is_over(t)) {
        tcu_command_end(t, TCU_E_NONE, out);
        return;
    }
    bool limited = t->arg1 != 0 && t->arg1 != ~UINT64_C(0);
    uint64_t cycles = tcu_ns_to_cycles(t, t->arg1);
    t->op.phase = TCU_OP_SLEEP;
    t->op.due = limited && cycles < TCU_NEVER - out->now ? out->now + cycles : TCU_NEVER;
    tcu_emit(out, TCU_FX_SUSPEND, 0);
}

static void wake(struct tcu *t, struct tcu_out *out)
{
    tcu_emit(out, TCU_FX_WAKE, t->config.costs.wake);
    end_later(t, t->config.costs.wake, out);
}

void tcu_command_wake(struct tcu *t, struct tcu_out *out)
{
    if (t->op.phase == TCU_OP_SLEEP && sleep_is_over(t))
        wake(t, out);
}

void tcu_command_interrupt(struct tcu *t, struct tcu_out *out)
{
    if (t->op.phase == TCU_OP_SLEEP)
        wake(t, out);
}

static void begin(struct tcu *t, struct tcu_out *out)
{
    set_operands(t);
    enum tcu_error error = tcu_check(t, tcu_command_table(&t->op), TCU_PHASE_START, &t->op);
    if (error != TCU_E_NONE || (is_memory_command(&t->op) && t->op.size == 0)) {
        tcu_command_end(t, error, out);
        return;
    }
    switch (t->op.opcode) {
    case TCU_CMD_READ:
        memory_depart(t, out);
        break;
    case TCU_CMD_FETCH_MSG:
        fetch(t, out);
        break;
    case TCU_CMD_ACK_MSG:
        tcu_message_free(t, t->op.ep, t->op.slot);
        tcu_command_end(t, TCU_E_NONE, out);
        break;
    case TCU_CMD_SLEEP:
        fall_asleep(t, out);
        break;
    default:
        load(t, out);
    }
}

void tcu_command_tick(struct tcu *t, struct tcu_out *out)
{
    if (t->op.phase == TCU_OP_START)
        begin(t, out);
    else if (t->op.phase == TCU_OP_SLEEP)
        wake(t, out);
    else
        tcu_command_end(t, t->op.error, out);
}

/* A packet of READ or WRITE is done: the registers say what is left, so that the command can always be resumed. */
static void advance(struct tcu *t, struct tcu_out *out)
{
    t->data_addr += t->op.size;
    t->data_size -= t->op.size;
    t->arg1 += t->op.size;
    if (t->data_size == 0) {
        tcu_command_end(t, TCU_E_NONE, out);
    } else if (t->abort_waits) {
        tcu_command_end(t, TCU_E_ABORT, out);
    } else {
        t->op.phase = TCU_OP_START;
        t->op.due = out->now + start_cost(t, t->op.opcode);
    }
}

void tcu_command_local(struct tcu *t, const struct tcu_event *event, struct tcu_out *out)
{
    struct tcu_op *op = &t->op;
    if (op->id != event->id || (op->phase != TCU_OP_LOAD && op->phase != TCU_OP_STORE))
        return;
    if (event->failed) {
        tcu_command_end(t, TCU_E_TIMEOUT_MEM, out);
    } else if (op->phase == TCU_OP_STORE) {
        advance(t, out);
    } else {
        memcpy(t->op_data, event->data, op->size);
        depart(t, out);
    }
}

static void read_arrived(struct tcu *t, const struct noc_packet *packet, struct tcu_out *out)
{
    struct tcu_op *op = &t->op;
    op->delay = 0;
    enum tcu_error error = tcu_check(t, TCU_T_READ, TCU_PHASE_ARRIVE, op);
    if (error == TCU_E_NONE && packet->size != op->size)
        error = TCU_E_TIMEOUT_MEM;
    if (error != TCU_E_NONE) {
        tcu_command_end(t, error, out);
        return;
    }
    struct noc_packet *access = &tcu_emit(out, TCU_FX_LOCAL_WRITE, op->delay)->packet;
    op->phase = TCU_OP_STORE;
    op->id = access->id = tcu_new_id(t, TCU_ID_OP);
    access->address = op->phys;
    access->size = op->size;
    memcpy(access->data, packet->data, op->size);
}

void tcu_command_response(struct tcu *t, const struct noc_packet *packet, struct tcu_out *out)
{
    struct tcu_op *op = &t->op;
    if (op->phase != TCU_OP_REMOTE || op->id != packet->id)
        return; /* of a command that was aborted */
    if (!is_memory_command(op))
        tcu_message_answered(t, packet->error, out);
    else if (packet->error != TCU_E_NONE)
        tcu_command_end(t, packet->error, out);
    else if (op->opcode == TCU_CMD_READ)
        read_arrived(t, packet, out);
    else
        advance(t, out);
}

bool tcu_command_has_left(const struct tcu *t)
{
    return t->op.phase == TCU_OP_STORE || (t->op.phase == TCU_OP_REMOTE && !is_memory_command(&t->op));
}
