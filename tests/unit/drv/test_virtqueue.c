/* Virtqueues and the virtio-mmio transport against a simulated device, honest and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "hw/virtio_mmio.h"
#include "lib/drv/virtio.h"
#include "tests/unit/drv/sim_virtio.h"

#define SIZE 8
#define V1   VIRTIO_FEATURE(VIRTIO_F_VERSION_1)

static struct virtio device;
static struct virtqueue queue;
static struct virtqueue_slot slots[SIZE];
static void *memory;
static u8 data[4][64];

static int set_up(void **state)
{
    sim_init(VIRTIO_ID_BLK, V1 | VIRTIO_FEATURE(9) | VIRTIO_FEATURE(5), 2, 1024);
    memory = aligned_alloc(4096, 4096);
    assert_int_equal(virtqueue_init(&queue, SIZE, slots, memory, (paddr_t)memory), E_OK);
    assert_int_equal(virtio_start(&device, SIM_BASE, 0, VIRTIO_FEATURE(9)), E_OK);
    assert_int_equal(virtio_add_queue(&device, 0, &queue), E_OK);
    assert_int_equal(virtio_run(&device), E_OK);
    return 0;
}

static int tear_down(void **state)
{
    free(memory);
    return 0;
}

static struct virtqueue_buffer buffer(int i, u32 length, bool device_writes)
{
    return (struct virtqueue_buffer){(paddr_t)data[i], length, device_writes};
}

static void add(u16 count, u64 cookie)
{
    struct virtqueue_buffer buffers[4] = {buffer(0, 16, false), buffer(1, 64, true), buffer(2, 64, true),
                                          buffer(3, 1, true)};
    assert_int_equal(virtqueue_add(&queue, buffers, count, cookie), E_OK);
}

static void probe_finds_only_its_device(void **state)
{
    assert_int_equal(virtio_probe(SIM_BASE, VIRTIO_ID_BLK), E_OK);
    assert_int_equal(virtio_probe(SIM_BASE, VIRTIO_ID_CONSOLE), E_NODEV);
    assert_int_equal(virtio_probe(SIM_BASE, VIRTIO_ID_NONE), E_NODEV);
    sim.version = 1;
    assert_int_equal(virtio_probe(SIM_BASE, VIRTIO_ID_BLK), E_NOTSUP);
    sim.magic = 0;
    assert_int_equal(virtio_probe(SIM_BASE, VIRTIO_ID_BLK), E_NODEV);
}

static void start_negotiates_features(void **state)
{
    assert_int_equal(sim.accepted, V1 | VIRTIO_FEATURE(9));
    assert_true(virtio_has(&device, 9));
    assert_false(virtio_has(&device, 5));
    assert_int_equal(sim.status, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK |
                                     VIRTIO_STATUS_DRIVER_OK);
    assert_int_equal(sim.queue[0].size, SIZE);
}

static void start_fails_on_missing_or_refused_features(void **state)
{
    assert_int_equal(virtio_start(&device, SIM_BASE, VIRTIO_FEATURE(1), 0), E_NOTSUP);
    assert_true(sim.status & VIRTIO_STATUS_FAILED);
    sim.refuse_features = true;
    assert_int_equal(virtio_start(&device, SIM_BASE, 0, 0), E_NOTSUP);
    sim.refuse_features = false;
    sim.offered = VIRTIO_FEATURE(9); /* legacy device without VERSION_1 */
    assert_int_equal(virtio_start(&device, SIM_BASE, 0, 0), E_NOTSUP);
}

static void start_gives_up_on_a_device_that_hangs(void **state)
{
    sim.hang_in_reset = true;
    assert_int_equal(virtio_start(&device, SIM_BASE, 0, 0), E_IO);
}

static void run_fails_if_device_needs_reset(void **state)
{
    sim.status |= VIRTIO_STATUS_NEEDS_RESET;
    assert_int_equal(virtio_run(&device), E_IO);
}

