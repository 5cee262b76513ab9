/* The virtio console driver's ports against a simulated device, honest and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "drivers/char/virtio-console/ports.h"
#include "hw/virtio_console.h"
#include "tests/unit/drv/sim_virtio.h"

#define FEATURES  (VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_CONSOLE_F_MULTIPORT))
#define MAX_PORTS 4
#define PORT      1
#define RX        4 /* queues of port 1 */
#define TX        5

static struct ports ports;
static void *memories[16];
static u32 memory_count;
static bool no_memory;

static err_t test_alloc(u64 bytes, struct port_memory *out)
{
    if (no_memory)
        return E_NOMEM;
    u64 size = (bytes + 16383) & ~16383ull;
    assert_true(memory_count < 16);
    out->memory = memories[memory_count++] = aligned_alloc(16384, size);
    out->phys = (paddr_t)out->memory;
    memset(out->memory, 0, size);
    return E_OK;
}

/* The device sends a control message. */
static void control(u32 id, u16 event, u16 value, const char *name, u32 cut)
{
    struct sim_chain chain;
    struct virtio_console_control message = {id, event, value};
    u8 *to;
    assert_true(sim_take(VIRTIO_CONSOLE_QUEUE_CONTROL_RX, &chain));
    to = sim_memory(&chain.desc[0]);
    memcpy(to, &message, sizeof message);
    memcpy(to + sizeof message, name, strlen(name));
    sim_return(VIRTIO_CONSOLE_QUEUE_CONTROL_RX, chain.head, (u32)(sizeof message + strlen(name)) - cut);
    ports_interrupt(&ports);
}

/* The driver has sent this control message. */
static void expect_control(u32 id, u16 event, u16 value)
{
    struct sim_chain chain;
    assert_true(sim_take(VIRTIO_CONSOLE_QUEUE_CONTROL_TX, &chain));
    const struct virtio_console_control *message = sim_memory(&chain.desc[0]);
    assert_int_equal(message->id, id);
    assert_int_equal(message->event, event);
    assert_int_equal(message->value, value);
    sim_return(VIRTIO_CONSOLE_QUEUE_CONTROL_TX, chain.head, 0);
    ports_interrupt(&ports);
}

static void expect_no_control(void)
{
    struct sim_chain chain;
    assert_false(sim_take(VIRTIO_CONSOLE_QUEUE_CONTROL_TX, &chain));
}

