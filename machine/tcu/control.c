/*
 * Privileged commands (of the tile's multiplexer) and external commands (of the controller, through the network).
 */
#include "machine/tcu/internal.h"

static void priv_end(struct tcu *t, enum tcu_error error, uint64_t arg)
{
    t->priv_cmd = TCU_PUT(TCU_PRIV_OPCODE, TCU_PRIV_IDLE) | TCU_PUT(TCU_PRIV_ERROR, error) | TCU_PUT(TCU_PRIV_ARG, arg);
}

static void exchange_activity(struct tcu *t, uint64_t next, struct tcu_out *out)
{
    t->priv_arg = t->cur_act;
    t->cur_act = next & UINT32_MAX;
    tcu_command_wake(t, out);
}

static void set_timer(struct tcu *t, uint64_t ns, struct tcu_out *out)
{
    uint64_t cycles = tcu_ns_to_cycles(t, ns);
    t->timer = ns != 0 && cycles < TCU_NEVER - out->now ? out->now + cycles : TCU_NEVER;
}

/* What has left, or is being stored, can only be waited for; everything else ends here. */
static void abort_command(struct tcu *t, struct tcu_out *out)
{
    enum tcu_abort result = TCU_ABORT_LOCAL;
    switch (t->op.phase) {
    case TCU_OP_NONE:
        priv_end(t, TCU_E_NONE, TCU_ABORT_NONE);
        return;
    case TCU_OP_FINISH:
        tcu_command_end(t, t->op.error, out);
        priv_end(t, TCU_E_NONE, TCU_ABORT_NONE);
        return;
    case TCU_OP_SLEEP:
        tcu_emit(out, TCU_FX_WAKE, 0);
        break;
    case TCU_OP_REMOTE:
        result = TCU_ABORT_REMOTE;
        break;
    default:
        break;
    }
    if (tcu_command_has_left(t)) {
        t->abort_waits = true;
        return;
    }
    tcu_command_end(t, TCU_E_ABORT, out);
    priv_end(t, TCU_E_NONE, result);
}

void tcu_priv_abort_done(struct tcu *t)
{
    bool aborted = TCU_GET(t->command, TCU_CMD_ERROR) == TCU_E_ABORT;
    t->abort_waits = false;
    priv_end(t, TCU_E_NONE, aborted ? TCU_ABORT_LOCAL : TCU_ABORT_NONE);
}

static enum tcu_error change_tlb(struct tcu *t, enum tcu_table table, uint64_t arg)
{
    struct tcu_op op = {.arg0 = arg};
    enum tcu_error error = tcu_check(t, table, TCU_PHASE_START, &op);
    if (error != TCU_E_NONE)
        return error;
    if (table == TCU_T_INS_TLB)
        tcu_tlb_insert(t, arg, t->priv_arg);
    else
        *tcu_tlb_find(t, arg, t->priv_arg) = (struct tcu_tlb_entry){0};
    return TCU_E_NONE;
}

void tcu_priv_start(struct tcu *t, uint64_t value, struct tcu_out *out)
{
    uint64_t arg = TCU_GET(value, TCU_PRIV_ARG);
    if (t->abort_waits)
        return;
    t->priv_cmd = value;
    switch (TCU_GET(value, TCU_PRIV_OPCODE)) {
    case TCU_PRIV_IDLE:
        return;
    case TCU_PRIV_INV_PAGE:
        priv_end(t, change_tlb(t, TCU_T_INV_PAGE, arg), 0);
        return;
    case TCU_PRIV_INS_TLB:
        priv_end(t, change_tlb(t, TCU_T_INS_TLB, arg), 0);
        return;
    case TCU_PRIV_INV_TLB:
        tcu_tlb_flush(t);
        break;
    case TCU_PRIV_XCHG_ACT:
        exchange_activity(t, arg, out);
        break;
    case TCU_PRIV_SET_TIMER:
        set_timer(t, arg, out);
        break;
    case TCU_PRIV_ABORT_CMD:
        abort_command(t, out);
        return;
    default:
        priv_end(t, TCU_E_UNKNOWN_CMD, 0);
        return;
    }
    priv_end(t, TCU_E_NONE, 0);
}

