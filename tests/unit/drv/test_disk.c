/* Requests of the virtio block driver: argument checks, fairness, errors, and a device that cheats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "drivers/blk/virtio/disk.h"
#include "hw/virtio_blk.h"
#include "tests/unit/drv/sim_virtio.h"

#define SECTORS 1000
#define FEATURES                                                                                                       \
    (VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH) | VIRTIO_FEATURE(VIRTIO_BLK_F_SEG_MAX))

static struct disk disk;
static void *memory;
static u8 data[2][4096];
static u32 client, region;

static void set_config(u64 sectors, u32 seg_max)
{
    memcpy(sim.config + VIRTIO_BLK_CONFIG_CAPACITY, &sectors, 8);
    memcpy(sim.config + VIRTIO_BLK_CONFIG_SEG_MAX, &seg_max, 4);
}

static void start(u64 features)
{
    sim_init(VIRTIO_ID_BLK, features, 1, 256);
    set_config(SECTORS, 30);
    assert_int_equal(disk_start(&disk, SIM_BASE, memory, (paddr_t)memory), E_OK);
    /* One region of two runs that are not neighbours. */
    struct disk_run runs[2] = {{(paddr_t)data[1], 4096}, {(paddr_t)data[0], 4096}};
    assert_int_equal(disk_open(&disk, &client), E_OK);
    assert_int_equal(disk_attach(&disk, client, runs, 2, &region), E_OK);
}

static int set_up(void **state)
{
    memory = aligned_alloc(4096, (disk_memory_bytes() + 4095) & ~4095ull);
    start(FEATURES);
    return 0;
}

static int tear_down(void **state)
{
    free(memory);
    return 0;
}

static err_t submit(u32 op, u64 offset, u64 sector, u32 count, u64 tag)
{
    return disk_submit(&disk, client, &(struct disk_order){region, count, op, offset, sector, tag});
}

/* The device completes a chain with a status byte. */
static void complete(const struct sim_chain *chain, u8 status)
{
    u32 written = 0;
    for (u16 i = 0; i < chain->count; i++)
        if (chain->desc[i].flags & VIRTQ_DESC_F_WRITE)
            written += chain->desc[i].len;
    *(u8 *)sim_memory(&chain->desc[chain->count - 1]) = status;
    sim_return(0, chain->head, written);
}

static void expect_done(u32 of, u64 expected_tag, u32 expected_status)
{
    u64 tag;
    u32 status;
    assert_int_equal(disk_collect(&disk, of, &tag, &status), E_OK);
    assert_int_equal(tag, expected_tag);
    assert_int_equal(status, expected_status);
}

static void expect_none(u32 of)
{
    u64 tag;
    u32 status;
    assert_int_equal(disk_collect(&disk, of, &tag, &status), E_AGAIN);
}

static void start_reads_the_limits(void **state)
{
    assert_int_equal(disk.sectors, SECTORS);
    assert_int_equal(disk.segments_max, 30);
    assert_false(disk.read_only);
    sim.id = VIRTIO_ID_CONSOLE;
    assert_int_equal(disk_start(&disk, SIM_BASE, memory, (paddr_t)memory), E_NODEV);
    sim_init(VIRTIO_ID_BLK, FEATURES, 0, 0);
    assert_int_equal(disk_start(&disk, SIM_BASE, memory, (paddr_t)memory), E_NODEV);
    sim_init(VIRTIO_ID_BLK, FEATURES, 1, 256);
    assert_int_equal(disk_start(&disk, SIM_BASE, memory, (paddr_t)memory), E_NODEV); /* no segments: nonsense */
}

