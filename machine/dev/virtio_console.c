/* The virtio console; see virtio_console.h. */
#include "machine/dev/virtio_console.h"

#include <string.h>

#include "hw/virtio.h"
#include "hw/virtio_console.h"
#include "machine/dev/snapshot.h"

#define CHUNK 4096

static void queue_message(struct virtio_console *c, uint32_t id, uint16_t event, uint16_t value)
{
    if (c->state.pending_count < VIRTIO_CONSOLE_PENDING)
        c->state.pending[c->state.pending_count++] = (struct virtio_console_message){id, event, value};
}

/* A name message carries the name behind the fixed part. */
static size_t encode(const struct virtio_console *c, const struct virtio_console_message *m, uint8_t out[64])
{
    struct virtio_console_control fixed = {m->id, m->event, m->value};
    size_t len = sizeof fixed;

    memcpy(out, &fixed, len);
    if (m->event == VIRTIO_CONSOLE_PORT_NAME) {
        size_t name = strnlen(c->names[m->id], 64 - len);
        memcpy(out + len, c->names[m->id], name);
        len += name;
    }
    return len;
}

static void send_messages(struct virtio_console *c)
{
    struct virtio_chain chain;
    uint8_t bytes[64];

    while (c->state.pending_count && virtio_next(c->virtio, VIRTIO_CONSOLE_QUEUE_CONTROL_RX, &chain)) {
        size_t len = encode(c, &c->state.pending[0], bytes);
        size_t done = virtio_write(c->virtio, &chain, 0, bytes, len);
        virtio_complete(c->virtio, VIRTIO_CONSOLE_QUEUE_CONTROL_RX, &chain, (uint32_t)done);
        memmove(c->state.pending, c->state.pending + 1, --c->state.pending_count * sizeof c->state.pending[0]);
    }
}

static void port_is_ready(struct virtio_console *c, uint32_t id)
{
    queue_message(c, id, VIRTIO_CONSOLE_PORT_NAME, 0);
    queue_message(c, id, VIRTIO_CONSOLE_PORT_OPEN, 1);
}

static void handle_control(struct virtio_console *c, const struct virtio_console_control *m)
{
    if (m->event == VIRTIO_CONSOLE_DEVICE_READY) {
        for (unsigned i = 0; m->value && i < c->port_count; i++)
            if (c->names[i])
                queue_message(c, i, VIRTIO_CONSOLE_DEVICE_ADD, 0);
        return;
    }
    if (m->id >= c->port_count || !c->names[m->id])
        return;
    if (m->event == VIRTIO_CONSOLE_PORT_READY && m->value)
        port_is_ready(c, m->id);
    else if (m->event == VIRTIO_CONSOLE_PORT_OPEN)
        c->state.guest_open[m->id] = m->value;
}

static void receive_control(struct virtio_console *c)
{
    struct virtio_console_control m;
    struct virtio_chain chain;

    while (virtio_next(c->virtio, VIRTIO_CONSOLE_QUEUE_CONTROL_TX, &chain)) {
        if (virtio_read(c->virtio, &chain, 0, &m, sizeof m) == sizeof m)
            handle_control(c, &m);
        virtio_complete(c->virtio, VIRTIO_CONSOLE_QUEUE_CONTROL_TX, &chain, 0);
    }
    send_messages(c);
}

/* The guest sends on a port. */
static void transmit(struct virtio_console *c, unsigned port, unsigned queue)
{
    struct console_peer *peer = &c->peers[port];
    struct virtio_chain chain;
    uint8_t bytes[CHUNK];

    while (virtio_next(c->virtio, queue, &chain)) {
        uint64_t at = 0;
        size_t n;
        while ((n = virtio_read(c->virtio, &chain, at, bytes, sizeof bytes)) > 0) {
            if (peer->send)
                peer->send(peer->ctx, bytes, n);
            at += n;
        }
        virtio_complete(c->virtio, queue, &chain, 0);
    }
}

/* The host sends on a port: as much as the guest has buffers for, and no byte is taken that has no room. */
static void deliver(struct virtio_console *c, unsigned port)
{
    struct console_peer *peer = &c->peers[port];
    unsigned queue = VIRTIO_CONSOLE_QUEUE_RX(port);
    struct virtio_chain chain;
    uint8_t bytes[CHUNK];

    while (peer->receive && virtio_next(c->virtio, queue, &chain)) {
        uint64_t room = virtio_in_size(&chain);
        size_t n = peer->receive(peer->ctx, bytes, room < sizeof bytes ? (size_t)room : sizeof bytes);
        if (n == 0) {
            virtio_put_back(c->virtio, queue);
            return;
        }
        size_t done = virtio_write(c->virtio, &chain, 0, bytes, n);
        virtio_complete(c->virtio, queue, &chain, (uint32_t)done);
    }
}

void virtio_console_poll(struct virtio_console *c)
{
    for (unsigned i = 0; i < c->port_count; i++)
        deliver(c, i);
}

static void serve(struct virtio *v, void *device, unsigned queue)
{
    struct virtio_console *c = device;

    if (queue == VIRTIO_CONSOLE_QUEUE_CONTROL_TX) {
        receive_control(c);
        return;
    }
    if (queue == VIRTIO_CONSOLE_QUEUE_CONTROL_RX) {
        send_messages(c);
        return;
    }
    for (unsigned i = 0; i < c->port_count; i++) {
        if (queue == VIRTIO_CONSOLE_QUEUE_TX(i))
            transmit(c, i, queue);
        else if (queue == VIRTIO_CONSOLE_QUEUE_RX(i))
            deliver(c, i);
    }
}

static uint8_t config(void *device, unsigned offset)
{
    struct virtio_console *c = device;

    return offset == VIRTIO_CONSOLE_CONFIG_MAX_PORTS ? (uint8_t)c->port_count : 0;
}

static void reset(void *device)
{
    struct virtio_console *c = device;

    memset(&c->state, 0, sizeof c->state);
}

static void snapshot(void *device, struct snapshot *shot)
{
    struct virtio_console *c = device;

    snapshot_state(shot, "virtio-console", &c->state);
    if (c->state.pending_count > VIRTIO_CONSOLE_PENDING)
        shot->failed = true;
}

const struct virtio_class virtio_console_class = {
    .name = "console",
    .id = VIRTIO_ID_CONSOLE,
    .queues = 2 * (VIRTIO_CONSOLE_PORTS + 1),
    .features = VIRTIO_FEATURE(VIRTIO_CONSOLE_F_MULTIPORT),
    .config = config,
    .serve = serve,
    .reset = reset,
    .snapshot = snapshot,
};