static void queues_are_checked(void **state)
{
    assert_int_equal(virtio_queue_size(&device, 0), VIRTQUEUE_SIZE_MAX);
    assert_int_equal(virtio_queue_size(&device, 5), 0);
    assert_int_equal(virtio_add_queue(&device, 0, &queue), E_BUSY);
    assert_int_equal(virtio_add_queue(&device, 5, &queue), E_INVAL);
    sim.queue[1].max = 5;
    assert_int_equal(virtio_queue_size(&device, 1), 4);
    assert_int_equal(virtio_add_queue(&device, 1, &queue), E_INVAL);
    struct virtqueue other;
    const u16 bad[] = {0, 3, 2 * VIRTQUEUE_SIZE_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(virtqueue_init(&other, bad[i], slots, NULL, 0), E_INVAL);
}

static void chain_reaches_device_and_comes_back(void **state)
{
    struct sim_chain chain;
    u64 cookie;
    u32 written;
    add(4, 77);
    virtio_notify(&device, 0, &queue);
    assert_int_equal(sim.queue[0].notified, 1);
    assert_true(sim_take(0, &chain));
    assert_int_equal(chain.count, 4);
    assert_ptr_equal(sim_memory(&chain.desc[1]), data[1]);
    assert_false(chain.desc[0].flags & VIRTQ_DESC_F_WRITE);
    assert_true(chain.desc[3].flags & VIRTQ_DESC_F_WRITE);
    assert_int_equal(virtqueue_take(&queue, &cookie, &written), E_AGAIN);
    sim_return(0, chain.head, 129);
    assert_int_equal(virtio_interrupts(&device), VIRTIO_MMIO_INT_QUEUE);
    assert_int_equal(sim.interrupt, 0);
    assert_int_equal(virtqueue_take(&queue, &cookie, &written), E_OK);
    assert_int_equal(cookie, 77);
    assert_int_equal(written, 129);
    assert_int_equal(virtqueue_take(&queue, &cookie, &written), E_AGAIN);
}

static void full_queue_refuses_and_loses_nothing(void **state)
{
    struct virtqueue_buffer three[3] = {buffer(0, 1, false), buffer(1, 1, false), buffer(2, 1, true)};
    assert_int_equal(virtqueue_add(&queue, three, 0, 0), E_INVAL);
    assert_int_equal(virtqueue_add(&queue, three, SIZE + 1, 0), E_INVAL);
    assert_int_equal(virtqueue_add(&queue, three, 3, 1), E_OK);
    assert_int_equal(virtqueue_add(&queue, three, 3, 2), E_OK);
    assert_int_equal(virtqueue_add(&queue, three, 3, 3), E_AGAIN);
    assert_int_equal(virtqueue_add(&queue, three, 2, 3), E_OK);
    assert_int_equal(virtqueue_add(&queue, three, 1, 4), E_AGAIN);
    three[1].length = 0;
    assert_int_equal(virtqueue_add(&queue, three, 3, 5), E_INVAL);
}

/* Chains of all lengths, returned out of order, far beyond one turn of the 16-bit indices. */
static void indices_wrap_and_order_is_free(void **state)
{
    struct sim_chain chain[2];
    u64 cookie;
    u32 written;
    for (u64 round = 0; round < 40000; round++) {
        add(1 + round % 4, 2 * round);
        add(1 + (round + 1) % 4, 2 * round + 1);
        assert_true(sim_take(0, &chain[0]) && sim_take(0, &chain[1]));
        sim_return(0, chain[1].head, 0);
        sim_return(0, chain[0].head, 0);
        assert_int_equal(virtqueue_take(&queue, &cookie, &written), E_OK);
        assert_int_equal(cookie, 2 * round + 1);
        assert_int_equal(virtqueue_take(&queue, &cookie, &written), E_OK);
        assert_int_equal(cookie, 2 * round);
        assert_int_equal(queue.free_count, SIZE);
    }
}

static void notification_is_left_out_where_the_device_says_so(void **state)
{
    add(1, 0);
    ((struct virtq_used *)sim.queue[0].used)->flags = VIRTQ_USED_F_NO_NOTIFY;
    virtio_notify(&device, 0, &queue);
    assert_int_equal(sim.queue[0].notified, 0);
}

static void expect_protocol_error(void)
{
    u64 cookie;
    u32 written;
    assert_int_equal(virtqueue_take(&queue, &cookie, &written), E_IO);
}

static void hostile_id_out_of_range(void **state)
{
    add(2, 1);
    sim_return(0, SIZE, 0);
    expect_protocol_error();
}

static void hostile_id_huge(void **state)
{
    add(2, 1);
    sim_return(0, 0xffffffff, 0);
    expect_protocol_error();
}

static void hostile_id_not_in_flight(void **state)
{
    add(1, 1);
    sim_return(0, 5, 0);
    expect_protocol_error();
}

static void hostile_id_inside_a_chain(void **state)
{
    struct sim_chain chain;
    add(3, 1);
    sim_take(0, &chain);
    sim_return(0, chain.desc[0].next, 0);
    expect_protocol_error();
}

static void hostile_double_return(void **state)
{
    struct sim_chain chain;
    u64 cookie;
    u32 written;
    add(3, 1);
    sim_take(0, &chain);
    sim_return(0, chain.head, 0);
    sim_return(0, chain.head, 0);
    assert_int_equal(virtqueue_take(&queue, &cookie, &written), E_OK);
    expect_protocol_error();
}

static void hostile_length(void **state)
{
    struct sim_chain chain;
    add(4, 1);
    sim_take(0, &chain);
    sim_return(0, chain.head, 130);
    expect_protocol_error();
}

static void hostile_used_index(void **state)
{
    add(4, 1);
    sim_set_used_index(0, SIZE + 1);
    expect_protocol_error();
}

/* The device overwrites the whole descriptor table; our free list and chains do not care. */
static void hostile_descriptor_table(void **state)
{
    struct sim_chain chain;
    u64 cookie;
    u32 written;
    add(3, 1);
    add(2, 2);
    sim_take(0, &chain);
    memset((void *)sim.queue[0].desc, 0xff, SIZE * sizeof(struct virtq_desc));
    sim_return(0, chain.head, 0);
    assert_int_equal(virtqueue_take(&queue, &cookie, &written), E_OK);
    assert_int_equal(queue.free_count, SIZE - 2);
    add(4, 3);
    assert_int_equal(queue.free_count, SIZE - 6);
}

static void config_is_read_in_its_widths(void **state)
{
    const u64 wide = 0x1122334455667788;
    memcpy(sim.config, &wide, 8);
    assert_int_equal(virtio_config64(&device, 0), wide);
    assert_int_equal(virtio_config32(&device, 4), 0x11223344);
    assert_int_equal(virtio_config16(&device, 2), 0x5566);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(probe_finds_only_its_device),
        TEST(start_negotiates_features),
        TEST(start_fails_on_missing_or_refused_features),
        TEST(start_gives_up_on_a_device_that_hangs),
        TEST(run_fails_if_device_needs_reset),
        TEST(queues_are_checked),
        TEST(chain_reaches_device_and_comes_back),
        TEST(full_queue_refuses_and_loses_nothing),
        TEST(indices_wrap_and_order_is_free),
        TEST(notification_is_left_out_where_the_device_says_so),
        TEST(hostile_id_out_of_range),
        TEST(hostile_id_huge),
        TEST(hostile_id_not_in_flight),
        TEST(hostile_id_inside_a_chain),
        TEST(hostile_double_return),
        TEST(hostile_length),
        TEST(hostile_used_index),
        TEST(hostile_descriptor_table),
        TEST(config_is_read_in_its_widths),
    };
    return cmocka_run_group_tests_name("virtqueue", tests, NULL, NULL);
}