static void read_crosses_runs(void **state)
{
    struct sim_chain chain;
    assert_int_equal(submit(DISK_READ, 3584, 7, 2, 42), E_OK);
    assert_int_equal(sim.queue[0].notified, 1);
    assert_true(sim_take(0, &chain));
    assert_int_equal(chain.count, 4);
    const struct virtio_blk_req *header = sim_memory(&chain.desc[0]);
    assert_int_equal(header->type, VIRTIO_BLK_T_IN);
    assert_int_equal(header->sector, 7);
    assert_ptr_equal(sim_memory(&chain.desc[1]), data[1] + 3584);
    assert_ptr_equal(sim_memory(&chain.desc[2]), data[0]);
    assert_int_equal(chain.desc[1].len + chain.desc[2].len, 1024);
    expect_none(client);
    complete(&chain, VIRTIO_BLK_S_OK);
    disk_interrupt(&disk);
    expect_done(client, 42, E_OK);
    expect_none(client);
}

static void write_and_flush(void **state)
{
    struct sim_chain chain;
    assert_int_equal(submit(DISK_WRITE, 0, SECTORS - 16, 16, 1), E_OK);
    assert_int_equal(submit(DISK_FLUSH, 99, 99, 99, 2), E_OK); /* a flush has no other arguments */
    assert_true(sim_take(0, &chain));
    assert_false(chain.desc[1].flags & VIRTQ_DESC_F_WRITE);
    complete(&chain, VIRTIO_BLK_S_OK);
    assert_true(sim_take(0, &chain));
    assert_int_equal(chain.count, 2);
    assert_int_equal(((struct virtio_blk_req *)sim_memory(&chain.desc[0]))->type, VIRTIO_BLK_T_FLUSH);
    complete(&chain, VIRTIO_BLK_S_OK);
    disk_interrupt(&disk);
    expect_done(client, 1, E_OK);
    expect_done(client, 2, E_OK);
}

static void flush_without_the_feature_is_done_at_once(void **state)
{
    start(VIRTIO_FEATURE(VIRTIO_F_VERSION_1));
    assert_int_equal(submit(DISK_FLUSH, 0, 0, 0, 5), E_OK);
    expect_done(client, 5, E_OK);
}

static void bad_arguments_are_refused(void **state)
{
    const u64 huge = ~0ull;
    assert_int_equal(submit(3, 0, 0, 1, 0), E_INVAL);
    assert_int_equal(submit(DISK_READ, 0, 0, 0, 0), E_INVAL);
    assert_int_equal(submit(DISK_READ, 256, 0, 1, 0), E_INVAL);
    assert_int_equal(submit(DISK_READ, 0, 0, DISK_BYTES_MAX / 512 + 1, 0), E_INVAL);
    assert_int_equal(submit(DISK_READ, 0, 0, 0xffffffff, 0), E_INVAL);
    assert_int_equal(submit(DISK_READ, 0, 0, 17, 0), E_FAULT);
    assert_int_equal(submit(DISK_READ, 8192, 0, 1, 0), E_FAULT);
    assert_int_equal(submit(DISK_READ, huge - 511, 0, 1, 0), E_FAULT);
    assert_int_equal(submit(DISK_READ, 0, SECTORS, 1, 0), E_RANGE);
    assert_int_equal(submit(DISK_READ, 0, SECTORS - 1, 2, 0), E_RANGE);
    assert_int_equal(submit(DISK_READ, 0, huge, 1, 0), E_RANGE);
    region++;
    assert_int_equal(submit(DISK_READ, 0, 0, 1, 0), E_NOENT);
    region = 0xffffffff;
    assert_int_equal(submit(DISK_READ, 0, 0, 1, 0), E_NOENT);
    assert_int_equal(disk_detach(&disk, client, region), E_NOENT);
    struct sim_chain chain;
    assert_false(sim_take(0, &chain));
}

static void bad_regions_are_refused(void **state)
{
    struct disk_run runs[DISK_RUNS_MAX + 1];
    u32 id;
    for (int i = 0; i <= DISK_RUNS_MAX; i++)
        runs[i] = (struct disk_run){4096, 4096};
    assert_int_equal(disk_attach(&disk, client, runs, 0, &id), E_INVAL);
    assert_int_equal(disk_attach(&disk, client, runs, DISK_RUNS_MAX + 1, &id), E_INVAL);
    runs[1].length = 0;
    assert_int_equal(disk_attach(&disk, client, runs, 2, &id), E_INVAL);
    runs[1].length = ~0ull;
    assert_int_equal(disk_attach(&disk, client, runs, 2, &id), E_INVAL);
    for (int i = 1; i < DISK_REGIONS_MAX; i++)
        assert_int_equal(disk_attach(&disk, client, runs, 1, &id), E_OK);
    assert_int_equal(disk_attach(&disk, client, runs, 1, &id), E_MFILE);
}

