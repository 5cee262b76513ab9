/*
 * A virtio device behind memory-mapped registers, modern interface (VIRTIO 1.2 §4.2): reset, feature negotiation,
 * queue set-up, notifications, interrupt status, configuration space. The order of a driver's steps is that of §3.1.1:
 *
 *   virtio_probe -> virtio_start -> virtio_add_queue ... -> virtio_run -> virtio_notify / virtio_interrupts
 */
#pragma once

#include "abi/types.h"
#include "hw/virtio.h"
#include "lib/drv/virtqueue.h"

struct virtio {
    vaddr_t base; /* of the registers, VIRTIO_MMIO_SIZE bytes */
    u64 features; /* those negotiated */
};

/* E_OK if a device with this id (VIRTIO_ID_*) stands at `base`; E_NODEV if not, E_NOTSUP for the legacy interface. */
err_t virtio_probe(vaddr_t base, u32 device_id);

/*
 * Resets the device and agrees with it on features: `required` (VIRTIO_F_VERSION_1 is added) and those of `wanted` that
 * it has. E_NOTSUP: it lacks one that is required or does not accept the set; E_IO: it does not come out of reset.
 */
err_t virtio_start(struct virtio *device, vaddr_t base, u64 required, u64 wanted);

/* Largest size of queue `index`, a power of two up to VIRTQUEUE_SIZE_MAX; 0: there is no such queue. */
u16 virtio_queue_size(const struct virtio *device, u32 index);

/* Tells the device where queue `index` is. E_BUSY: it is set up already; E_INVAL: it has no such queue of that size. */
err_t virtio_add_queue(const struct virtio *device, u32 index, const struct virtqueue *queue);

/* The driver is ready: from now on the device works (DRIVER_OK). E_IO: the device says it needs a reset. */
err_t virtio_run(const struct virtio *device);

/* Tells the device that queue `index` has new buffers, if it wants to know. */
void virtio_notify(const struct virtio *device, u32 index, const struct virtqueue *queue);

/* Reads and acknowledges the reasons of the interrupt (VIRTIO_MMIO_INT_*). */
u32 virtio_interrupts(const struct virtio *device);

/* Resets the device: it forgets its queues and touches memory no more. E_IO: it does not obey. */
err_t virtio_reset(const struct virtio *device);

/* Gives the device up for good (status FAILED). */
void virtio_fail(const struct virtio *device);

bool virtio_has(const struct virtio *device, u32 feature);

/* Fields of the configuration space; `offset` as in hw/virtio_*.h. The 64-bit one is read whole (§2.5.1). */
u16 virtio_config16(const struct virtio *device, u32 offset);
u32 virtio_config32(const struct virtio *device, u32 offset);
u64 virtio_config64(const struct virtio *device, u32 offset);
