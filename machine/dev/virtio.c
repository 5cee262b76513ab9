/* Virtio: registers of the memory-mapped transport, and split virtqueues. See virtio.h. */
#include "machine/dev/virtio.h"

#include <string.h>

#include "hw/virtio.h"
#include "hw/virtio_mmio.h"
#include "hw/virtio_ring.h"
#include "machine/dev/fdt.h"
#include "machine/dev/snapshot.h"

#define VENDOR_ID 0x4d534943 /* "MSIC" */

/* ---- Virtqueues ---- */

static void broken(struct virtio *v)
{
    v->state.status |= VIRTIO_STATUS_NEEDS_RESET;
    v->state.interrupt |= VIRTIO_MMIO_INT_CONFIG;
    irq_set(&v->irq, true);
}

static bool is_live(const struct virtio *v, unsigned queue)
{
    return (v->state.status & VIRTIO_STATUS_DRIVER_OK) && !(v->state.status & VIRTIO_STATUS_NEEDS_RESET) &&
           v->state.queues[queue].ready;
}

static uint16_t read16(struct virtio *v, uint64_t pa)
{
    uint16_t value = 0;

    if (!bus_dma_read(v->bus, pa, &value, sizeof value))
        broken(v);
    return value;
}

bool virtio_pending(struct virtio *v, unsigned queue)
{
    struct virtio_queue *q = &v->state.queues[queue];

    if (!is_live(v, queue))
        return false;
    uint16_t waiting = (uint16_t)(read16(v, q->avail + offsetof(struct virtq_avail, idx)) - q->last_avail);
    if (waiting > q->num)
        broken(v); /* more than fit in the ring */
    return is_live(v, queue) && waiting;
}

/* Appends a buffer to the chain. Buffers to read come before those to write. */
static bool add_segment(struct virtio_chain *c, const struct virtq_desc *d)
{
    bool write = d->flags & VIRTQ_DESC_F_WRITE;

    if ((!write && c->in_count) || c->out_count + c->in_count == VIRTIO_QUEUE_MAX)
        return false;
    if (write)
        c->in[c->in_count++] = (struct virtio_segment){d->addr, d->len};
    else
        c->out[c->out_count++] = (struct virtio_segment){d->addr, d->len};
    return true;
}

/*
 * Follows a chain in a descriptor table of `num` entries. An indirect descriptor ends it with a table of its own,
 * which must not be nested. Each entry is visited at most once, so loops end.
 */
static bool gather(struct virtio *v, struct virtio_chain *c, uint64_t table, uint32_t num, uint16_t at, bool nested)
{
    struct virtq_desc d;

    for (uint32_t n = 0; n < num; n++) {
        if (at >= num || !bus_dma_read(v->bus, table + (uint64_t)at * sizeof d, &d, sizeof d))
            return false;
        if (d.flags & VIRTQ_DESC_F_INDIRECT) {
            uint32_t entries = d.len / sizeof d;
            return !nested && d.len % sizeof d == 0 && entries && entries <= VIRTIO_QUEUE_MAX &&
                   !(d.flags & VIRTQ_DESC_F_NEXT) && gather(v, c, d.addr, entries, 0, true);
        }
        if (!add_segment(c, &d))
            return false;
        if (!(d.flags & VIRTQ_DESC_F_NEXT))
            return true;
        at = d.next;
    }
    return false;
}

bool virtio_next(struct virtio *v, unsigned queue, struct virtio_chain *c)
{
    struct virtio_queue *q = &v->state.queues[queue];

    if (!virtio_pending(v, queue))
        return false;
    uint64_t entry = q->avail + offsetof(struct virtq_avail, ring) + 2ull * (q->last_avail % q->num);
    c->head = read16(v, entry);
    c->out_count = c->in_count = 0;
    q->last_avail++;
    if (gather(v, c, q->desc, q->num, c->head, false))
        return true;
    broken(v);
    return false;
}