static void read_only_disk_refuses_writes(void **state)
{
    start(FEATURES | VIRTIO_FEATURE(VIRTIO_BLK_F_RO));
    assert_int_equal(submit(DISK_WRITE, 0, 0, 1, 0), E_ROFS);
    assert_int_equal(submit(DISK_READ, 0, 0, 1, 0), E_OK);
}

static void device_errors_are_passed_on(void **state)
{
    const u8 status[] = {VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_UNSUPP, 0x77, 0xff};
    const u32 expected[] = {E_IO, E_NOTSUP, E_IO, E_IO};
    struct sim_chain chain;
    for (u64 i = 0; i < 4; i++) {
        assert_int_equal(submit(DISK_READ, 0, 0, 1, i), E_OK);
        assert_true(sim_take(0, &chain));
        complete(&chain, status[i]);
        disk_interrupt(&disk);
        expect_done(client, i, expected[i]);
    }
}

/* Status says well done, but not all bytes were written: the client must not take old memory for data. */
static void short_read_is_an_error(void **state)
{
    struct sim_chain chain;
    assert_int_equal(submit(DISK_READ, 0, 0, 8, 1), E_OK);
    assert_true(sim_take(0, &chain));
    *(u8 *)sim_memory(&chain.desc[chain.count - 1]) = VIRTIO_BLK_S_OK;
    sim_return(0, chain.head, 513);
    disk_interrupt(&disk);
    expect_done(client, 1, E_IO);
}

static void region_in_use_stays(void **state)
{
    struct sim_chain chain;
    assert_int_equal(submit(DISK_READ, 0, 0, 1, 1), E_OK);
    assert_int_equal(disk_detach(&disk, client, region), E_BUSY);
    assert_true(sim_take(0, &chain));
    complete(&chain, VIRTIO_BLK_S_OK);
    disk_interrupt(&disk);
    assert_int_equal(disk_detach(&disk, client, region), E_OK);
    assert_int_equal(submit(DISK_READ, 0, 0, 1, 1), E_NOENT);
    expect_done(client, 1, E_OK);
}

static u32 device_serves_all(void)
{
    struct sim_chain chain;
    u32 served = 0;
    while (sim_take(0, &chain)) {
        complete(&chain, VIRTIO_BLK_S_OK);
        served++;
    }
    disk_interrupt(&disk);
    return served;
}

/* Every client gets its DEPTH requests, though all together are more than the virtqueue holds. */
static void many_requests_of_many_clients(void **state)
{
    u32 clients[DISK_CLIENTS_MAX] = {client}, regions[DISK_CLIENTS_MAX] = {region}, extra;
    struct disk_run run = {(paddr_t)data[0], 4096};
    for (u32 c = 1; c < DISK_CLIENTS_MAX; c++) {
        assert_int_equal(disk_open(&disk, &clients[c]), E_OK);
        assert_int_equal(disk_attach(&disk, clients[c], &run, 1, &regions[c]), E_OK);
    }
    assert_int_equal(disk_open(&disk, &extra), E_NFILE);
    for (u32 c = 0; c < DISK_CLIENTS_MAX; c++) {
        client = clients[c], region = regions[c];
        for (u64 tag = 0; tag < DISK_DEPTH; tag++)
            assert_int_equal(submit(DISK_READ, 0, tag, 1, c * 100 + tag), E_OK);
        assert_int_equal(submit(DISK_READ, 0, 0, 1, 0), E_AGAIN);
    }
    u32 first = device_serves_all();
    assert_true(first >= 80 && first < DISK_CLIENTS_MAX * DISK_DEPTH);
    assert_int_equal(first + device_serves_all(), DISK_CLIENTS_MAX * DISK_DEPTH);
    for (u32 c = 0; c < DISK_CLIENTS_MAX; c++)
        for (u64 tag = 0; tag < DISK_DEPTH; tag++)
            expect_done(clients[c], c * 100 + tag, E_OK);
}

