/* The demonstrations' small library; see demo.h. */
#include "machine/demo/demo.h"

#define UART   0x10000000u
#define SYSCON 0x100000u

void tcu_start(enum tcu_opcode opcode, uint32_t ep, uint64_t arg0)
{
    tcu_put(TCU_REG_COMMAND, TCU_PUT(TCU_CMD_OPCODE, opcode) | TCU_PUT(TCU_CMD_EP, ep) | TCU_PUT(TCU_CMD_ARG0, arg0));
}

enum tcu_error tcu_wait(void)
{
    uint64_t command;
    do {
        command = tcu_get(TCU_REG_COMMAND);
    } while (TCU_GET(command, TCU_CMD_OPCODE) != TCU_CMD_IDLE);
    return (enum tcu_error)TCU_GET(command, TCU_CMD_ERROR);
}

static void set_data(const void *data, uint64_t size, uint64_t arg1)
{
    tcu_put(TCU_REG_DATA_ADDR, (uint64_t)data);
    tcu_put(TCU_REG_DATA_SIZE, size);
    tcu_put(TCU_REG_ARG1, arg1);
}

enum tcu_error tcu_send(uint32_t ep, const void *message, uint64_t size, uint32_t reply_ep, uint64_t reply_label)
{
    set_data(message, size, reply_label);
    tcu_start(TCU_CMD_SEND, ep, reply_ep);
    return tcu_wait();
}

enum tcu_error tcu_reply(uint32_t ep, uint64_t offset, const void *message, uint64_t size)
{
    tcu_put(TCU_REG_DATA_ADDR, (uint64_t)message);
    tcu_put(TCU_REG_DATA_SIZE, size);
    tcu_start(TCU_CMD_REPLY, ep, offset);
    return tcu_wait();
}

/* READ and WRITE must be split where local data cross a page. */
static enum tcu_error transfer(enum tcu_opcode opcode, uint32_t ep, uint64_t local, uint64_t size, uint64_t at)
{
    enum tcu_error error = TCU_E_NONE;
    while (size > 0 && error == TCU_E_NONE) {
        uint64_t room = TCU_PAGE_SIZE - local % TCU_PAGE_SIZE, part = size < room ? size : room;
        set_data((const void *)local, part, at);
        tcu_start(opcode, ep, 0);
        error = tcu_wait();
        local += part;
        at += part;
        size -= part;
    }
    return error;
}

enum tcu_error tcu_read(uint32_t ep, void *local, uint64_t size, uint64_t at)
{
    return transfer(TCU_CMD_READ, ep, (uint64_t)local, size, at);
}

enum tcu_error tcu_write(uint32_t ep, const void *local, uint64_t size, uint64_t at)
{
    return transfer(TCU_CMD_WRITE, ep, (uint64_t)local, size, at);
}

uint64_t tcu_fetch(uint32_t ep)
{
    tcu_start(TCU_CMD_FETCH_MSG, ep, 0);
    tcu_wait();
    return tcu_get(TCU_REG_ARG1);
}

enum tcu_error tcu_ack(uint32_t ep, uint64_t offset)
{
    tcu_start(TCU_CMD_ACK_MSG, ep, offset);
    return tcu_wait();
}

void tcu_sleep(void)
{
    tcu_put(TCU_REG_ARG1, 0);
    tcu_start(TCU_CMD_SLEEP, 0, TCU_NO_EP);
    tcu_wait();
}

/* --- configuration -------------------------------------------------------------------------------------------------
 */

static uint64_t head(enum tcu_ep_type type)
{
    return TCU_PUT(TCU_EP_TYPE, type) | TCU_PUT(TCU_EP_ACT, TCU_ACT_NONE);
}

