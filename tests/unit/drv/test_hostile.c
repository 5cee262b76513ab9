/*
 * Random walks: clients that do anything in any order, against a device that mostly works and sometimes lies. The
 * sanitizers see to the memory; at the end of each walk an honest device must be able to bring everything to rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/error.h"
#include "drivers/blk/virtio/disk.h"
#include "drivers/char/virtio-console/ports.h"
#include "hw/virtio_blk.h"
#include "hw/virtio_console.h"
#include "tests/unit/drv/sim_virtio.h"

#define WALKS 300
#define STEPS 400

static u64 state;

static u32 random_below(u32 limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (u32)(state >> 20) % limit;
}

static bool one_in(u32 n)
{
    return random_below(n) == 0;
}

static void *memories[64];
static u32 memory_count;

static void *take_memory(u64 bytes)
{
    u64 size = (bytes + 16383) & ~16383ull;
    assert_true(memory_count < 64);
    memories[memory_count] = aligned_alloc(16384, size);
    memset(memories[memory_count], 0, size);
    return memories[memory_count++];
}

static void free_memories(void)
{
    while (memory_count > 0)
        free(memories[--memory_count]);
}

/* --- the device: what it has taken and not returned --- */

#define HELD_MAX 512
static struct {
    u32 queue;
    struct sim_chain chain;
} held[HELD_MAX];
static u32 held_count, resets_seen;

static void forget_on_reset(void)
{
    if (sim.resets != resets_seen)
        held_count = 0;
    resets_seen = sim.resets;
}

static void device_takes(u32 queues)
{
    forget_on_reset();
    for (u32 queue = 0; queue < queues; queue++)
        while (sim.queue[queue].ready && held_count < HELD_MAX && sim_take(queue, &held[held_count].chain))
            held[held_count++].queue = queue;
}

static u32 writable(const struct sim_chain *chain)
{
    u32 bytes = 0;
    for (u16 i = 0; i < chain->count; i++)
        if (chain->desc[i].flags & VIRTQ_DESC_F_WRITE)
            bytes += chain->desc[i].len;
    return bytes;
}

/* Writes noise to all that it was given to write. */
static void scribble(const struct sim_chain *chain)
{
    for (u16 i = 0; i < chain->count; i++)
        if (chain->desc[i].flags & VIRTQ_DESC_F_WRITE)
            for (u32 k = 0; k < chain->desc[i].len && k < 64; k++)
                ((u8 *)sim_memory(&chain->desc[i]))[k] = (u8)random_below(8);
}

static void device_returns_one(bool lies)
{
    if (held_count == 0)
        return;
    u32 i = random_below(held_count), limit = writable(&held[i].chain);
    scribble(&held[i].chain);
    if (lies && one_in(3))
        memset((void *)sim.queue[held[i].queue].desc, (int)random_below(256), 16ull * sim.queue[held[i].queue].size);
    sim_return(held[i].queue, lies && one_in(2) ? random_below(300) : held[i].chain.head,
               lies && one_in(2) ? random_below(0xffffffff) : limit);
    held[i] = held[--held_count];
}

static void device_steps(u32 queues, u32 lie_rate)
{
    device_takes(queues);
    device_returns_one(lie_rate && one_in(lie_rate));
    if (lie_rate && one_in(lie_rate) && sim.queue[0].ready)
        sim_set_used_index(0, (u16)random_below(65536));
}

/* --- the disk's clients --- */

static struct disk disk;
static u8 data[16384] __attribute__((aligned(4096)));
static bool client_open[DISK_CLIENTS_MAX];

static void start_disk(void)
{
    const u64 sectors = 1000;
    sim_init(VIRTIO_ID_BLK, VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH), 1, 64);
    memcpy(sim.config + VIRTIO_BLK_CONFIG_CAPACITY, &sectors, 8);
    memset(client_open, 0, sizeof client_open);
    void *memory = take_memory(disk_memory_bytes());
    assert_int_equal(disk_start(&disk, SIM_BASE, memory, (paddr_t)memory), E_OK);
    held_count = resets_seen = 0;
    resets_seen = sim.resets;
}

static void client_steps(u32 client)
{
    u64 tag;
    u32 status, index;
    struct disk_run runs[2] = {{(paddr_t)data, 4096u << random_below(2)}, {(paddr_t)data + 8192, 4096}};
    const struct disk_order order = {.region = random_below(DISK_REGIONS_MAX + 1),
                                     .count = random_below(40),
                                     .op = random_below(4),
                                     .offset = (u64)random_below(30) * 512,
                                     .sector = random_below(1100)};
    switch (random_below(8)) {
    case 0:
        disk_attach(&disk, client, runs, random_below(4) ? 1 + random_below(2) : 0, &index);
        break;
    case 1:
        disk_detach(&disk, client, random_below(DISK_REGIONS_MAX + 1));
        break;
    case 2:
        disk_collect(&disk, client, &tag, &status);
        break;
    case 3:
        if (one_in(4)) {
            disk_close(&disk, client);
            client_open[client] = false;
        }
        break;
    default:
        disk_submit(&disk, client, &order);
    }
}