void virtio_put_back(struct virtio *v, unsigned queue)
{
    v->state.queues[queue].last_avail--;
}

void virtio_complete(struct virtio *v, unsigned queue, const struct virtio_chain *c, uint32_t written)
{
    struct virtio_queue *q = &v->state.queues[queue];
    struct virtq_used_elem elem = {c->head, written};
    uint64_t entry = q->used + offsetof(struct virtq_used, ring) + sizeof elem * (q->used_idx % q->num);

    q->used_idx++;
    if (!bus_dma_write(v->bus, entry, &elem, sizeof elem) ||
        !bus_dma_write(v->bus, q->used + offsetof(struct virtq_used, idx), &q->used_idx, 2)) {
        broken(v);
        return;
    }
    if (read16(v, q->avail + offsetof(struct virtq_avail, flags)) & VIRTQ_AVAIL_F_NO_INTERRUPT)
        return;
    v->state.interrupt |= VIRTIO_MMIO_INT_QUEUE;
    irq_set(&v->irq, true);
}

static uint64_t total(const struct virtio_segment *s, unsigned count)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < count; i++)
        sum += s[i].len;
    return sum;
}

uint64_t virtio_out_size(const struct virtio_chain *c)
{
    return total(c->out, c->out_count);
}

uint64_t virtio_in_size(const struct virtio_chain *c)
{
    return total(c->in, c->in_count);
}

/* Finds the piece of a list of segments at `offset`: sets its address and returns its length, 0 beyond the end. */
static size_t piece_at(const struct virtio_segment *s, unsigned count, uint64_t offset, uint64_t *pa)
{
    for (unsigned i = 0; i < count; i++) {
        if (offset < s[i].len) {
            *pa = s[i].pa + offset;
            return (size_t)(s[i].len - offset);
        }
        offset -= s[i].len;
    }
    return 0;
}

size_t virtio_read(struct virtio *v, const struct virtio_chain *c, uint64_t offset, void *out, size_t len)
{
    size_t done = 0, n;
    uint64_t pa = 0;

    while (done < len && (n = piece_at(c->out, c->out_count, offset + done, &pa)) > 0) {
        n = n < len - done ? n : len - done;
        if (!bus_dma_read(v->bus, pa, (uint8_t *)out + done, n))
            break;
        done += n;
    }
    return done;
}

size_t virtio_write(struct virtio *v, const struct virtio_chain *c, uint64_t offset, const void *in, size_t len)
{
    size_t done = 0, n;
    uint64_t pa = 0;

    while (done < len && (n = piece_at(c->in, c->in_count, offset + done, &pa)) > 0) {
        n = n < len - done ? n : len - done;
        if (!bus_dma_write(v->bus, pa, (const uint8_t *)in + done, n))
            break;
        done += n;
    }
    return done;
}

/* ---- Registers ---- */

static uint64_t offered(const struct virtio *v)
{
    return v->cls->features | VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC);
}

static struct virtio_queue *selected(struct virtio *v)
{
    return v->state.queue_sel < v->cls->queues ? &v->state.queues[v->state.queue_sel] : NULL;
}

static void reset_device(struct virtio *v)
{
    memset(&v->state, 0, sizeof v->state);
    clock_schedule(v->clock, &v->service, EVENT_NEVER);
    irq_set(&v->irq, false);
    if (v->cls && v->cls->reset)
        v->cls->reset(v->device);
}

static void serve(void *ctx)
{
    struct virtio *v = ctx;
    uint32_t notified = v->state.notified;

    v->state.notified = 0;
    for (unsigned q = 0; q < v->cls->queues; q++) {
        if ((notified >> q & 1) && is_live(v, q))
            v->cls->serve(v, v->device, q);
        else
            v->state.delayed &= ~(1u << q); /* a queue that was taken away loses its wait with its request */
    }
}

static uint64_t transfer_cycles(const struct virtio *v, uint64_t bytes)
{
    return v->bytes_per_second ? (uint64_t)((unsigned __int128)bytes * v->clock->hz / v->bytes_per_second) : 0;
}

