/* The simulated device: registers as functions (lib/drv/arch/host/drv_arch.h), rings as the device sees them. */
#include "tests/unit/drv/sim_virtio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "hw/virtio.h"
#include "hw/virtio_mmio.h"
#include "lib/drv/mmio.h"

struct sim_virtio sim;

void sim_init(u32 id, u64 features, u32 queues, u32 queue_max)
{
    memset(&sim, 0, sizeof sim);
    sim.magic = VIRTIO_MMIO_MAGIC_VALUE;
    sim.version = 2;
    sim.id = id;
    sim.offered = features;
    for (u32 i = 0; i < queues; i++)
        sim.queue[i].max = queue_max;
}

static struct sim_queue *selected(void)
{
    static struct sim_queue none;
    none = (struct sim_queue){0};
    return sim.queue_sel < SIM_QUEUES ? &sim.queue[sim.queue_sel] : &none;
}

static u64 read_config(u64 offset, unsigned bytes)
{
    u64 value = 0;
    assert_true(offset + bytes <= SIM_CONFIG);
    memcpy(&value, sim.config + offset, bytes);
    return value;
}

u64 mmio_sim_read(vaddr_t base, u64 offset, unsigned bytes)
{
    assert_int_equal(base, SIM_BASE);
    if (offset >= VIRTIO_MMIO_CONFIG)
        return read_config(offset - VIRTIO_MMIO_CONFIG, bytes);
    assert_int_equal(bytes, 4);
    switch (offset) {
    case VIRTIO_MMIO_MAGIC:
        return sim.magic;
    case VIRTIO_MMIO_VERSION:
        return sim.version;
    case VIRTIO_MMIO_DEVICE_ID:
        return sim.id;
    case VIRTIO_MMIO_DEVICE_FEATURES:
        return (u32)(sim.offered >> (32 * sim.offered_sel));
    case VIRTIO_MMIO_QUEUE_NUM_MAX:
        return selected()->max;
    case VIRTIO_MMIO_QUEUE_READY:
        return selected()->ready;
    case VIRTIO_MMIO_INTERRUPT_STATUS:
        return sim.interrupt;
    case VIRTIO_MMIO_STATUS:
        return sim.status;
    case VIRTIO_MMIO_CONFIG_GENERATION:
        return sim.generation;
    }
    fail_msg("read of register 0x%lx", (unsigned long)offset);
    return 0;
}

static void reset(void)
{
    sim.resets++;
    sim.interrupt = 0;
    for (u32 i = 0; i < SIM_QUEUES; i++)
        sim.queue[i] = (struct sim_queue){.max = sim.queue[i].max};
}

static void write_status(u32 value)
{
    if (value == 0 && sim.hang_in_reset)
        return;
    if (value == 0)
        reset();
    if (sim.refuse_features)
        value &= ~(u32)VIRTIO_STATUS_FEATURES_OK;
    sim.status = value;
}

static void set_half(u64 *word, bool high, u64 value)
{
    *word = high ? (*word & 0xffffffffu) | value << 32 : (*word & ~0xffffffffull) | value;
}

static void write_queue(u64 offset, u64 value)
{
    struct sim_queue *queue = selected();
    assert_false(queue->ready);
    switch (offset) {
    case VIRTIO_MMIO_QUEUE_NUM:
        queue->size = (u32)value;
        return;
    case VIRTIO_MMIO_QUEUE_READY:
        queue->ready = (u32)value;
        return;
    case VIRTIO_MMIO_QUEUE_DESC_LOW:
    case VIRTIO_MMIO_QUEUE_DESC_HIGH:
        set_half(&queue->desc, offset & 4, value);
        return;
    case VIRTIO_MMIO_QUEUE_DRIVER_LOW:
    case VIRTIO_MMIO_QUEUE_DRIVER_HIGH:
        set_half(&queue->avail, offset & 4, value);
        return;
    case VIRTIO_MMIO_QUEUE_DEVICE_LOW:
    case VIRTIO_MMIO_QUEUE_DEVICE_HIGH:
        set_half(&queue->used, offset & 4, value);
        return;
    }
    fail_msg("write of register 0x%lx", (unsigned long)offset);
}

void mmio_sim_write(vaddr_t base, u64 offset, unsigned bytes, u64 value)
{
    assert_int_equal(base, SIM_BASE);
    assert_int_equal(bytes, 4);
    switch (offset) {
    case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
        sim.offered_sel = (u32)value;
        return;
    case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
        sim.accepted_sel = (u32)value;
        return;
    case VIRTIO_MMIO_DRIVER_FEATURES:
        set_half(&sim.accepted, sim.accepted_sel, value);
        return;
    case VIRTIO_MMIO_QUEUE_SEL:
        sim.queue_sel = (u32)value;
        return;
    case VIRTIO_MMIO_QUEUE_NOTIFY:
        assert_true(value < SIM_QUEUES && (sim.status & VIRTIO_STATUS_DRIVER_OK));
        sim.queue[value].notified++;
        return;
    case VIRTIO_MMIO_INTERRUPT_ACK:
        sim.interrupt &= ~(u32)value;
        return;
    case VIRTIO_MMIO_STATUS:
        write_status((u32)value);
        return;
    }
    write_queue(offset, value);
}

bool sim_take(u32 index, struct sim_chain *chain)
{
    struct sim_queue *queue = &sim.queue[index];
    assert_true(queue->ready);
    struct virtq_avail *avail = (struct virtq_avail *)queue->avail;
    if (avail->idx == queue->avail_seen)
        return false;
    const struct virtq_desc *table = (const struct virtq_desc *)queue->desc;
    u16 id = avail->ring[queue->avail_seen++ % queue->size];
    bool writing = false;
    *chain = (struct sim_chain){.head = id};
    for (;;) {
        assert_true(id < queue->size && chain->count < SIM_CHAIN);
        struct virtq_desc desc = table[id];
        assert_true(desc.len > 0);
        assert_false(writing && !(desc.flags & VIRTQ_DESC_F_WRITE));
        writing = desc.flags & VIRTQ_DESC_F_WRITE;
        chain->desc[chain->count++] = desc;
        if (!(desc.flags & VIRTQ_DESC_F_NEXT))
            return true;
        id = desc.next;
    }
}

void sim_return(u32 index, u32 id, u32 length)
{
    struct sim_queue *queue = &sim.queue[index];
    struct virtq_used *used = (struct virtq_used *)queue->used;
    used->ring[used->idx % queue->size] = (struct virtq_used_elem){.id = id, .len = length};
    used->idx++;
    sim.interrupt |= VIRTIO_MMIO_INT_QUEUE;
}

void sim_set_used_index(u32 index, u16 value)
{
    ((struct virtq_used *)sim.queue[index].used)->idx = value;
}

void *sim_memory(const struct virtq_desc *desc)
{
    return (void *)desc->addr;
}
