/* The NS16550A driver against a simulated device with FIFOs, honest and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/serial/ns16550/uart.h"
#include "hw/ns16550.h"
#include "lib/drv/mmio.h"

#define BASE  0x10000000ull
#define SHIFT 2

/* The simulated device. */
static struct {
    u8 rx[NS16550_FIFO_SIZE], lcr, ier, fcr;
    u32 rx_count, tx_count;
    u8 line[8192]; /* what went out */
    u32 line_count;
    bool overrun, broken, stuck; /* stuck: always says it has an interrupt and data */
} dev;

static struct uart uart;

static u8 read_iir(void)
{
    if (dev.stuck || ((dev.ier & NS16550_IER_RDA) && dev.rx_count))
        return NS16550_IIR_RDA;
    return (dev.ier & NS16550_IER_THRE) && dev.tx_count == 0 ? NS16550_IIR_THRE : NS16550_IIR_NONE;
}

static u8 read_lsr(void)
{
    u8 value = (dev.rx_count || dev.stuck ? NS16550_LSR_DR : 0) | (dev.tx_count == 0 ? NS16550_LSR_THRE : 0) |
               (dev.overrun ? NS16550_LSR_OE : 0) | (dev.broken ? NS16550_LSR_BI : 0);
    dev.overrun = dev.broken = false;
    return value;
}

static u8 read_rbr(void)
{
    u8 byte = dev.rx[0];
    if (dev.rx_count > 0)
        memmove(dev.rx, dev.rx + 1, --dev.rx_count);
    return byte;
}

u64 mmio_sim_read(vaddr_t base, u64 offset, unsigned bytes)
{
    assert_int_equal(base, BASE);
    assert_int_equal(bytes, 1);
    switch (offset >> SHIFT) {
    case NS16550_RBR:
        return read_rbr();
    case NS16550_IIR:
        return read_iir();
    case NS16550_LSR:
        return read_lsr();
    }
    fail();
    return 0;
}

static void write_thr(u8 byte)
{
    assert_true(dev.tx_count < NS16550_FIFO_SIZE);
    assert_true(dev.line_count < sizeof dev.line);
    dev.tx_count++;
    dev.line[dev.line_count++] = byte;
}

void mmio_sim_write(vaddr_t base, u64 offset, unsigned bytes, u64 value)
{
    assert_int_equal(base, BASE);
    assert_int_equal(bytes, 1);
    switch (offset >> SHIFT) {
    case NS16550_THR:
        write_thr((u8)value);
        return;
    case NS16550_IER:
        dev.ier = (u8)value;
        return;
    case NS16550_FCR:
        dev.fcr = (u8)value;
        return;
    case NS16550_LCR:
        dev.lcr = (u8)value;
        return;
    case NS16550_MCR:
        return;
    }
    fail();
}

static int set_up(void **state)
{
    memset(&dev, 0, sizeof dev);
    uart_init(&uart, BASE, SHIFT);
    return 0;
}

static void arrive(const char *text)
{
    for (; *text; text++) {
        assert_true(dev.rx_count < NS16550_FIFO_SIZE);
        dev.rx[dev.rx_count++] = (u8)*text;
    }
}

static void init_sets_the_line_up(void **state)
{
    assert_int_equal(dev.lcr, NS16550_LCR_8N1);
    assert_true(dev.fcr & NS16550_FCR_ENABLE);
    assert_int_equal(dev.ier, NS16550_IER_RDA | NS16550_IER_RLS);
}

static void received_bytes_are_read_in_order(void **state)
{
    u8 data[64];
    arrive("hello");
    assert_int_equal(uart_interrupt(&uart), UART_EVENT_INPUT);
    arrive(" world");
    assert_int_equal(uart_interrupt(&uart), 0); /* some were waiting: the client knows already */
    assert_int_equal(uart_read(&uart, data, 3), 3);
    assert_int_equal(uart_read(&uart, data + 3, sizeof data - 3), 8);
    assert_memory_equal(data, "hello world", 11);
    assert_int_equal(uart_read(&uart, data, sizeof data), 0);
    arrive("x");
    assert_int_equal(uart_interrupt(&uart), UART_EVENT_INPUT);
}

static void full_receive_ring_counts_what_it_loses(void **state)
{
    u8 data[RING_SIZE];
    for (u32 i = 0; i < RING_SIZE / 8 + 2; i++) {
        arrive("12345678");
        uart_interrupt(&uart);
    }
    assert_int_equal(uart.lost, 16);
    assert_int_equal(uart_read(&uart, data, sizeof data), RING_SIZE);
    assert_memory_equal(data + RING_SIZE - 8, "12345678", 8);
    dev.overrun = true;
    arrive("x");
    uart_interrupt(&uart);
    assert_int_equal(uart.lost, 17);
}

static void break_is_counted_and_no_byte(void **state)
{
    u8 byte;
    dev.broken = true;
    dev.rx_count = 1;
    uart_interrupt(&uart);
    assert_int_equal(uart.breaks, 1);
    assert_int_equal(uart_read(&uart, &byte, 1), 0);
}

static void written_bytes_go_out_in_order(void **state)
{
    u8 data[100];
    for (u32 i = 0; i < sizeof data; i++)
        data[i] = (u8)i;
    assert_int_equal(uart_write(&uart, data, sizeof data), sizeof data);
    assert_int_equal(dev.line_count, NS16550_FIFO_SIZE);
    assert_true(dev.ier & NS16550_IER_THRE);
    assert_int_equal(uart_interrupt(&uart), 0); /* the FIFO is not empty yet */
    u32 events = 0;
    for (int i = 0; i < 10; i++) {
        dev.tx_count = 0;
        events = uart_interrupt(&uart);
        if (events)
            break;
    }
    assert_int_equal(events, UART_EVENT_EMPTY);
    assert_memory_equal(dev.line, data, sizeof data);
    assert_int_equal(dev.line_count, sizeof data);
    assert_false(dev.ier & NS16550_IER_THRE);
}

static void short_write_is_followed_by_an_event(void **state)
{
    static u8 data[RING_SIZE + 100];
    assert_int_equal(uart_write(&uart, data, sizeof data), RING_SIZE);
    dev.tx_count = 0;
    assert_int_equal(uart_interrupt(&uart), UART_EVENT_ROOM);
    dev.tx_count = 0;
    assert_int_equal(uart_interrupt(&uart), 0);
}

/* A device that claims an interrupt and data for ever cannot hold us. */
static void hostile_endless_interrupt(void **state)
{
    dev.stuck = true;
    uart_interrupt(&uart);
    assert_true(ring_count(&uart.rx) <= RING_SIZE);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(init_sets_the_line_up),
        TEST(received_bytes_are_read_in_order),
        TEST(full_receive_ring_counts_what_it_loses),
        TEST(break_is_counted_and_no_byte),
        TEST(written_bytes_go_out_in_order),
        TEST(short_write_is_followed_by_an_event),
        TEST(hostile_endless_interrupt),
    };
    return cmocka_run_group_tests_name("ns16550", tests, NULL, NULL);
}
