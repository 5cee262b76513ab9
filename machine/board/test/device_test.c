/* Every device by its registers, as a driver would use it, and as a broken or hostile one might. */
#include "machine/board/test/fixture.h"

#include "hw/clint.h"
#include "hw/goldfish_rtc.h"
#include "hw/ns16550.h"
#include "hw/plic.h"
#include "hw/sifive_test.h"
#include "hw/virtio.h"
#include "hw/virtio_blk.h"
#include "hw/virtio_console.h"
#include "hw/virtio_mmio.h"
#include "hw/virtio_ring.h"
#include "machine/core/isa.h"
#include "machine/dev/virtio_blk.h"
#include "machine/dev/virtio_console.h"
#include "machine/dev/virtio_console.h"
#include "machine/dev/virtio_net.h"
#include "machine/dev/virtio_rng.h"

/* ---- CLINT ---- */

static void test_clint_timer(void **state)
{
    struct machine *m = make_machine(2, false);
    uint64_t base = MACHINE_CLINT_BASE;

    device_write(m, base + CLINT_MTIMECMP(1) + 4, 0);
    device_write(m, base + CLINT_MTIMECMP(1), 50);
    assert_false(sees(m, 1, RV_IRQ_MTI));
    pass_time(m, 49 * 100 + 99);
    assert_false(sees(m, 1, RV_IRQ_MTI));
    pass_time(m, 1);
    assert_true(sees(m, 1, RV_IRQ_MTI));
    assert_false(sees(m, 0, RV_IRQ_MTI));
    assert_int_equal(device_read(m, base + CLINT_MTIME), 50);
    device_write(m, base + CLINT_MTIMECMP(1) + 4, 1); /* far away again */
    assert_false(sees(m, 1, RV_IRQ_MTI));
    device_write(m, base + CLINT_MTIME + 4, 2); /* setting the time reaches it */
    assert_true(sees(m, 1, RV_IRQ_MTI));
    machine_destroy(m);
}

static void test_clint_software_interrupt(void **state)
{
    struct machine *m = make_machine(2, false);

    device_write(m, MACHINE_CLINT_BASE + CLINT_MSIP(1), 0xffffffff);
    assert_int_equal(device_read(m, MACHINE_CLINT_BASE + CLINT_MSIP(1)), 1);
    assert_true(sees(m, 1, RV_IRQ_MSI));
    assert_false(sees(m, 0, RV_IRQ_MSI));
    device_write(m, MACHINE_CLINT_BASE + CLINT_MSIP(1), 0);
    assert_false(sees(m, 1, RV_IRQ_MSI));
    device_write(m, MACHINE_CLINT_BASE + CLINT_MSIP(2), 1); /* there is no hart 2 */
    machine_destroy(m);
}

/* ---- PLIC ---- */

#define S0 1 /* context of hart 0 in S-mode */

static void enable_source(struct machine *m, unsigned source, unsigned priority)
{
    uint64_t enable = MACHINE_PLIC_BASE + PLIC_ENABLE(S0, source);

    device_write(m, MACHINE_PLIC_BASE + PLIC_PRIORITY(source), priority);
    device_write(m, enable, device_read(m, enable) | 1u << source % 32);
}

static void test_plic_claims_by_priority(void **state)
{
    struct machine *m = make_machine(1, false);
    uint64_t claim = MACHINE_PLIC_BASE + PLIC_CLAIM(S0);
    struct irq_line a = plic_line(&m->plic, 3), b = plic_line(&m->plic, 40);

    enable_source(m, 3, 1);
    enable_source(m, 40, 5);
    irq_set(&a, true);
    irq_set(&b, true);
    assert_true(sees(m, 0, RV_IRQ_SEI));
    assert_false(sees(m, 0, RV_IRQ_MEI));
    assert_int_equal(device_read(m, claim), 40);
    assert_int_equal(device_read(m, claim), 3);
    assert_int_equal(device_read(m, claim), 0);
    assert_false(sees(m, 0, RV_IRQ_SEI));
    irq_set(&b, false);
    device_write(m, claim, 40);
    assert_false(sees(m, 0, RV_IRQ_SEI));
    device_write(m, claim, 3); /* the line is still high: again */
    assert_true(sees(m, 0, RV_IRQ_SEI));
    device_write(m, MACHINE_PLIC_BASE + PLIC_THRESHOLD(S0), 1);
    assert_false(sees(m, 0, RV_IRQ_SEI));
    machine_destroy(m);
}

