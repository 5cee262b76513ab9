/*
 * Virtio over memory-mapped registers, modern interface only (VIRTIO 1.2, hw/virtio_mmio.h): the part that is the same
 * for all devices. A device class says what it offers and serves its queues.
 *
 * Everything in queues is the guest's: addresses, lengths, links. A ring that breaks the rules stops the device with
 * DEVICE_NEEDS_RESET; it never costs more than one pass over the ring.
 */
#ifndef MACHINE_DEV_VIRTIO_H
#define MACHINE_DEV_VIRTIO_H

#include "machine/dev/device.h"

#define VIRTIO_QUEUES    16
#define VIRTIO_QUEUE_MAX 256 /* entries */

struct virtio;
struct snapshot;

struct virtio_class {
    const char *name;
    uint32_t id;
    unsigned queues;
    uint64_t features; /* offered beyond VERSION_1 */
    /* Reads one byte of the configuration; bytes beyond it are 0. */
    uint8_t (*config)(void *device, unsigned offset);
    /* The driver has put buffers into `queue`, and the device's latency has passed. */
    void (*serve)(struct virtio *v, void *device, unsigned queue);
    void (*reset)(void *device);
    void (*snapshot)(void *device, struct snapshot *shot);
};

struct virtio_queue {
    uint32_t num;
    bool ready;
    uint16_t last_avail; /* next entry of the available ring to look at */
    uint16_t used_idx;
    uint64_t desc, avail, used; /* physical addresses */
};

struct virtio {
    struct {
        uint64_t driver_features;
        uint32_t device_features_sel, driver_features_sel, queue_sel;
        uint32_t status, interrupt, notified; /* notified: bit per queue */
        uint32_t delayed;                     /* bit per queue: its next request has had its delay */
        struct virtio_queue queues[VIRTIO_QUEUES];
    } state;
    const struct virtio_class *cls; /* NULL: an empty slot */
    void *device;
    struct bus *bus;
    struct irq_line irq;
    uint64_t base;
    uint32_t source;
    uint64_t latency;          /* cycles between a notification and its service */
    uint64_t bytes_per_second; /* of transfers; 0: they take no time */
    struct event service;
    const struct clock *clock;
};

/* A request: a chain of buffers, those the device reads and then those it writes. */
struct virtio_segment {
    uint64_t pa;
    uint32_t len;
};

struct virtio_chain {
    uint16_t head;
    unsigned out_count, in_count; /* out: the device reads; in: it writes */
    struct virtio_segment out[VIRTIO_QUEUE_MAX], in[VIRTIO_QUEUE_MAX];
};

extern const struct device_ops virtio_ops;

void virtio_init(struct virtio *v, uint64_t base, uint32_t source, struct bus *bus, struct irq_line irq,
                 const struct clock *clock, uint64_t latency);

/* Puts a device of class `cls` into the slot. */
void virtio_attach(struct virtio *v, const struct virtio_class *cls, void *device);

/* Takes the next request from `queue`. Returns false if there is none (or the ring is broken). */
bool virtio_next(struct virtio *v, unsigned queue, struct virtio_chain *c);

/* Puts the request just taken back, as if it had not been taken. */
void virtio_put_back(struct virtio *v, unsigned queue);

/*
 * Lets the request just taken wait for as long as a transfer of so many bytes takes: puts it back, to be served then.
 * Returns false if it has waited already, or need not.
 */
bool virtio_delay(struct virtio *v, unsigned queue, uint64_t bytes);

/* Whether virtio_next() would find a request. */
bool virtio_pending(struct virtio *v, unsigned queue);

/* Hands a request back, `written` bytes written, and interrupts the driver unless it asked not to. */
void virtio_complete(struct virtio *v, unsigned queue, const struct virtio_chain *c, uint32_t written);

/* Bytes that the device may read, or write. */
uint64_t virtio_out_size(const struct virtio_chain *c);
uint64_t virtio_in_size(const struct virtio_chain *c);

/* Copies from or to a chain, `offset` bytes into its part. Returns how many bytes there were. */
size_t virtio_read(struct virtio *v, const struct virtio_chain *c, uint64_t offset, void *out, size_t len);
size_t virtio_write(struct virtio *v, const struct virtio_chain *c, uint64_t offset, const void *in, size_t len);

struct device virtio_device(struct virtio *v);

#endif