static void disk_step(u32 lie_rate)
{
    u32 client = random_below(DISK_CLIENTS_MAX);
    if (client_open[client])
        client_steps(client);
    else if (disk_open(&disk, &client) == E_OK)
        client_open[client] = true;
    device_steps(1, lie_rate);
    if (one_in(2))
        disk_interrupt(&disk);
}

static u32 unfinished(void)
{
    u32 n = 0;
    for (u32 c = 0; c < DISK_CLIENTS_MAX; c++)
        for (u32 i = 0; i < DISK_DEPTH; i++)
            n += disk.client[c].request[i].state == REQUEST_FLYING || disk.client[c].request[i].state == REQUEST_QUEUED;
    return n;
}

static void walk_disk(u32 lie_rate)
{
    start_disk();
    for (u32 i = 0; i < STEPS; i++)
        disk_step(lie_rate);
    for (u32 i = 0; i < 4 * STEPS && (unfinished() || held_count); i++) {
        device_steps(1, 0);
        disk_interrupt(&disk);
    }
    assert_int_equal(unfinished(), 0);
    for (u32 c = 0; c < DISK_CLIENTS_MAX; c++) {
        disk_close(&disk, c);
        assert_true(disk_is_free(&disk, c));
    }
    free_memories();
}

static void disk_with_honest_device(void **unused)
{
    for (u32 i = 0; i < WALKS; i++)
        walk_disk(0);
    assert_false(disk.dead);
}

static void disk_with_lying_device(void **unused)
{
    for (u32 i = 0; i < WALKS; i++)
        walk_disk(2 + i % 100);
}

/* --- the console's ports --- */

static struct ports ports;
static u32 users[PORTS_MAX];

static err_t test_alloc(u64 bytes, struct port_memory *out)
{
    if (one_in(20))
        return E_NOMEM;
    out->memory = take_memory(bytes);
    out->phys = (paddr_t)out->memory;
    return E_OK;
}

static void start_ports(void)
{
    const u32 max = 4;
    err_t error;
    sim_init(VIRTIO_ID_CONSOLE, VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_CONSOLE_F_MULTIPORT), 10,
             32);
    memcpy(sim.config + VIRTIO_CONSOLE_CONFIG_MAX_PORTS, &max, 4);
    memset(users, 0, sizeof users);
    do
        error = ports_start(&ports, SIM_BASE, test_alloc);
    while (error == E_NOMEM);
    assert_int_equal(error, E_OK);
    held_count = 0;
    resets_seen = sim.resets;
}

static void port_steps(u32 index)
{
    u32 buffer;
    struct port *port = &ports.port[index];
    if (users[index] == 0 || one_in(20)) {
        port_open(&ports, index);
        users[index]++;
    } else if (one_in(20)) {
        port_close(&ports, index);
        users[index]--;
    } else if (one_in(2)) {
        if (!port_receive(&ports, index, &buffer)) {
            struct port_buffer *rx = &port->rx_buffer[buffer];
            assert_true(rx->start <= rx->end && rx->end <= PORT_RX_BYTES);
            port_receive_done(&ports, index, buffer, random_below(rx->end - rx->start + 1));
        }
    } else if (!port_transmit(&ports, index, &buffer)) {
        port_transmit_send(&ports, index, buffer, random_below(PORT_TX_BYTES + 1));
    }
}

static void walk_ports(u32 lie_rate)
{
    u32 index;
    start_ports();
    for (u32 i = 0; i < STEPS; i++) {
        if (ports_find(&ports, "vport0", 6, &index) == E_OK)
            port_steps(index);
        device_steps(10, lie_rate);
        if (one_in(2))
            ports_interrupt(&ports);
    }
    free_memories();
}

static void ports_with_noisy_device(void **unused)
{
    for (u32 i = 0; i < WALKS; i++)
        walk_ports(0);
    assert_false(ports.dead);
}

static void ports_with_lying_device(void **unused)
{
    for (u32 i = 0; i < WALKS; i++)
        walk_ports(2 + i % 100);
}

static int set_up(void **unused)
{
    state = 0x9e3779b97f4a7c15ull;
    return 0;
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(disk_with_honest_device),
        TEST(disk_with_lying_device),
        TEST(ports_with_noisy_device),
        TEST(ports_with_lying_device),
    };
    return cmocka_run_group_tests_name("hostile devices", tests, NULL, NULL);
}