static void test_plic_ignores_nonsense(void **state)
{
    struct machine *m = make_machine(1, false);
    uint64_t claim = MACHINE_PLIC_BASE + PLIC_CLAIM(S0), value;

    device_write(m, claim, 0);
    device_write(m, claim, 0xffffffff);
    device_write(m, MACHINE_PLIC_BASE + PLIC_PRIORITY(0), 7);
    assert_int_equal(device_read(m, MACHINE_PLIC_BASE + PLIC_PRIORITY(0)), 0);
    device_write(m, MACHINE_PLIC_BASE + PLIC_ENABLE(S0, 0), 0xffffffff);
    assert_int_equal(device_read(m, MACHINE_PLIC_BASE + PLIC_ENABLE(S0, 0)), 0xfffffffe);
    assert_int_equal(device_read(m, MACHINE_PLIC_BASE + PLIC_THRESHOLD(2)), 0); /* no hart 1 */
    assert_false(bus_device_read(&m->bus, claim, 8, &value));
    machine_destroy(m);
}

/* ---- Serial port ---- */

static void uart(struct machine *m, unsigned reg, uint8_t value)
{
    assert_true(bus_device_write(&m->bus, MACHINE_UART_BASE + reg, 1, value));
}

static uint8_t uart_get(struct machine *m, unsigned reg)
{
    uint64_t value;

    assert_true(bus_device_read(&m->bus, MACHINE_UART_BASE + reg, 1, &value));
    return (uint8_t)value;
}

static void test_uart(void **state)
{
    struct machine *m = make_machine(1, false);
    uint8_t input[100];

    for (unsigned i = 0; i < sizeof input; i++)
        input[i] = (uint8_t)i;
    uart(m, NS16550_THR, 'x');
    assert_string_equal(sent, "x");
    uart(m, NS16550_FCR, NS16550_FCR_ENABLE);
    uart(m, NS16550_IER, NS16550_IER_THRE | NS16550_IER_RDA);
    assert_int_equal(uart_get(m, NS16550_IIR), NS16550_IIR_FIFO | NS16550_IIR_THRE);
    assert_int_equal(uart_get(m, NS16550_IIR), NS16550_IIR_FIFO | NS16550_IIR_NONE);
    assert_int_equal(ns16550_receive(&m->uart, input, sizeof input), sizeof input);
    assert_int_equal(uart_get(m, NS16550_IIR), NS16550_IIR_FIFO | NS16550_IIR_RDA);
    for (unsigned i = 0; i < sizeof input; i++) {
        assert_true(uart_get(m, NS16550_LSR) & NS16550_LSR_DR);
        assert_int_equal(uart_get(m, NS16550_RBR), i);
    }
    assert_false(uart_get(m, NS16550_LSR) & NS16550_LSR_DR);
    uart(m, NS16550_LCR, NS16550_LCR_DLAB);
    uart(m, NS16550_DLL, 1);
    assert_int_equal(uart_get(m, NS16550_DLL), 1);
    uart(m, NS16550_LCR, NS16550_LCR_8N1);
    uart(m, NS16550_MCR, NS16550_MCR_LOOP);
    uart(m, NS16550_THR, 'l');
    assert_string_equal(sent, "x");
    assert_int_equal(uart_get(m, NS16550_RBR), 'l');
    machine_destroy(m);
}

/* The mark of a break stands with its byte in the queue, and is told once. */
static void test_uart_break(void **state)
{
    struct machine *m = make_machine(1, false);

    uart(m, NS16550_FCR, NS16550_FCR_ENABLE);
    uart(m, NS16550_IER, NS16550_IER_RLS);
    ns16550_receive(&m->uart, (const uint8_t *)"a", 1);
    ns16550_receive_break(&m->uart);
    ns16550_receive(&m->uart, (const uint8_t *)"t", 1);
    assert_int_equal(uart_get(m, NS16550_IIR), NS16550_IIR_FIFO | NS16550_IIR_NONE);
    assert_int_equal(uart_get(m, NS16550_LSR) & ~(NS16550_LSR_THRE | NS16550_LSR_TEMT),
                     NS16550_LSR_DR | NS16550_LSR_FIFO);
    assert_int_equal(uart_get(m, NS16550_RBR), 'a');
    assert_int_equal(uart_get(m, NS16550_IIR), NS16550_IIR_FIFO | NS16550_IIR_RLS);
    assert_int_equal(uart_get(m, NS16550_LSR) & ~(NS16550_LSR_THRE | NS16550_LSR_TEMT),
                     NS16550_LSR_DR | NS16550_LSR_FIFO | NS16550_LSR_BI);
    assert_int_equal(uart_get(m, NS16550_IIR), NS16550_IIR_FIFO | NS16550_IIR_NONE);
    assert_int_equal(uart_get(m, NS16550_LSR) & ~(NS16550_LSR_THRE | NS16550_LSR_TEMT), NS16550_LSR_DR);
    assert_int_equal(uart_get(m, NS16550_RBR), 0);
    assert_int_equal(uart_get(m, NS16550_RBR), 't');
    machine_destroy(m);
}

#define BYTE_TIME 86805 /* ten bits at 115,200 baud, in cycles at 1 GHz */

static struct machine *make_slow_uart(void)
{
    struct machine *m = make_machine(1, false);