static void uncollected_results_bound_the_client_only(void **state)
{
    u32 other;
    for (u64 tag = 0; tag < DISK_DEPTH; tag++)
        assert_int_equal(submit(DISK_READ, 0, 0, 1, tag), E_OK);
    device_serves_all();
    assert_int_equal(submit(DISK_READ, 0, 0, 1, 0), E_AGAIN);
    assert_int_equal(disk_open(&disk, &other), E_OK);
    assert_int_equal(disk_submit(&disk, other, &(struct disk_order){.op = DISK_FLUSH}), E_OK);
    expect_done(client, 0, E_OK);
    assert_int_equal(submit(DISK_READ, 0, 0, 1, 0), E_OK);
}

static void closed_client_waits_for_the_device(void **state)
{
    u32 old = client;
    assert_int_equal(submit(DISK_READ, 0, 0, 1, 1), E_OK);
    disk_close(&disk, old);
    assert_false(disk_is_free(&disk, old));
    for (int i = 1; i < DISK_CLIENTS_MAX; i++)
        assert_int_equal(disk_open(&disk, &client), E_OK);
    assert_int_equal(disk_open(&disk, &client), E_NFILE);
    device_serves_all();
    assert_true(disk_is_free(&disk, old));
    assert_int_equal(disk_open(&disk, &client), E_OK);
    expect_none(client);
    assert_int_equal(submit(DISK_READ, 0, 0, 1, 1), E_NOENT); /* regions of the old one are gone */
}

/* A lie: the device is reset, what was in flight fails, and it works again; after some such times it stays off. */
static void cheating_device_is_reset_then_given_up(void **state)
{
    for (u64 i = 0; i < 3; i++) {
        assert_int_equal(submit(DISK_READ, 0, 0, 1, i), E_OK);
        sim_return(0, 0xdead, 0);
        disk_interrupt(&disk);
        expect_done(client, i, E_IO);
        assert_int_equal(sim.resets, 2 * (i + 1) + 1);
        assert_int_equal(submit(DISK_READ, 0, 0, 1, 7), E_OK);
        assert_int_equal(device_serves_all(), 1);
        expect_done(client, 7, E_OK);
    }
    assert_int_equal(submit(DISK_READ, 0, 0, 1, 8), E_OK);
    sim_return(0, 0xdead, 0);
    disk_interrupt(&disk);
    expect_done(client, 8, E_IO);
    assert_int_equal(submit(DISK_READ, 0, 0, 1, 9), E_IO);
    disk_interrupt(&disk);
}

/* It does not even stop at a reset: requests fail, but their memory stays taken. */
static void runaway_device_keeps_its_memory(void **state)
{
    assert_int_equal(submit(DISK_READ, 0, 0, 1, 1), E_OK);
    sim.hang_in_reset = true;
    sim_return(0, 0xdead, 0);
    disk_interrupt(&disk);
    expect_done(client, 1, E_IO);
    assert_int_equal(disk_detach(&disk, client, region), E_BUSY);
    disk_close(&disk, client);
    assert_false(disk_is_free(&disk, client));
    assert_int_equal(disk_open(&disk, &client), E_IO);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(start_reads_the_limits),
        TEST(read_crosses_runs),
        TEST(write_and_flush),
        TEST(flush_without_the_feature_is_done_at_once),
        TEST(bad_arguments_are_refused),
        TEST(bad_regions_are_refused),
        TEST(read_only_disk_refuses_writes),
        TEST(device_errors_are_passed_on),
        TEST(short_read_is_an_error),
        TEST(region_in_use_stays),
        TEST(many_requests_of_many_clients),
        TEST(uncollected_results_bound_the_client_only),
        TEST(closed_client_waits_for_the_device),
        TEST(cheating_device_is_reset_then_given_up),
        TEST(runaway_device_keeps_its_memory),
    };
    return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