struct endpoint endpoint_send(uint32_t tile, uint32_t ep, uint32_t credits, uint32_t msg_log2, uint64_t label)
{
    return (struct endpoint){{head(TCU_EP_SEND) | TCU_PUT(TCU_SEND_CREDITS, credits) |
                                  TCU_PUT(TCU_SEND_MAX_CREDITS, credits) | TCU_PUT(TCU_SEND_MSG_LOG2, msg_log2) |
                                  TCU_PUT(TCU_SEND_CREDIT_EP, TCU_NO_EP),
                              TCU_PUT(TCU_SEND_TARGET_EP, ep) | TCU_PUT(TCU_SEND_TARGET_TILE, tile), label}};
}

struct endpoint endpoint_receive(uint64_t buffer, uint32_t slots_log2, uint32_t slot_log2, uint32_t reply_eps)
{
    return (struct endpoint){{head(TCU_EP_RECEIVE) | TCU_PUT(TCU_RECV_REPLY_EPS, reply_eps) |
                                  TCU_PUT(TCU_RECV_SLOTS_LOG2, slots_log2) | TCU_PUT(TCU_RECV_SLOT_LOG2, slot_log2),
                              buffer, 0}};
}

struct endpoint endpoint_memory(uint32_t tile, uint64_t address, uint64_t size, uint32_t flags)
{
    return (struct endpoint){
        {head(TCU_EP_MEMORY) | TCU_PUT(TCU_MEM_FLAGS, flags) | TCU_PUT(TCU_MEM_TILE, tile), address, size}};
}

void set_local(uint32_t ep, struct endpoint endpoint)
{
    for (int i = 0; i < 3; i++)
        tcu_put(TCU_REG_EP(ep) + 8 * i, endpoint.r[i]);
}

static void write_registers(uint32_t tile, uint64_t reg, const uint64_t *words, uint32_t count)
{
    static uint64_t buffer[4] __attribute__((aligned(32)));
    for (uint32_t i = 0; i < count; i++)
        buffer[i] = words[i];
    set_local(DEMO_EP_SCRATCH, endpoint_memory(tile, TCU_NOC_MMIO, TCU_MMIO_SIZE, TCU_MEM_R | TCU_MEM_W));
    must(tcu_write(DEMO_EP_SCRATCH, buffer, 8 * count, reg), "configuring a tile");
}

void set_remote(uint32_t tile, uint32_t ep, struct endpoint endpoint)
{
    write_registers(tile, TCU_REG_EP(ep), endpoint.r, 3);
}

void tile_deprivilege(uint32_t tile)
{
    write_registers(tile, TCU_REG_FEATURES, (uint64_t[]){0}, 1);
}

void tile_reset(uint32_t tile, uint32_t start)
{
    uint64_t command = TCU_PUT(TCU_PRIV_OPCODE, TCU_EXT_RESET) | TCU_PUT(TCU_PRIV_ARG, start);
    write_registers(tile, TCU_REG_EXT_CMD, &command, 1);
    do {
        must(tcu_read(DEMO_EP_SCRATCH, &command, sizeof command, TCU_REG_EXT_CMD), "waiting for a tile");
    } while (TCU_GET(command, TCU_PRIV_OPCODE) != TCU_EXT_IDLE);
}

/* --- text ----------------------------------------------------------------------------------------------------------
 */

void print(const char *text)
{
    for (; *text; text++)
        *(volatile uint8_t *)(uintptr_t)UART = *text;
}

void print_number(uint64_t value, int width)
{
    char digits[24], *p = digits + sizeof digits - 1;
    *p = '\0';
    do {
        *--p = '0' + value % 10;
        value /= 10;
        width--;
    } while (value > 0);
    while (width-- > 0 && p > digits)
        *--p = ' ';
    print(p);
}

void print_figure(const char *name, uint64_t value)
{
    print("# figure ");
    print(name);
    print(" ");
    print_number(value, 0);
    print("\n");
}

void demo_exit(int status)
{
    *(volatile uint32_t *)(uintptr_t)SYSCON = status ? (uint32_t)status << 16 | 0x3333 : 0x5555;
    for (;;)
        continue;
}

void must(enum tcu_error error, const char *what)
{
    if (error == TCU_E_NONE)
        return;
    print(what);
    print(" failed: TCU error ");
    print_number(error, 0);
    print("\n");
    demo_exit(1);
}