    m->uart.to.clock_hz = 3686400;
    uart(m, NS16550_LCR, NS16550_LCR_DLAB | NS16550_LCR_8N1);
    uart(m, NS16550_DLL, 2);
    uart(m, NS16550_LCR, NS16550_LCR_8N1);
    return m;
}

static void test_uart_takes_time(void **state)
{
    struct machine *m = make_slow_uart();

    uart(m, NS16550_THR, 'a'); /* goes on the line at once, so there is room for one more */
    assert_int_equal(uart_get(m, NS16550_LSR), NS16550_LSR_THRE);
    uart(m, NS16550_THR, 'b');
    assert_int_equal(uart_get(m, NS16550_LSR), 0);
    uart(m, NS16550_THR, 'c'); /* no FIFO: lost */
    pass_time(m, BYTE_TIME - 1);
    assert_string_equal(sent, "");
    pass_time(m, 1);
    assert_string_equal(sent, "a");
    assert_int_equal(uart_get(m, NS16550_LSR), NS16550_LSR_THRE);
    pass_time(m, BYTE_TIME);
    assert_string_equal(sent, "ab");
    assert_int_equal(uart_get(m, NS16550_LSR), NS16550_LSR_THRE | NS16550_LSR_TEMT);
    uart(m, NS16550_LCR, NS16550_LCR_8N1 | NS16550_LCR_STOP2 | NS16550_LCR_PARITY);
    uart(m, NS16550_THR, 'd');
    pass_time(m, BYTE_TIME * 12 / 10 - 1);
    assert_string_equal(sent, "ab");
    pass_time(m, 1);
    assert_string_equal(sent, "abd");
    machine_destroy(m);
}

/* The FIFO takes 16 bytes behind the one on the line, and interrupts when it has become empty. */
static void test_uart_queues_what_it_sends(void **state)
{
    struct machine *m = make_slow_uart();

    enable_source(m, 10, 1);
    uart(m, NS16550_FCR, NS16550_FCR_ENABLE);
    for (unsigned i = 0; i < 20; i++)
        uart(m, NS16550_THR, (uint8_t)('a' + i));
    uart(m, NS16550_IER, NS16550_IER_THRE);
    assert_false(sees(m, 0, RV_IRQ_SEI));
    for (unsigned i = 0; i < 15; i++)
        pass_time(m, BYTE_TIME);
    assert_false(sees(m, 0, RV_IRQ_SEI));
    pass_time(m, BYTE_TIME);
    assert_true(sees(m, 0, RV_IRQ_SEI));
    assert_int_equal(uart_get(m, NS16550_LSR), NS16550_LSR_THRE);
    pass_time(m, BYTE_TIME);
    assert_string_equal(sent, "abcdefghijklmnopq");
    uart(m, NS16550_THR, '1');
    uart(m, NS16550_THR, '2');
    uart(m, NS16550_FCR, NS16550_FCR_ENABLE | NS16550_FCR_CLEAR_TX);
    pass_time(m, 2 * BYTE_TIME);
    assert_string_equal(sent, "abcdefghijklmnopq1");
    machine_destroy(m);
}

/* ---- Clock, power ---- */

static void test_rtc_alarm(void **state)
{
    struct machine *m = make_machine(1, false);
    uint64_t base = MACHINE_RTC_BASE, start = m->config.rtc_start;
    uint64_t now = device_read(m, base + GOLDFISH_RTC_TIME_LOW);

    now |= (uint64_t)device_read(m, base + GOLDFISH_RTC_TIME_HIGH) << 32;
    assert_int_equal(now, start);
    enable_source(m, 11, 1);
    device_write(m, base + GOLDFISH_RTC_IRQ_ENABLED, 1);
    device_write(m, base + GOLDFISH_RTC_ALARM_HIGH, (uint32_t)((start + 5000) >> 32));
    device_write(m, base + GOLDFISH_RTC_ALARM_LOW, (uint32_t)(start + 5000));
    assert_int_equal(device_read(m, base + GOLDFISH_RTC_ALARM_STATUS), 1);
    pass_time(m, 4999);
    assert_false(sees(m, 0, RV_IRQ_SEI));
    pass_time(m, 1);
    assert_true(sees(m, 0, RV_IRQ_SEI));
    device_write(m, base + GOLDFISH_RTC_CLEAR_INTERRUPT, 1);
    assert_int_equal(device_read(m, MACHINE_PLIC_BASE + PLIC_CLAIM(S0)), 11);
    machine_destroy(m);
}

static void test_power(void **state)
{
    struct machine *m = make_machine(1, false);

    device_write(m, MACHINE_SYSCON_BASE, SIFIVE_TEST_FAIL | 7 << 16);
    assert_int_equal(m->stop, MACHINE_POWERED_OFF);
    assert_int_equal(m->exit_code, 7);
    device_write(m, MACHINE_SYSCON_BASE, SIFIVE_TEST_RESET);
    assert_int_equal(m->stop, MACHINE_RESET);
    machine_destroy(m);
}

