/*
 * The register file, as the core sees it and as the network sees it. Accesses that are not aligned, or hit nothing, are
 * ignored for the core (cores speculate) and refused with an error for the network.
 */
#include <string.h>

#include "machine/tcu/internal.h"

static uint64_t print_start(const struct tcu *t)
{
    return TCU_REG_EP(t->config.endpoints);
}

static bool is_endpoint(const struct tcu *t, uint64_t offset)
{
    return offset >= TCU_REG_EPS && offset < print_start(t);
}

static bool is_print_buffer(const struct tcu *t, uint64_t offset)
{
    return offset >= print_start(t) && offset < print_start(t) + TCU_PRINT_BYTES;
}

static uint64_t *endpoint_word(struct tcu *t, uint64_t offset)
{
    uint64_t word = (offset - TCU_REG_EPS) / 8;
    return &t->ep[word / 3].r[word % 3];
}

uint64_t tcu_ns_to_cycles(const struct tcu *t, uint64_t ns)
{
    unsigned __int128 cycles = (unsigned __int128)ns * t->config.mhz / 1000;
    return cycles < TCU_NEVER ? (uint64_t)cycles : TCU_NEVER;
}

static uint64_t current_time(const struct tcu *t, uint64_t now)
{
    return (uint64_t)((unsigned __int128)now * 1000 / t->config.mhz);
}

uint64_t tcu_noc_read(const struct tcu *t, uint64_t offset, uint64_t now)
{
    if (is_endpoint(t, offset))
        return *endpoint_word((struct tcu *)t, offset);
    if (is_print_buffer(t, offset))
        return t->print_buffer[(offset - print_start(t)) / 8];
    switch (offset) {
    case TCU_REG_FEATURES:
        return t->features | TCU_PUT(TCU_VERSION_MAJOR, 2);
    case TCU_REG_TILE_DESC:
        return t->config.tile_desc;
    case TCU_REG_EXT_CMD:
        return t->ext_cmd;
    case TCU_REG_COMMAND:
        return t->command;
    case TCU_REG_DATA_ADDR:
        return t->data_addr;
    case TCU_REG_DATA_SIZE:
        return t->data_size;
    case TCU_REG_ARG1:
        return t->arg1;
    case TCU_REG_CUR_TIME:
        return current_time(t, now);
    case TCU_REG_PRINT:
        return t->print;
    }
    return 0;
}

uint64_t tcu_core_read(const struct tcu *t, uint64_t offset, uint64_t now)
{
    if (offset % 8 != 0)
        return 0;
    switch (offset) {
    case TCU_REG_CU_REQ:
        return t->requests.visible;
    case TCU_REG_PRIV_CTRL:
        return t->priv_ctrl;
    case TCU_REG_PRIV_CMD:
        return t->priv_cmd;
    case TCU_REG_PRIV_CMD_ARG:
        return t->priv_arg;
    case TCU_REG_CUR_ACT:
        return t->cur_act;
    }
    return tcu_noc_read(t, offset, now);
}

static bool noc_may_write(const struct tcu *t, uint64_t offset)
{
    return offset == TCU_REG_FEATURES || offset == TCU_REG_EXT_CMD || is_endpoint(t, offset) ||
           is_print_buffer(t, offset);
}

bool tcu_noc_register_open(const struct tcu *t, uint64_t offset, uint32_t size, bool write)
{
    if (offset % 8 != 0 || size % 8 != 0 || size == 0 || offset + size > TCU_PRIV_PAGE)
        return false;
    for (uint32_t i = 0; write && i < size; i += 8)
        if (!noc_may_write(t, offset + i))
            return false;
    return true;
}

static void write_endpoint(struct tcu *t, uint64_t offset, uint64_t value)
{
    *endpoint_word(t, offset) = value;
    tcu_ep_rewritten(t, (offset - TCU_REG_EPS) / TCU_EP_BYTES);
}

void tcu_noc_write(struct tcu *t, uint64_t offset, uint64_t value, struct tcu_out *out)
{
    if (offset == TCU_REG_FEATURES)
        t->features = (t->features & ~TCU_FEATURE_KERNEL) | (value & TCU_FEATURE_KERNEL);
    else if (offset == TCU_REG_EXT_CMD)
        tcu_ext_start(t, value, out);
    else if (is_endpoint(t, offset))
        write_endpoint(t, offset, value);
    else
        t->print_buffer[(offset - print_start(t)) / 8] = value;
}

static void print(struct tcu *t, uint64_t length, struct tcu_out *out)
{
    struct noc_packet *text = &tcu_emit(out, TCU_FX_PRINT, 0)->packet;
    t->print = length;
    text->size = length < TCU_PRINT_BYTES ? length : TCU_PRINT_BYTES;
    memcpy(text->data, t->print_buffer, text->size);
}

/* The data registers belong to the command while it runs. */
static void write_operand(struct tcu *t, uint64_t *operand, uint64_t value)
{
    if (t->op.phase == TCU_OP_NONE)
        *operand = value;
}

static void write_private(struct tcu *t, uint64_t offset, uint64_t value, struct tcu_out *out)
{
    switch (offset) {
    case TCU_REG_CU_REQ:
        if (value == TCU_CU_RESPONSE)
            tcu_request_done(t, out);
        break;
    case TCU_REG_PRIV_CTRL:
        t->priv_ctrl = value & TCU_PRIV_CTRL_PMP;
        break;
    case TCU_REG_PRIV_CMD:
        tcu_priv_start(t, value, out);
        break;
    case TCU_REG_PRIV_CMD_ARG:
        t->priv_arg = value;
        break;
    case TCU_REG_CUR_ACT:
        t->cur_act = value & UINT32_MAX;
        break;
    case TCU_REG_CLEAR_IRQ:
        if (value <= TCU_IRQ_TIMER)
            tcu_irq_clear(t, value, out);
        break;
    }
}

void tcu_core_write(struct tcu *t, uint64_t offset, uint64_t value, struct tcu_out *out)
{
    if (offset % 8 != 0)
        return;
    if (offset >= TCU_PRIV_PAGE) {
        write_private(t, offset, value, out);
        return;
    }
    if (is_endpoint(t, offset) && (t->features & TCU_FEATURE_KERNEL))
        write_endpoint(t, offset, value);
    else if (is_print_buffer(t, offset))
        t->print_buffer[(offset - print_start(t)) / 8] = value;
    else if (offset == TCU_REG_COMMAND)
        tcu_command_start(t, value, out);
    else if (offset == TCU_REG_DATA_ADDR)
        write_operand(t, &t->data_addr, value);
    else if (offset == TCU_REG_DATA_SIZE)
        write_operand(t, &t->data_size, value);
    else if (offset == TCU_REG_ARG1)
        write_operand(t, &t->arg1, value);
    else if (offset == TCU_REG_PRINT)
        print(t, value, out);
}
