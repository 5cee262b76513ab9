/* The NS16550A: see uart.h. Sections are those of the PC16550D data sheet. */
#include "uart.h"

#include "hw/ns16550.h"
#include "lib/drv/mmio.h"

/* A device that asks for more service than this in one interrupt is left alone until the next. */
#define ROUNDS_MAX 64

static u8 read_reg(const struct uart *uart, u32 reg)
{
    return mmio_read8(uart->base, (u64)reg << uart->reg_shift);
}

static void write_reg(const struct uart *uart, u32 reg, u8 value)
{
    mmio_write8(uart->base, (u64)reg << uart->reg_shift, value);
}

/* The transmitter interrupts only while there is something to send: else it would ask for more without end (§8.6). */
static void choose_interrupts(const struct uart *uart)
{
    u8 sending = ring_count(&uart->tx) > 0 ? NS16550_IER_THRE : 0;
    write_reg(uart, NS16550_IER, NS16550_IER_RDA | NS16550_IER_RLS | sending);
}

void uart_init(struct uart *uart, vaddr_t base, u32 reg_shift)
{
    __builtin_memset(uart, 0, sizeof *uart);
    uart->base = base;
    uart->reg_shift = reg_shift;
    write_reg(uart, NS16550_IER, 0);
    write_reg(uart, NS16550_LCR, NS16550_LCR_8N1);
    write_reg(uart, NS16550_FCR,
              NS16550_FCR_ENABLE | NS16550_FCR_CLEAR_RX | NS16550_FCR_CLEAR_TX | NS16550_FCR_TRIGGER_8);
    write_reg(uart, NS16550_MCR, NS16550_MCR_DTR | NS16550_MCR_RTS | NS16550_MCR_OUT2);
    choose_interrupts(uart);
}

static void count_errors(struct uart *uart, u8 lsr)
{
    if (lsr & NS16550_LSR_OE)
        uart->lost++;
    if (lsr & NS16550_LSR_BI)
        uart->breaks++;
}

/* Empties the receive FIFO into the ring, one FIFO's worth at most. A break comes with a zero byte, which is dropped.
 */
static void receive(struct uart *uart)
{
    for (int i = 0; i < NS16550_FIFO_SIZE; i++) {
        u8 lsr = read_reg(uart, NS16550_LSR);
        count_errors(uart, lsr);
        if (!(lsr & NS16550_LSR_DR))
            return;
        u8 byte = read_reg(uart, NS16550_RBR);
        if (!(lsr & NS16550_LSR_BI) && !ring_put(&uart->rx, byte))
            uart->lost++;
    }
}

/* Fills the transmit FIFO whenever it is empty: only then is its room known. Returns whether bytes went. */
static bool transmit(struct uart *uart)
{
    u8 byte;
    bool sent = false;
    while (ring_count(&uart->tx) > 0 && (read_reg(uart, NS16550_LSR) & NS16550_LSR_THRE)) {
        for (int i = 0; i < NS16550_FIFO_SIZE && ring_take(&uart->tx, &byte); i++)
            write_reg(uart, NS16550_THR, byte);
        sent = true;
    }
    return sent;
}

static u32 transmit_events(struct uart *uart)
{
    u32 events = 0;
    if (uart->short_write) {
        uart->short_write = false;
        events |= UART_EVENT_ROOM;
    }
    if (ring_count(&uart->tx) == 0)
        events |= UART_EVENT_EMPTY;
    return events;
}

u32 uart_interrupt(struct uart *uart)
{
    bool was_empty = ring_count(&uart->rx) == 0, sent = false;
    for (int i = 0; i < ROUNDS_MAX && !(read_reg(uart, NS16550_IIR) & NS16550_IIR_NONE); i++) {
        receive(uart);
        sent |= transmit(uart);
        choose_interrupts(uart);
    }
    u32 events = sent ? transmit_events(uart) : 0;
    if (was_empty && ring_count(&uart->rx) > 0)
        events |= UART_EVENT_INPUT;
    return events;
}

u32 uart_read(struct uart *uart, u8 *data, u32 size)
{
    u32 n = 0;
    while (n < size && ring_take(&uart->rx, &data[n]))
        n++;
    return n;
}

u32 uart_write(struct uart *uart, const u8 *data, u32 size)
{
    u32 n = 0;
    while (n < size && ring_put(&uart->tx, data[n]))
        n++;
    if (n < size)
        uart->short_write = true;
    transmit(uart);
    choose_interrupts(uart);
    return n;
}