/* ---- Virtio ---- */

/* A driver's queue of 8 entries in guest memory, the one that the functions below are about. */
static uint64_t ring = MACHINE_RAM_BASE + 0x100000;

#define RING             (MACHINE_RAM_BASE + 0x100000)
#define ENTRIES          8
#define LONGEST_TRANSFER 4096 /* cycles of the 2 KiB that are moved here at most */
#define DESC             ring
#define AVAIL            (ring + 0x1000)
#define USED             (ring + 0x2000)
#define BUFFER           (RING + 0x3000)

static uint64_t slot(unsigned n)
{
    return MACHINE_VIRTIO_BASE + 0x1000 * n;
}

static void add_queue(struct machine *m, unsigned n, unsigned queue)
{
    uint64_t v = slot(n);

    device_write(m, v + VIRTIO_MMIO_QUEUE_SEL, queue);
    device_write(m, v + VIRTIO_MMIO_QUEUE_NUM, ENTRIES);
    device_write(m, v + VIRTIO_MMIO_QUEUE_DESC_LOW, (uint32_t)DESC);
    device_write(m, v + VIRTIO_MMIO_QUEUE_DRIVER_LOW, (uint32_t)AVAIL);
    device_write(m, v + VIRTIO_MMIO_QUEUE_DEVICE_LOW, (uint32_t)USED);
    device_write(m, v + VIRTIO_MMIO_QUEUE_READY, 1);
}