bool virtio_delay(struct virtio *v, unsigned queue, uint64_t bytes)
{
    uint32_t bit = 1u << queue;
    uint64_t cycles = v->state.delayed & bit ? 0 : transfer_cycles(v, bytes);

    v->state.delayed &= ~bit;
    if (cycles == 0)
        return false;
    v->state.delayed |= bit;
    v->state.notified |= bit;
    virtio_put_back(v, queue);
    clock_schedule(v->clock, &v->service, clock_now(v->clock) + cycles);
    return true;
}

static void notify(struct virtio *v, uint64_t queue)
{
    if (queue >= v->cls->queues)
        return;
    if (!v->state.notified)
        clock_schedule(v->clock, &v->service, clock_now(v->clock) + v->latency);
    v->state.notified |= 1u << queue;
}

/* Features are fixed, and only accepted if they are among those offered, with VERSION_1. */
static void write_status(struct virtio *v, uint32_t value)
{
    if (value == 0) {
        reset_device(v);
        return;
    }
    bool bad =
        (v->state.driver_features & ~offered(v)) || !(v->state.driver_features & VIRTIO_FEATURE(VIRTIO_F_VERSION_1));
    if ((value & VIRTIO_STATUS_FEATURES_OK) && bad)
        value &= ~(uint32_t)VIRTIO_STATUS_FEATURES_OK;
    v->state.status = (value & 0xff) | (v->state.status & VIRTIO_STATUS_NEEDS_RESET);
}

static void write_ready(struct virtio_queue *q, uint32_t value)
{
    q->ready = (value & 1) && q->num;
    if (q->ready)
        q->last_avail = q->used_idx = 0;
}

static void set_half(uint64_t *address, bool high, uint32_t value)
{
    *address = high ? (uint32_t)*address | (uint64_t)value << 32 : (*address & ~UINT64_C(0xffffffff)) | value;
}

static void write_queue(struct virtio *v, uint64_t offset, uint32_t value)
{
    struct virtio_queue *q = selected(v);
    bool high = offset & 4;

    if (!q || (q->ready && offset != VIRTIO_MMIO_QUEUE_READY))
        return;
    switch (offset) {
    case VIRTIO_MMIO_QUEUE_NUM:
        if (value <= VIRTIO_QUEUE_MAX && (value & (value - 1)) == 0)
            q->num = value;
        break;
    case VIRTIO_MMIO_QUEUE_READY:
        write_ready(q, value);
        break;
    case VIRTIO_MMIO_QUEUE_DESC_LOW:
    case VIRTIO_MMIO_QUEUE_DESC_HIGH:
        set_half(&q->desc, high, value);
        break;
    case VIRTIO_MMIO_QUEUE_DRIVER_LOW:
    case VIRTIO_MMIO_QUEUE_DRIVER_HIGH:
        set_half(&q->avail, high, value);
        break;
    case VIRTIO_MMIO_QUEUE_DEVICE_LOW:
    case VIRTIO_MMIO_QUEUE_DEVICE_HIGH:
        set_half(&q->used, high, value);
        break;
    default:
        break;
    }
}

static bool mmio_write(void *device, uint64_t offset, unsigned size, uint64_t wide)
{
    struct virtio *v = device;
    uint32_t value = (uint32_t)wide;

    if (!v->cls || offset >= VIRTIO_MMIO_CONFIG)
        return true; /* no class has a writable configuration */
    if (size != 4)
        return false;
    switch (offset) {
    case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
        v->state.device_features_sel = value;
        break;
    case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
        v->state.driver_features_sel = value;
        break;
    case VIRTIO_MMIO_DRIVER_FEATURES:
        if (v->state.driver_features_sel < 2 && !(v->state.status & VIRTIO_STATUS_FEATURES_OK))
            set_half(&v->state.driver_features, v->state.driver_features_sel, value);
        break;
    case VIRTIO_MMIO_QUEUE_SEL:
        v->state.queue_sel = value;
        break;
    case VIRTIO_MMIO_QUEUE_NOTIFY:
        notify(v, value);
        break;
    case VIRTIO_MMIO_INTERRUPT_ACK:
        v->state.interrupt &= ~value;
        irq_set(&v->irq, v->state.interrupt);
        break;
    case VIRTIO_MMIO_STATUS:
        write_status(v, value);
        break;
    default:
        write_queue(v, offset, value);
        break;
    }
    return true;
}

