/*
 * A split virtqueue as its driver sees it (VIRTIO 1.2 §2.7; memory layout in hw/virtio_ring.h): gives buffers to the
 * device and takes them back. The device is not trusted: which descriptors are free, how chains hang together and how
 * much the device may write is kept in memory of the driver's own, and what the device says is checked against it.
 *
 *        add                       take
 *   free ----> given to the device ----> free
 */
#pragma once

#include "abi/types.h"
#include "hw/virtio_ring.h"

#define VIRTQUEUE_SIZE_MAX 256 /* descriptors that this library uses at most */

/* A piece of physical memory for the device to read, or to write. */
struct virtqueue_buffer {
    paddr_t addr;
    u32 length;
    bool device_writes;
};

/* What the driver knows of a descriptor. */
struct virtqueue_slot {
    u64 cookie;   /* of the chain, valid in its head */
    u64 writable; /* bytes that the device may write, valid in the head */
    u16 next;     /* next of the chain, or of the free list */
    u16 count;    /* descriptors of the chain if this is the head of one in flight, else 0 */
};

struct virtqueue {
    struct virtq_desc *desc; /* shared with the device */
    struct virtq_avail *avail;
    struct virtq_used *used;
    paddr_t desc_phys, avail_phys, used_phys;
    u16 size;
    u16 free_head; /* valid if free_count > 0 */
    u16 free_count;
    u16 avail_next;              /* our copy of avail->idx */
    u16 used_next;               /* how far we have taken */
    struct virtqueue_slot *slot; /* `size` of them */
};

/* Bytes of shared memory for a queue of `size` descriptors. */
u64 virtqueue_bytes(u16 size);

/*
 * An empty queue in `memory` (virtqueue_bytes(size) bytes, at least 16-byte aligned, zeroed here) that the device sees
 * at `phys`; `slot` has `size` elements and stays the queue's. E_INVAL unless size is a power of two up to
 * VIRTQUEUE_SIZE_MAX.
 */
err_t virtqueue_init(struct virtqueue *queue, u16 size, struct virtqueue_slot *slot, void *memory, paddr_t phys);

/*
 * Gives a chain of `count` buffers (those the device reads first) to the device; virtqueue_take returns `cookie` when
 * it is done. E_AGAIN: not enough free descriptors; E_INVAL: no buffers, more than the queue's size, or an empty one.
 */
err_t virtqueue_add(struct virtqueue *queue, const struct virtqueue_buffer *buffers, u16 count, u64 cookie);

/* Whether the device wants a notification of what was added (§2.7.10). */
bool virtqueue_wants_notify(const struct virtqueue *queue);

/*
 * Takes back a chain that the device is done with: its cookie and how many bytes the device says it wrote, never more
 * than it was given. E_AGAIN: none; E_IO: the device broke the protocol (then the queue is to be reset).
 */
err_t virtqueue_take(struct virtqueue *queue, u64 *cookie, u32 *written);