static void start_queue(struct machine *m, unsigned n, unsigned queue)
{
    uint64_t v = slot(n);

    device_write(m, v + VIRTIO_MMIO_STATUS, 0);
    device_write(m, v + VIRTIO_MMIO_STATUS, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
    device_write(m, v + VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    device_write(m, v + VIRTIO_MMIO_DRIVER_FEATURES, 1); /* VERSION_1 */
    device_write(m, v + VIRTIO_MMIO_STATUS, 11);
    assert_int_equal(device_read(m, v + VIRTIO_MMIO_STATUS), 11);
    add_queue(m, n, queue);
    device_write(m, v + VIRTIO_MMIO_STATUS, 15);
}

static void start_driver(struct machine *m, unsigned n)
{
    start_queue(m, n, 0);
}

static void set_desc(struct machine *m, unsigned i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
    struct virtq_desc d = {addr, len, flags, next};

    assert_true(bus_dma_write(&m->bus, DESC + i * sizeof d, &d, sizeof d));
}

/* Makes the chain that begins at `head` available as request number `n`, and lets the device serve it. */
static uint32_t submit_to(struct machine *m, unsigned device, unsigned queue, uint16_t n, uint16_t head)
{
    uint16_t idx = n + 1;
    struct virtq_used_elem elem;

    assert_true(bus_dma_write(&m->bus, AVAIL + 4 + 2 * (n % ENTRIES), &head, 2));
    assert_true(bus_dma_write(&m->bus, AVAIL + 2, &idx, 2));
    device_write(m, slot(device) + VIRTIO_MMIO_QUEUE_NOTIFY, queue);
    pass_time(m, m->config.virtio_latency);
    pass_time(m, LONGEST_TRANSFER);
    bus_dma_read(&m->bus, USED + 4 + 8 * (n % ENTRIES), &elem, sizeof elem);
    assert_int_equal(elem.id, head);
    return elem.len;
}

static uint32_t submit(struct machine *m, unsigned device, uint16_t n, uint16_t head)
{
    return submit_to(m, device, 0, n, head);
}

static uint8_t blk_request(struct machine *m, uint16_t n, uint32_t type, uint64_t sector, uint64_t data, uint32_t len)
{
    struct virtio_blk_req req = {type, 0, sector};
    uint8_t status = 0xff;

    bus_dma_write(&m->bus, BUFFER, &req, sizeof req);
    bus_dma_write(&m->bus, BUFFER + 100, &status, 1);
    set_desc(m, 0, BUFFER, sizeof req, VIRTQ_DESC_F_NEXT, 1);
    set_desc(m, 1, data, len, VIRTQ_DESC_F_NEXT | (type == VIRTIO_BLK_T_OUT ? 0 : VIRTQ_DESC_F_WRITE), 2);
    set_desc(m, 2, BUFFER + 100, 1, VIRTQ_DESC_F_WRITE, 0);
    submit(m, 0, n, 0);
    bus_dma_read(&m->bus, BUFFER + 100, &status, 1);
    return status;
}

static void test_blk(void **state)
{
    struct machine *m = make_machine(1, false);
    uint8_t image[4 * 512] = {0}, data[1024];
    struct virtio_blk disk = {.data = image, .size = sizeof image};

    memset(image + 512, 'b', 512);
    machine_attach(m, 0, &virtio_blk_class, &disk);
    assert_int_equal(device_read(m, slot(0) + VIRTIO_MMIO_DEVICE_ID), VIRTIO_ID_BLK);
    assert_int_equal(device_read(m, slot(0) + VIRTIO_MMIO_CONFIG), 4);
    start_driver(m, 0);
    assert_int_equal(blk_request(m, 0, VIRTIO_BLK_T_IN, 0, BUFFER + 512, 1024), VIRTIO_BLK_S_OK);
    bus_dma_read(&m->bus, BUFFER + 512, data, 1024);
    assert_memory_equal(data, image, 1024);
    assert_int_equal(blk_request(m, 1, VIRTIO_BLK_T_OUT, 2, BUFFER + 1024, 512), VIRTIO_BLK_S_OK);
    assert_memory_equal(image + 1024, image + 512, 512);
    /* beyond the end, not whole sectors, nowhere in memory, unknown */
    assert_int_equal(blk_request(m, 2, VIRTIO_BLK_T_IN, 3, BUFFER + 512, 1024), VIRTIO_BLK_S_IOERR);
    assert_int_equal(blk_request(m, 3, VIRTIO_BLK_T_IN, UINT64_MAX, BUFFER + 512, 512), VIRTIO_BLK_S_IOERR);
    assert_int_equal(blk_request(m, 4, VIRTIO_BLK_T_IN, 0, BUFFER + 512, 100), VIRTIO_BLK_S_IOERR);
    assert_int_equal(blk_request(m, 5, VIRTIO_BLK_T_IN, 0, 0x40000000, 512), VIRTIO_BLK_S_IOERR);
    assert_int_equal(blk_request(m, 6, 77, 0, BUFFER + 512, 512), VIRTIO_BLK_S_UNSUPP);
    assert_int_equal(device_read(m, slot(0) + VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_QUEUE);
    machine_destroy(m);
}

static uint8_t status_after(struct machine *m, uint64_t cycles)
{
    uint8_t status;

    pass_time(m, cycles);
    bus_dma_read(&m->bus, BUFFER + 100, &status, 1);
    return status;
}

/* Makes descriptors 0 to 2 available as requests `from` to `to` - 1 at once, and leaves them to the device. */
static void make_available(struct machine *m, uint16_t from, uint16_t to)
{
    uint16_t head = 0;

    for (uint16_t n = from; n < to; n++)
        bus_dma_write(&m->bus, AVAIL + 4 + 2 * (n % ENTRIES), &head, 2);
    bus_dma_write(&m->bus, AVAIL + 2, &to, 2);
    device_write(m, slot(0) + VIRTIO_MMIO_QUEUE_NOTIFY, 0);
}

static uint16_t requests_done(struct machine *m)
{
    uint16_t done;

    bus_dma_read(&m->bus, USED + 2, &done, 2);
    return done;
}

/* 500 MB/s at 1 GHz: two cycles a byte, behind the latency, and requests that wait together follow each other. */
static void test_blk_takes_time_by_size(void **state)
{
    struct machine *m = make_machine(1, false);
    uint8_t image[8 * 512] = {0};
    struct virtio_blk disk = {.data = image, .size = sizeof image};

    machine_attach(m, 0, &virtio_blk_class, &disk);
    start_driver(m, 0);
    for (uint32_t len = 512; len <= 2048; len *= 2) {
        blk_request(m, 0, VIRTIO_BLK_T_IN, 0, BUFFER + 512, len); /* sets up the descriptors */
        start_driver(m, 0);
        bus_dma_write(&m->bus, BUFFER + 100, &(uint8_t){0xff}, 1);
        bus_dma_write(&m->bus, USED + 2, &(uint16_t){0}, 2);
        make_available(m, 0, 3);
        assert_int_equal(status_after(m, m->config.virtio_latency), 0xff);
        assert_int_equal(status_after(m, 2 * len - 1), 0xff);
        assert_int_equal(status_after(m, 1), VIRTIO_BLK_S_OK);
        assert_int_equal(requests_done(m), 1);
        pass_time(m, 2 * len);
        assert_int_equal(requests_done(m), 2);
        pass_time(m, 2 * len);
        assert_int_equal(requests_done(m), 3);
    }
    machine_destroy(m);
}

/* A queue that is taken away during a transfer: the next one's request waits anew. */
static void test_blk_forgets_transfers_at_reset(void **state)
{
    struct machine *m = make_machine(1, false);
    uint8_t image[512] = {0};
    struct virtio_blk disk = {.data = image, .size = sizeof image};

    machine_attach(m, 0, &virtio_blk_class, &disk);
    start_driver(m, 0);
    blk_request(m, 0, VIRTIO_BLK_T_IN, 0, BUFFER + 512, 512);
    for (unsigned i = 0; i < 2; i++) {
        start_driver(m, 0); /* resets the device */
        bus_dma_write(&m->bus, USED + 2, &(uint16_t){0}, 2);
        make_available(m, 0, 1);
        pass_time(m, m->config.virtio_latency);
        pass_time(m, 1023);
        assert_int_equal(requests_done(m), 0);
    }
    pass_time(m, 1);
    assert_int_equal(requests_done(m), 1);
    machine_destroy(m);
}

static void test_rng_is_repeatable(void **state)
{
    uint64_t first[2];

    for (unsigned i = 0; i < 2; i++) {
        struct machine *m = make_machine(1, false);
        struct virtio_rng rng = {.state = 1};
        machine_attach(m, 2, &virtio_rng_class, &rng);
        start_driver(m, 2);
        set_desc(m, 5, BUFFER, 100, VIRTQ_DESC_F_WRITE, 0);
        assert_int_equal(submit(m, 2, 0, 5), 100);
        bus_dma_read(&m->bus, BUFFER, &first[i], 8);
        machine_destroy(m);
    }
    assert_int_not_equal(first[0], 0);
    assert_int_equal(first[0], first[1]);
}

static uint8_t frame_sent[64];
static size_t frame_length;

static void keep_frame(void *ctx, const uint8_t *frame, size_t length)
{
    frame_length = length;
    memcpy(frame_sent, frame, length < sizeof frame_sent ? length : sizeof frame_sent);
}

/* A frame waits until the guest has a buffer; too many are dropped; the header goes and comes with each. */
static void test_net(void **state)
{
    struct machine *m = make_machine(1, false);
    static struct virtio_net net = {.send = keep_frame};
    static const uint8_t frame[60] = "frame for the guest";
    uint8_t got[12 + sizeof frame];

    net.virtio = machine_attach(m, 3, &virtio_net_class, &net);
    start_driver(m, 3);
    for (unsigned i = 0; i < VIRTIO_NET_WAITING + 3; i++)
        virtio_net_receive(&net, frame, sizeof frame);
    assert_int_equal(net.dropped, 3);
    set_desc(m, 0, BUFFER, 12, VIRTQ_DESC_F_WRITE | VIRTQ_DESC_F_NEXT, 1);
    set_desc(m, 1, BUFFER + 12, 2000, VIRTQ_DESC_F_WRITE, 0);
    assert_int_equal(submit(m, 3, 0, 0), sizeof got);
    bus_dma_read(&m->bus, BUFFER, got, sizeof got);
    assert_int_equal(got[10], 1); /* one buffer */
    assert_memory_equal(got + 12, frame, sizeof frame);
    /* transmit: the same ring as queue 1 */
    device_write(m, slot(3) + VIRTIO_MMIO_STATUS, 0);
    start_queue(m, 3, 1);
    bus_dma_write(&m->bus, BUFFER + 12, "to the world", 12);
    set_desc(m, 0, BUFFER, 24, 0, 0);
    submit_to(m, 3, 1, 0, 0);
    assert_int_equal(frame_length, 12);
    assert_memory_equal(frame_sent, "to the world", 12);
    machine_destroy(m);
}

/* A port's other side: has something to say, and keeps what it hears. */
struct talker {
    const char *says;
    char heard[64];
    size_t said, heard_count;
};

static void talker_hears(void *ctx, const uint8_t *bytes, size_t count)
{
    struct talker *t = ctx;

    assert_true(t->heard_count + count <= sizeof t->heard);
    memcpy(t->heard + t->heard_count, bytes, count);
    t->heard_count += count;
}

static size_t talker_says(void *ctx, uint8_t *bytes, size_t room)
{
    struct talker *t = ctx;
    size_t left = strlen(t->says) - t->said, n = left < room ? left : room;

    memcpy(bytes, t->says + t->said, n);
    t->said += n;
    return n;
}

/* A console with all its queues, each with a ring of its own: ring i belongs to queue 2 + i. */
static uint16_t console_used[4];

static void select_ring(unsigned queue)
{
    ring = RING + 0x10000 * (queue - 2);
}

static void start_console(struct machine *m)
{
    memset(console_used, 0, sizeof console_used);
    select_ring(2);
    start_queue(m, 1, 2);
    for (unsigned queue = 3; queue <= 5; queue++) {
        select_ring(queue);
        add_queue(m, 1, queue);
    }
}

/* The guest says something on a queue, or hears up to `room` bytes. */
static void console_put(struct machine *m, unsigned queue, const void *bytes, uint32_t count)
{
    select_ring(queue);
    bus_dma_write(&m->bus, ring + 0x3000, bytes, count);
    set_desc(m, 0, ring + 0x3000, count, 0, 0);
    submit_to(m, 1, queue, console_used[queue - 2]++, 0);
}

static uint32_t console_get(struct machine *m, unsigned queue, void *bytes, uint32_t room)
{
    select_ring(queue);
    set_desc(m, 0, ring + 0x3000, room, VIRTQ_DESC_F_WRITE, 0);
    uint32_t count = submit_to(m, 1, queue, console_used[queue - 2]++, 0);
    bus_dma_read(&m->bus, ring + 0x3000, bytes, room);
    return count;
}

static void expect_control(struct machine *m, uint16_t event, uint16_t value, const char *name)
{
    struct {
        struct virtio_console_control fixed;
        char name[32];
    } got = {{0}, ""};

    assert_int_equal(console_get(m, VIRTIO_CONSOLE_QUEUE_CONTROL_RX, &got, sizeof got),
                     sizeof got.fixed + strlen(name));
    assert_int_equal(got.fixed.id, 1);
    assert_int_equal(got.fixed.event, event);
    assert_int_equal(got.fixed.value, value);
    assert_memory_equal(got.name, name, strlen(name));
}

static void say_control(struct machine *m, uint32_t id, uint16_t event, uint16_t value, uint32_t size)
{
    struct virtio_console_control message = {id, event, value};

    console_put(m, VIRTIO_CONSOLE_QUEUE_CONTROL_TX, &message, size);
}

static void test_console(void **state)
{
    struct machine *m = make_machine(1, false);
    struct talker talker = {.says = "what the host has to say is longer than any buffer of this guest"};
    struct virtio_console console = {
        .port_count = 2, .names = {NULL, "port"}, .peers = {[1] = {talker_hears, talker_says, &talker}}};
    const uint32_t whole = sizeof(struct virtio_console_control);
    char heard[100];

    console.virtio = machine_attach(m, 1, &virtio_console_class, &console);
    start_console(m);
    say_control(m, 77, VIRTIO_CONSOLE_PORT_READY, 1, whole); /* no such port, and a message that is too short */
    say_control(m, 1, VIRTIO_CONSOLE_PORT_READY, 1, whole - 1);
    say_control(m, 0, VIRTIO_CONSOLE_DEVICE_READY, 1, whole);
    expect_control(m, VIRTIO_CONSOLE_DEVICE_ADD, 0, "");
    say_control(m, 1, VIRTIO_CONSOLE_PORT_READY, 1, whole);
    expect_control(m, VIRTIO_CONSOLE_PORT_NAME, 0, "port");
    expect_control(m, VIRTIO_CONSOLE_PORT_OPEN, 1, "");
    say_control(m, 1, VIRTIO_CONSOLE_PORT_OPEN, 1, whole);
    assert_true(console.state.guest_open[1]);
    console_put(m, VIRTIO_CONSOLE_QUEUE_TX(1), "from the guest", 14);
    assert_int_equal(talker.heard_count, 14);
    assert_memory_equal(talker.heard, "from the guest", 14);
    for (size_t at = 0, n; at < strlen(talker.says); at += n) { /* nothing is lost for want of room */
        n = console_get(m, VIRTIO_CONSOLE_QUEUE_RX(1), heard, 10);
        assert_in_range(n, 1, 10);
        assert_memory_equal(heard, talker.says + at, n);
    }
    ring = RING;
    machine_destroy(m);
}

/* Rings that break the rules stop the device, and a reset brings it back. */
static void test_broken_rings(void **state)
{
    struct machine *m = make_machine(1, false);
    struct virtio_rng rng = {.state = 1};

    machine_attach(m, 2, &virtio_rng_class, &rng);
    for (unsigned kind = 0; kind < 6; kind++) {
        uint16_t idx = kind == 3 ? ENTRIES + 1 : 1, head = kind == 0 ? ENTRIES : 0;
        memset(m->ram->host + (RING - MACHINE_RAM_BASE), 0, 0x4000);
        start_driver(m, 2);
        set_desc(m, 0, BUFFER, 8, VIRTQ_DESC_F_WRITE | VIRTQ_DESC_F_NEXT, kind == 1 ? 0 : ENTRIES);
        if (kind == 2)
            set_desc(m, 0, BUFFER, 16 * 3 + 1, VIRTQ_DESC_F_INDIRECT, 0);
        if (kind == 4) { /* a writable buffer before a readable one */
            set_desc(m, 0, BUFFER, 8, VIRTQ_DESC_F_WRITE | VIRTQ_DESC_F_NEXT, 1);
            set_desc(m, 1, BUFFER, 8, 0, 0);
        }
        if (kind == 5) { /* an indirect table within an indirect table */
            struct virtq_desc d = {BUFFER, 16, VIRTQ_DESC_F_INDIRECT, 0};
            set_desc(m, 0, BUFFER, 16, VIRTQ_DESC_F_INDIRECT, 0);
            bus_dma_write(&m->bus, BUFFER, &d, sizeof d);
        }
        bus_dma_write(&m->bus, AVAIL + 4, &head, 2);
        bus_dma_write(&m->bus, AVAIL + 2, &idx, 2);
        device_write(m, slot(2) + VIRTIO_MMIO_QUEUE_NOTIFY, 0);
        pass_time(m, m->config.virtio_latency);
        assert_true(device_read(m, slot(2) + VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
    }
    machine_destroy(m);
}

static void test_features_are_negotiated(void **state)
{
    struct machine *m = make_machine(1, false);
    struct virtio_rng rng = {.state = 1};

    machine_attach(m, 2, &virtio_rng_class, &rng);
    device_write(m, slot(2) + VIRTIO_MMIO_STATUS, 3);
    device_write(m, slot(2) + VIRTIO_MMIO_STATUS, 11); /* without VERSION_1 */
    assert_int_equal(device_read(m, slot(2) + VIRTIO_MMIO_STATUS), 3);
    device_write(m, slot(2) + VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    device_write(m, slot(2) + VIRTIO_MMIO_DRIVER_FEATURES, 0xffffffff); /* never offered */
    device_write(m, slot(2) + VIRTIO_MMIO_STATUS, 11);
    assert_int_equal(device_read(m, slot(2) + VIRTIO_MMIO_STATUS), 3);
    assert_int_equal(device_read(m, slot(5) + VIRTIO_MMIO_DEVICE_ID), 0); /* an empty slot */
    machine_destroy(m);
}

/* ---- Harts ---- */

static void test_interrupt_priorities(void **state)
{
    static const enum rv_irq order[] = {RV_IRQ_MEI, RV_IRQ_MSI, RV_IRQ_MTI, RV_IRQ_SEI, RV_IRQ_SSI, RV_IRQ_STI};
    struct machine *m = make_machine(1, false);
    struct hart *h = m->harts[0];

    h->mie = ~0ull;
    for (unsigned i = 0; i < 6; i++)
        hart_set_irq(h, order[i], true);
    for (unsigned i = 0; i < 6; i++) {
        h->mstatus |= RV_STATUS_MIE;
        assert_true(hart_take_interrupt(h));
        assert_int_equal(h->mcause, RV_CAUSE_IRQ | order[i]);
        assert_false(hart_take_interrupt(h)); /* masked in the handler */
        hart_set_irq(h, order[i], false);
    }
    machine_destroy(m);
}

static uint64_t csr_write_read(struct hart *h, unsigned number, uint64_t value)
{
    const struct isa_csr *csr;

    assert_true(isa_csr_access(h, number, true, &csr));
    csr->write(h, number, value);
    return csr->read(h, number);
}

/* Fields that keep legal values whatever is written. */
static void test_csr_legalization(void **state)
{
    struct machine *m = make_machine(1, false);
    struct hart *h = m->harts[0];

    assert_int_equal(csr_write_read(h, 0x302, ~0ull), 0xb3ff); /* medeleg */
    assert_int_equal(csr_write_read(h, 0x303, ~0ull), 0x222);  /* mideleg */
    assert_int_equal(csr_write_read(h, 0x341, ~0ull), ~1ull);  /* mepc */
    assert_int_equal(csr_write_read(h, 0x180, 8ull << 60 | 5), 8ull << 60 | 5);
    assert_int_equal(csr_write_read(h, 0x180, 5ull << 60 | 7), 8ull << 60 | 5); /* no such mode: no effect */
    assert_int_equal(csr_write_read(h, 0x300, 2ull << 11) & RV_STATUS_MPP, 0);  /* no such privilege */
    assert_int_equal(csr_write_read(h, 0x3a0, 0x1a), 0);                        /* pmpcfg: W without R is reserved */
    assert_int_equal(csr_write_read(h, 0x3a0, 0x9f), 0x9f);                     /* locked */
    assert_int_equal(csr_write_read(h, 0x3a0, 0), 0x9f);
    machine_destroy(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clint_timer),
        cmocka_unit_test(test_clint_software_interrupt),
        cmocka_unit_test(test_plic_claims_by_priority),
        cmocka_unit_test(test_plic_ignores_nonsense),
        cmocka_unit_test(test_uart),
        cmocka_unit_test(test_uart_break),
        cmocka_unit_test(test_uart_takes_time),
        cmocka_unit_test(test_uart_queues_what_it_sends),
        cmocka_unit_test(test_rtc_alarm),
        cmocka_unit_test(test_power),
        cmocka_unit_test(test_blk),
        cmocka_unit_test(test_blk_takes_time_by_size),
        cmocka_unit_test(test_blk_forgets_transfers_at_reset),
        cmocka_unit_test(test_rng_is_repeatable),
        cmocka_unit_test(test_net),
        cmocka_unit_test(test_console),
        cmocka_unit_test(test_broken_rings),
        cmocka_unit_test(test_features_are_negotiated),
        cmocka_unit_test(test_interrupt_priorities),
        cmocka_unit_test(test_csr_legalization),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