/* Messages that the multiplexer was told of, and may have counted; the rest is withdrawn with the endpoint. */
static uint64_t reported_unread(const struct tcu *t, uint32_t ep)
{
    uint64_t unread = TCU_GET(t->ep[ep].r[2], TCU_RECV_UNREAD);
    for (uint32_t hidden = t->unreported[ep]; hidden > 0; hidden--)
        unread &= unread - 1;
    return unread;
}

static enum tcu_error invalidate(struct tcu *t, uint64_t arg, uint64_t *result)
{
    struct tcu_op op = {.ep = TCU_GET(arg, TCU_EXT_EP), .arg0 = arg};
    enum tcu_error error = tcu_check(t, TCU_T_INV_EP, TCU_PHASE_START, &op);
    if (error != TCU_E_NONE)
        return error;
    if (tcu_ep_type(t, op.ep) == TCU_EP_RECEIVE)
        *result = reported_unread(t, op.ep);
    t->ep[op.ep] = (struct tcu_ep){{0}};
    tcu_ep_rewritten(t, op.ep);
    return TCU_E_NONE;
}

static void stop(struct tcu *t, struct tcu_out *out)
{
    t->op.phase = TCU_OP_NONE;
    t->abort_waits = false;
    t->data_addr = t->data_size = t->arg1 = t->command = t->print = 0;
    t->priv_ctrl = t->priv_cmd = t->priv_arg = 0;
    t->cur_act = TCU_ACT_NONE;
    t->timer = TCU_NEVER;
    t->requests = (struct tcu_requests){.visible_ep = TCU_NO_EP};
    for (uint32_t i = 0; i < t->config.endpoints; i++) {
        t->ep[i] = (struct tcu_ep){{0}};
        tcu_ep_rewritten(t, i);
    }
    for (uint32_t i = 0; i < TCU_TLB_ENTRIES; i++)
        t->tlb[i] = (struct tcu_tlb_entry){0};
    tcu_irq_clear(t, TCU_IRQ_CU, out);
    tcu_irq_clear(t, TCU_IRQ_TIMER, out);
    tcu_emit(out, TCU_FX_CORE_STOP, 0);
}

static enum tcu_error reset(struct tcu *t, uint64_t arg, struct tcu_out *out)
{
    if (arg == TCU_EXT_STOP)
        stop(t, out);
    else
        tcu_emit(out, TCU_FX_CORE_START, 0);
    return TCU_E_NONE;
}

/*
 * The command has ended when nothing of what the endpoint, or the stopped core, has set off is under way any more: the
 * controller may then give the memory to somebody else. Until then EXT_CMD keeps the opcode.
 */
static void ext_end_if_quiet(struct tcu *t)
{
    if (t->packets_out == 0)
        tcu_set(t->ext_cmd, TCU_PRIV_OPCODE, TCU_EXT_IDLE);
}

void tcu_packet_answered(struct tcu *t)
{
    t->packets_out--;
    ext_end_if_quiet(t);
}

void tcu_ext_start(struct tcu *t, uint64_t value, struct tcu_out *out)
{
    uint64_t arg = TCU_GET(value, TCU_PRIV_ARG), result = 0;
    uint64_t opcode = TCU_GET(value, TCU_PRIV_OPCODE);
    bool busy = TCU_GET(t->ext_cmd, TCU_PRIV_OPCODE) != TCU_EXT_IDLE;
    if (busy && opcode != TCU_EXT_RESET)
        return;
    enum tcu_error error = TCU_E_UNKNOWN_CMD;
    if (opcode == TCU_EXT_INV_EP)
        error = invalidate(t, arg, &result);
    else if (opcode == TCU_EXT_RESET)
        error = reset(t, arg, out);
    t->ext_cmd = TCU_PUT(TCU_PRIV_OPCODE, opcode) | TCU_PUT(TCU_PRIV_ERROR, error) | TCU_PUT(TCU_PRIV_ARG, result);
    if (opcode == TCU_EXT_IDLE || error != TCU_E_NONE)
        tcu_set(t->ext_cmd, TCU_PRIV_OPCODE, TCU_EXT_IDLE);
    else
        ext_end_if_quiet(t);
}