static uint32_t read_register(struct virtio *v, uint64_t offset)
{
    struct virtio_queue *q = selected(v);

    switch (offset) {
    case VIRTIO_MMIO_VENDOR_ID:
        return VENDOR_ID;
    case VIRTIO_MMIO_DEVICE_FEATURES:
        return v->state.device_features_sel < 2 ? (uint32_t)(offered(v) >> (32 * v->state.device_features_sel)) : 0;
    case VIRTIO_MMIO_QUEUE_NUM_MAX:
        return q ? VIRTIO_QUEUE_MAX : 0;
    case VIRTIO_MMIO_QUEUE_READY:
        return q && q->ready;
    case VIRTIO_MMIO_INTERRUPT_STATUS:
        return v->state.interrupt;
    case VIRTIO_MMIO_STATUS:
        return v->state.status;
    default:
        return 0;
    }
}

static bool mmio_read(void *device, uint64_t offset, unsigned size, uint64_t *value)
{
    struct virtio *v = device;

    if (offset >= VIRTIO_MMIO_CONFIG) {
        for (unsigned i = 0; v->cls && v->cls->config && i < size; i++)
            *value |= (uint64_t)v->cls->config(v->device, (unsigned)(offset - VIRTIO_MMIO_CONFIG) + i) << (8 * i);
        return true;
    }
    if (size != 4)
        return false;
    switch (offset) {
    case VIRTIO_MMIO_MAGIC:
        *value = VIRTIO_MMIO_MAGIC_VALUE;
        break;
    case VIRTIO_MMIO_VERSION:
        *value = 2;
        break;
    case VIRTIO_MMIO_DEVICE_ID:
        *value = v->cls ? v->cls->id : VIRTIO_ID_NONE;
        break;
    default:
        *value = v->cls ? read_register(v, offset) : 0;
        break;
    }
    return true;
}

const struct device_ops virtio_ops = {"virtio", mmio_read, mmio_write};

/* ---- Life ---- */

void virtio_init(struct virtio *v, uint64_t base, uint32_t source, struct bus *bus, struct irq_line irq,
                 const struct clock *clock, uint64_t latency)
{
    *v = (struct virtio){.base = base, .source = source, .bus = bus, .irq = irq, .clock = clock, .latency = latency};
    event_init(&v->service, serve, v);
}

void virtio_attach(struct virtio *v, const struct virtio_class *cls, void *device)
{
    v->cls = cls;
    v->device = device;
}

static void reset(void *self)
{
    reset_device(self);
}

static void describe(void *self, struct fdt *t)
{
    struct virtio *v = self;

    dt_begin_at(t, "virtio_mmio", v->base);
    dt_string(t, "compatible", "virtio,mmio");
    dt_reg(t, v->base, 0x1000);
    dt_irq(t, v->source);
    dt_end(t);
}

static void snapshot(void *self, struct snapshot *shot)
{
    struct virtio *v = self;
    uint64_t due = v->service.index ? v->service.at : EVENT_NEVER;

    snapshot_state(shot, "virtio", &v->state);
    snapshot_bytes(shot, &due, sizeof due);
    if (!shot->saving)
        clock_schedule(v->clock, &v->service, v->cls ? due : EVENT_NEVER);
    if (v->cls && v->cls->snapshot)
        v->cls->snapshot(v->device, shot);
}

struct device virtio_device(struct virtio *v)
{
    return (struct device){v, describe, snapshot, reset};
}