static int set_up(void **state)
{
    const u32 max = MAX_PORTS;
    no_memory = false;
    sim_init(VIRTIO_ID_CONSOLE, FEATURES, 2 * MAX_PORTS + 2, 32);
    memcpy(sim.config + VIRTIO_CONSOLE_CONFIG_MAX_PORTS, &max, 4);
    assert_int_equal(ports_start(&ports, SIM_BASE, test_alloc), E_OK);
    expect_control(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
    return 0;
}

static int tear_down(void **state)
{
    while (memory_count > 0)
        free(memories[--memory_count]);
    return 0;
}

/* Port 1 named "agent", open at both ends. */
static int set_up_port(void **state)
{
    set_up(state);
    control(PORT, VIRTIO_CONSOLE_DEVICE_ADD, 0, "", 0);
    expect_control(PORT, VIRTIO_CONSOLE_PORT_READY, 1);
    control(PORT, VIRTIO_CONSOLE_PORT_NAME, 1, "agent", 0);
    control(PORT, VIRTIO_CONSOLE_PORT_OPEN, 1, "", 0);
    port_open(&ports, PORT);
    expect_control(PORT, VIRTIO_CONSOLE_PORT_OPEN, 1);
    return 0;
}

static void device_fills(const char *text)
{
    struct sim_chain chain;
    assert_true(sim_take(RX, &chain));
    memcpy(sim_memory(&chain.desc[0]), text, strlen(text));
    sim_return(RX, chain.head, (u32)strlen(text));
    ports_interrupt(&ports);
}

static void expect_received(const char *text, u32 consume)
{
    u32 buffer;
    assert_int_equal(port_receive(&ports, PORT, &buffer), E_OK);
    const struct port *port = &ports.port[PORT];
    u32 start = port->rx_buffer[buffer].start;
    assert_int_equal(port->rx_buffer[buffer].end - start, strlen(text));
    assert_memory_equal(port_rx_memory(port, buffer) + start, text, strlen(text));
    port_receive_done(&ports, PORT, buffer, consume);
}

static void ports_come_with_name_and_number(void **state)
{
    u32 index;
    assert_int_equal(ports_find(&ports, "agent", 5, &index), E_OK);
    assert_int_equal(index, PORT);
    assert_int_equal(ports_find(&ports, "vport0", 6, &index), E_OK);
    assert_int_equal(ports_find(&ports, "vport1", 6, &index), E_NOENT);
    assert_int_equal(ports_find(&ports, "vport", 5, &index), E_NOENT);
    assert_int_equal(ports_find(&ports, "agen", 4, &index), E_NOENT);
    assert_int_equal(ports_find(&ports, "", 0, &index), E_NOENT);
    control(PORT, VIRTIO_CONSOLE_DEVICE_REMOVE, 0, "", 0);
    assert_int_equal(ports_find(&ports, "agent", 5, &index), E_NOENT);
    assert_int_equal(port_receive(&ports, PORT, &index), E_IO);
}

static void received_bytes_come_in_order_and_rests_first(void **state)
{
    u32 buffer;
    assert_int_equal(port_receive(&ports, PORT, &buffer), E_AGAIN);
    device_fills("first");
    device_fills("second");
    expect_received("first", 2);
    expect_received("rst", 3);
    expect_received("second", 6);
    assert_int_equal(port_receive(&ports, PORT, &buffer), E_AGAIN);
    for (int i = 0; i < 100; i++) { /* buffers return to the device */
        device_fills("again");
        expect_received("again", 5);
    }
}

static void all_receive_buffers_are_in_flight(void **state)
{
    for (int i = 0; i < PORT_RX_BUFFERS; i++)
        device_fills("x");
    struct sim_chain chain;
    assert_false(sim_take(RX, &chain));
    for (int i = 0; i < PORT_RX_BUFFERS; i++)
        expect_received("x", 1);
    assert_true(sim_take(RX, &chain));
}

static void what_is_behind_received_bytes_is_zero(void **state)
{
    u32 buffer;
    for (int i = 0; i <= PORT_RX_BUFFERS; i++) {
        device_fills(i < PORT_RX_BUFFERS ? "secretsecret" : "x");
        if (i < PORT_RX_BUFFERS)
            expect_received("secretsecret", 12);
    }
    assert_int_equal(port_receive(&ports, PORT, &buffer), E_OK);
    assert_int_equal(port_rx_memory(&ports.port[PORT], buffer)[1], 0);
}

static void sent_buffers_reach_the_device(void **state)
{
    u32 buffer[PORT_TX_BUFFERS], extra;
    struct sim_chain chain;
    for (u32 i = 0; i < PORT_TX_BUFFERS; i++) {
        assert_int_equal(port_transmit(&ports, PORT, &buffer[i]), E_OK);
        port_tx_memory(&ports.port[PORT], buffer[i])[0] = (u8)('a' + i);
    }
    assert_int_equal(port_transmit(&ports, PORT, &extra), E_AGAIN);
    for (u32 i = 0; i < PORT_TX_BUFFERS; i++)
        port_transmit_send(&ports, PORT, buffer[i], i);
    for (u32 i = 1; i < PORT_TX_BUFFERS; i++) {
        assert_true(sim_take(TX, &chain));
        assert_int_equal(chain.desc[0].len, i);
        assert_int_equal(*(u8 *)sim_memory(&chain.desc[0]), 'a' + i);
        sim_return(TX, chain.head, 0);
    }
    assert_false(sim_take(TX, &chain));
    assert_int_equal(port_transmit(&ports, PORT, &extra), E_OK); /* number 0 was not sent */
    assert_int_equal(port_transmit(&ports, PORT, &extra), E_AGAIN);
    ports_interrupt(&ports);
    assert_int_equal(port_transmit(&ports, PORT, &extra), E_OK);
}

static void host_end_decides_what_waits_and_what_ends(void **state)
{
    u32 buffer;
    device_fills("last words");
    control(PORT, VIRTIO_CONSOLE_PORT_OPEN, 0, "", 0);
    expect_received("last words", 10);
    assert_int_equal(port_receive(&ports, PORT, &buffer), E_PIPE);
    assert_int_equal(port_transmit(&ports, PORT, &buffer), E_PIPE);
    control(PORT, VIRTIO_CONSOLE_PORT_OPEN, 1, "", 0);
    assert_int_equal(port_receive(&ports, PORT, &buffer), E_AGAIN);
    control(2, VIRTIO_CONSOLE_DEVICE_ADD, 0, "", 0);
    assert_int_equal(port_transmit(&ports, 2, &buffer), E_AGAIN); /* the host has not come yet */
}

static void host_hears_of_first_and_last_user(void **state)
{
    port_open(&ports, PORT);
    port_close(&ports, PORT);
    expect_no_control();
    port_close(&ports, PORT);
    expect_control(PORT, VIRTIO_CONSOLE_PORT_OPEN, 0);
}

/* QEMU's console answers each notification by an interrupt: without this the two would never come to rest. */
static void interrupt_without_news_notifies_nobody(void **state)
{
    ports_interrupt(&ports);
    for (u32 i = 0; i < SIM_QUEUES; i++)
        sim.queue[i].notified = 0;
    ports_interrupt(&ports);
    for (u32 i = 0; i < SIM_QUEUES; i++)
        assert_int_equal(sim.queue[i].notified, 0);
}

/* More to say than there is room for: nothing is lost, only the latest state counts. */
static void full_control_queue_delays_but_loses_nothing(void **state)
{
    struct sim_chain chain;
    for (u32 i = 0; i < CONTROL_BUFFERS; i++) {
        port_close(&ports, PORT);
        port_open(&ports, PORT);
    }
    port_close(&ports, PORT);
    u32 last = 1;
    while (sim_take(VIRTIO_CONSOLE_QUEUE_CONTROL_TX, &chain)) {
        last = ((struct virtio_console_control *)sim_memory(&chain.desc[0]))->value;
        sim_return(VIRTIO_CONSOLE_QUEUE_CONTROL_TX, chain.head, 0);
        ports_interrupt(&ports);
    }
    assert_int_equal(last, 0);
}

static void senseless_control_messages_are_ignored(void **state)
{
    char name[CONTROL_BYTES];
    memset(name, 'n', sizeof name);
    name[CONTROL_BYTES - sizeof(struct virtio_console_control)] = 0;
    control(MAX_PORTS, VIRTIO_CONSOLE_DEVICE_ADD, 0, "", 0);
    control(0xffffffff, VIRTIO_CONSOLE_PORT_OPEN, 1, "", 0);
    control(PORT, VIRTIO_CONSOLE_DEVICE_ADD, 0, "", 0); /* once more */
    control(PORT, 99, 0, "", 0);
    control(PORT, VIRTIO_CONSOLE_DEVICE_REMOVE, 0, "", 1); /* too short */
    control(PORT, VIRTIO_CONSOLE_PORT_NAME, 1, name, 0);
    assert_int_equal(ports.port[PORT].name_length, PORT_NAME_MAX);
    u32 index;
    assert_int_equal(ports_find(&ports, "vport0", 6, &index), E_OK);
    assert_false(ports.dead);
}

static void port_without_memory_does_not_come(void **state)
{
    u32 index;
    no_memory = true;
    control(2, VIRTIO_CONSOLE_DEVICE_ADD, 0, "", 0);
    assert_int_equal(ports_find(&ports, "vport0", 6, &index), E_NOENT);
    no_memory = false;
    control(2, VIRTIO_CONSOLE_DEVICE_ADD, 0, "", 0);
    assert_int_equal(ports_find(&ports, "vport0", 6, &index), E_OK);
}

static void expect_dead(void)
{
    u32 buffer;
    ports_interrupt(&ports);
    assert_true(ports.dead);
    assert_int_equal(sim.resets, 2);
    assert_int_equal(port_receive(&ports, PORT, &buffer), E_IO);
    assert_int_equal(port_transmit(&ports, PORT, &buffer), E_IO);
    assert_int_equal(ports_find(&ports, "agent", 5, &buffer), E_IO);
    port_close(&ports, PORT);
}

static void hostile_receive_length(void **state)
{
    struct sim_chain chain;
    assert_true(sim_take(RX, &chain));
    sim_return(RX, chain.head, PORT_RX_BYTES + 1);
    expect_dead();
}

static void hostile_transmit_id(void **state)
{
    sim_return(TX, 3, 0);
    expect_dead();
}

static void hostile_control_index(void **state)
{
    sim_set_used_index(VIRTIO_CONSOLE_QUEUE_CONTROL_RX, 30000);
    expect_dead();
}

static void device_without_ports_is_refused(void **state)
{
    sim.offered = VIRTIO_FEATURE(VIRTIO_F_VERSION_1);
    assert_int_equal(ports_start(&ports, SIM_BASE, test_alloc), E_NOTSUP);
    sim.id = VIRTIO_ID_BLK;
    assert_int_equal(ports_start(&ports, SIM_BASE, test_alloc), E_NODEV);
}

#define TEST(f)      cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define TEST_PORT(f) cmocka_unit_test_setup_teardown(f, set_up_port, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(device_without_ports_is_refused),
        TEST(port_without_memory_does_not_come),
        TEST_PORT(ports_come_with_name_and_number),
        TEST_PORT(received_bytes_come_in_order_and_rests_first),
        TEST_PORT(all_receive_buffers_are_in_flight),
        TEST_PORT(what_is_behind_received_bytes_is_zero),
        TEST_PORT(sent_buffers_reach_the_device),
        TEST_PORT(host_end_decides_what_waits_and_what_ends),
        TEST_PORT(host_hears_of_first_and_last_user),
        TEST_PORT(interrupt_without_news_notifies_nobody),
        TEST_PORT(full_control_queue_delays_but_loses_nothing),
        TEST_PORT(senseless_control_messages_are_ignored),
        TEST_PORT(hostile_receive_length),
        TEST_PORT(hostile_transmit_id),
        TEST_PORT(hostile_control_index),
    };
    return cmocka_run_group_tests_name("ports", tests, NULL, NULL);
}
