/* The virtio-mmio transport, version 2 (VIRTIO 1.2 §4.2). */
#include "lib/drv/virtio.h"

#include "abi/error.h"
#include "hw/virtio_mmio.h"
#include "lib/drv/mmio.h"

/* A device that is reset answers at once or within the time of its host's scheduling; then we give up. */
#define RESET_POLLS_MAX 100000
/* A configuration that changes this often while it is read is not to be had whole. */
#define CONFIG_TRIES_MAX 16

static u32 read_reg(const struct virtio *device, u32 reg)
{
    return mmio_read32(device->base, reg);
}

static void write_reg(const struct virtio *device, u32 reg, u32 value)
{
    mmio_write32(device->base, reg, value);
}

static void set_status(const struct virtio *device, u32 bits)
{
    write_reg(device, VIRTIO_MMIO_STATUS, read_reg(device, VIRTIO_MMIO_STATUS) | bits);
}

err_t virtio_probe(vaddr_t base, u32 device_id)
{
    if (mmio_read32(base, VIRTIO_MMIO_MAGIC) != VIRTIO_MMIO_MAGIC_VALUE)
        return E_NODEV;
    if (device_id == VIRTIO_ID_NONE || mmio_read32(base, VIRTIO_MMIO_DEVICE_ID) != device_id)
        return E_NODEV;
    return mmio_read32(base, VIRTIO_MMIO_VERSION) == 2 ? E_OK : E_NOTSUP;
}

static u64 read_features(const struct virtio *device)
{
    u64 features = 0;
    for (u32 half = 0; half < 2; half++) {
        write_reg(device, VIRTIO_MMIO_DEVICE_FEATURES_SEL, half);
        features |= (u64)read_reg(device, VIRTIO_MMIO_DEVICE_FEATURES) << (32 * half);
    }
    return features;
}

static void write_features(const struct virtio *device, u64 features)
{
    for (u32 half = 0; half < 2; half++) {
        write_reg(device, VIRTIO_MMIO_DRIVER_FEATURES_SEL, half);
        write_reg(device, VIRTIO_MMIO_DRIVER_FEATURES, (u32)(features >> (32 * half)));
    }
}

static err_t negotiate(struct virtio *device, u64 required, u64 wanted)
{
    u64 offered = read_features(device);
    if (required & ~offered)
        return E_NOTSUP;
    device->features = (required | wanted) & offered;
    write_features(device, device->features);
    set_status(device, VIRTIO_STATUS_FEATURES_OK);
    return read_reg(device, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_FEATURES_OK ? E_OK : E_NOTSUP;
}

err_t virtio_start(struct virtio *device, vaddr_t base, u64 required, u64 wanted)
{
    *device = (struct virtio){.base = base};
    err_t error = virtio_reset(device);
    if (error)
        return error;
    set_status(device, VIRTIO_STATUS_ACKNOWLEDGE);
    set_status(device, VIRTIO_STATUS_DRIVER);
    error = negotiate(device, required | VIRTIO_FEATURE(VIRTIO_F_VERSION_1), wanted);
    if (error)
        virtio_fail(device);
    return error;
}

u16 virtio_queue_size(const struct virtio *device, u32 index)
{
    write_reg(device, VIRTIO_MMIO_QUEUE_SEL, index);
    u32 max = read_reg(device, VIRTIO_MMIO_QUEUE_NUM_MAX);
    if (max == 0)
        return 0;
    u16 size = VIRTQUEUE_SIZE_MAX;
    while (size > max)
        size /= 2;
    return size;
}

static void write_address(const struct virtio *device, u32 low_reg, paddr_t address)
{
    write_reg(device, low_reg, (u32)address);
    write_reg(device, low_reg + 4, (u32)(address >> 32));
}

err_t virtio_add_queue(const struct virtio *device, u32 index, const struct virtqueue *queue)
{
    write_reg(device, VIRTIO_MMIO_QUEUE_SEL, index);
    if (read_reg(device, VIRTIO_MMIO_QUEUE_READY))
        return E_BUSY;
    if (queue->size > read_reg(device, VIRTIO_MMIO_QUEUE_NUM_MAX))
        return E_INVAL;
    write_reg(device, VIRTIO_MMIO_QUEUE_NUM, queue->size);
    write_address(device, VIRTIO_MMIO_QUEUE_DESC_LOW, queue->desc_phys);
    write_address(device, VIRTIO_MMIO_QUEUE_DRIVER_LOW, queue->avail_phys);
    write_address(device, VIRTIO_MMIO_QUEUE_DEVICE_LOW, queue->used_phys);
    write_reg(device, VIRTIO_MMIO_QUEUE_READY, 1);
    return E_OK;
}

err_t virtio_run(const struct virtio *device)
{
    set_status(device, VIRTIO_STATUS_DRIVER_OK);
    return read_reg(device, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET ? E_IO : E_OK;
}

void virtio_notify(const struct virtio *device, u32 index, const struct virtqueue *queue)
{
    if (virtqueue_wants_notify(queue))
        write_reg(device, VIRTIO_MMIO_QUEUE_NOTIFY, index);
}

u32 virtio_interrupts(const struct virtio *device)
{
    u32 reasons = read_reg(device, VIRTIO_MMIO_INTERRUPT_STATUS);
    if (reasons)
        write_reg(device, VIRTIO_MMIO_INTERRUPT_ACK, reasons);
    return reasons;
}

err_t virtio_reset(const struct virtio *device)
{
    write_reg(device, VIRTIO_MMIO_STATUS, 0);
    for (u32 i = 0; i < RESET_POLLS_MAX; i++)
        if (read_reg(device, VIRTIO_MMIO_STATUS) == 0)
            return E_OK;
    return E_IO;
}

void virtio_fail(const struct virtio *device)
{
    set_status(device, VIRTIO_STATUS_FAILED);
}

bool virtio_has(const struct virtio *device, u32 feature)
{
    return device->features & VIRTIO_FEATURE(feature);
}

u16 virtio_config16(const struct virtio *device, u32 offset)
{
    return mmio_read16(device->base, VIRTIO_MMIO_CONFIG + offset);
}

u32 virtio_config32(const struct virtio *device, u32 offset)
{
    return mmio_read32(device->base, VIRTIO_MMIO_CONFIG + offset);
}

u64 virtio_config64(const struct virtio *device, u32 offset)
{
    u64 value = 0;
    for (u32 i = 0; i < CONFIG_TRIES_MAX; i++) {
        u32 generation = read_reg(device, VIRTIO_MMIO_CONFIG_GENERATION);
        value = virtio_config32(device, offset) | (u64)virtio_config32(device, offset + 4) << 32;
        if (read_reg(device, VIRTIO_MMIO_CONFIG_GENERATION) == generation)
            break;
    }
    return value;
}
