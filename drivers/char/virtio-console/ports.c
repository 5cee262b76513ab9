/* The virtio console device (VIRTIO 1.2 §5.3): see ports.h. */
#include "ports.h"

#include "abi/error.h"
#include "hw/virtio_console.h"
#include "lib/drv/mmio.h"

#define RING_BYTES 1024 /* place of one queue's rings: more than PORT_QUEUE_SIZE descriptors need */

u8 *port_tx_memory(const struct port *port, u32 buffer)
{
    return port->area.memory + buffer * PORT_TX_BYTES;
}

u8 *port_rx_memory(const struct port *port, u32 buffer)
{
    return port->area.memory + PORT_TX_BUFFERS * PORT_TX_BYTES + buffer * PORT_RX_BYTES;
}

/* The device cannot be trusted any more: it is reset, and whoever uses it is told. */
static void give_up(struct ports *ports)
{
    ports->dead = true;
    virtio_reset(&ports->device);
    virtio_fail(&ports->device);
}

/* Gives one piece of memory to the device. There is room: no queue has more buffers than descriptors. */
static void give(struct ports *ports, struct port_queue *queue, paddr_t phys, u32 length, bool receive, u64 cookie)
{
    struct virtqueue_buffer buffer = {phys, length, receive};
    if (ports->dead)
        return;
    queue->given = true;
    if (virtqueue_add(&queue->ring, &buffer, 1, cookie) != E_OK)
        give_up(ports);
}

/* Only if there is something new: some devices answer every notification with an interrupt. */
static void notify(struct ports *ports, struct port_queue *queue)
{
    if (!ports->dead && queue->given)
        virtio_notify(&ports->device, queue->index, &queue->ring);
    queue->given = false;
}

/* --- control messages, §5.3.6.2 --- */

static bool send_control(struct ports *ports, u32 port, u16 event, u16 value)
{
    for (u32 i = 0; i < CONTROL_BUFFERS; i++) {
        if (ports->control_busy[i])
            continue;
        u32 offset = (CONTROL_BUFFERS + i) * CONTROL_BYTES;
        *(struct virtio_console_control *)(ports->control.memory + offset) =
            (struct virtio_console_control){.id = port, .event = event, .value = value};
        ports->control_busy[i] = true;
        give(ports, &ports->control_tx, ports->control.phys + offset, sizeof(struct virtio_console_control), false, i);
        return true;
    }
    return false;
}

/* Sends what waits to be said, as far as there is room; the rest goes when the device has read some. */
static void send_pending(struct ports *ports)
{
    for (u32 i = 0; i < ports->count; i++) {
        struct port *port = &ports->port[i];
        if (!port->present)
            continue;
        if (port->say_ready)
            port->say_ready = !send_control(ports, i, VIRTIO_CONSOLE_PORT_READY, 1);
        if (port->say_open && !port->say_ready)
            port->say_open = !send_control(ports, i, VIRTIO_CONSOLE_PORT_OPEN, port->users > 0);
    }
    notify(ports, &ports->control_tx);
}

static void give_receive_buffer(struct ports *ports, struct port *port, u32 buffer)
{
    paddr_t phys = port->area.phys + (u64)(port_rx_memory(port, buffer) - port->area.memory);
    port->rx_buffer[buffer].state = BUFFER_GIVEN;
    give(ports, &port->rx, phys, PORT_RX_BYTES, true, buffer);
}

static void add_port(struct ports *ports, struct port *port)
{
    if (port->present)
        return;
    if (!port->area.memory) {
        if (ports->alloc(PORT_AREA_BYTES, &port->area))
            return; /* no memory: the port does not come to be */
        for (u32 i = 0; i < PORT_RX_BUFFERS; i++)
            give_receive_buffer(ports, port, i);
        notify(ports, &port->rx);
    }
    port->present = true;
    port->say_ready = true;
    port->say_open = port->users > 0;
}

static void name_port(struct port *port, const u8 *name, u32 length)
{
    while (length > 0 && name[length - 1] == 0) /* some devices count the NUL */
        length--;
    port->name_length = length < PORT_NAME_MAX ? length : PORT_NAME_MAX;
    __builtin_memcpy(port->name, name, port->name_length);
    port->name[port->name_length] = 0;
}

static void set_host_open(struct port *port, bool open)
{
    port->host_open = open;
    port->was_open |= open;
}

/* A message of `length` bytes; those that make no sense are ignored. The device may not change it meanwhile: a copy. */
static void handle_control(struct ports *ports, const u8 *message, u32 length)
{
    struct virtio_console_control control;
    if (length < sizeof control)
        return;
    __builtin_memcpy(&control, message, sizeof control);
    if (control.id >= ports->count)
        return;
    struct port *port = &ports->port[control.id];
    if (control.event == VIRTIO_CONSOLE_DEVICE_ADD)
        add_port(ports, port);
    if (control.event == VIRTIO_CONSOLE_DEVICE_REMOVE)
        port->present = false;
    if (control.event == VIRTIO_CONSOLE_PORT_NAME)
        name_port(port, message + sizeof control, length - (u32)sizeof control);
    if (control.event == VIRTIO_CONSOLE_PORT_OPEN)
        set_host_open(port, control.value != 0);
    if (control.event == VIRTIO_CONSOLE_CONSOLE_PORT)
        set_host_open(port, true); /* a console has no other sign of it */
}

static void give_control_buffer(struct ports *ports, u32 i)
{
    give(ports, &ports->control_rx, ports->control.phys + i * CONTROL_BYTES, CONTROL_BYTES, true, i);
}

/* --- queues coming back --- */

/* The next buffer that the device is done with; on a lie the device is given up. */
static bool take_back(struct ports *ports, struct port_queue *queue, u64 *cookie, u32 *length)
{
    if (ports->dead)
        return false;
    err_t error = virtqueue_take(&queue->ring, cookie, length);
    if (error == E_IO)
        give_up(ports);
    return !error;
}

static void serve_control(struct ports *ports)
{
    u64 i;
    u32 length;
    while (take_back(ports, &ports->control_tx, &i, &length))
        ports->control_busy[i] = false;
    for (u32 n = 0; n < CONTROL_BUFFERS && take_back(ports, &ports->control_rx, &i, &length); n++) {
        handle_control(ports, ports->control.memory + i * CONTROL_BYTES, length);
        give_control_buffer(ports, (u32)i);
    }
    notify(ports, &ports->control_rx);
}

static void serve_port(struct ports *ports, struct port *port)
{
    u64 i;
    u32 length;
    while (take_back(ports, &port->tx, &i, &length))
        port->tx_buffer[i].state = BUFFER_FREE;
    while (take_back(ports, &port->rx, &i, &length)) {
        __builtin_memset(port_rx_memory(port, (u32)i) + length, 0, PORT_RX_BYTES - length);
        port->rx_buffer[i] = (struct port_buffer){.state = BUFFER_FULL, .end = length, .sequence = ports->sequence++};
    }
}

void ports_interrupt(struct ports *ports)
{
    if (ports->dead)
        return;
    virtio_interrupts(&ports->device);
    serve_control(ports);
    for (u32 i = 0; i < ports->count; i++)
        if (ports->port[i].area.memory)
            serve_port(ports, &ports->port[i]);
    if (!ports->dead)
        send_pending(ports);
}

/* --- start --- */

static err_t start_queue(struct ports *ports, struct port_queue *queue, u32 index)
{
    u16 size = virtio_queue_size(&ports->device, index);
    if (size < PORT_QUEUE_SIZE)
        return E_NODEV;
    queue->index = index;
    err_t error = virtqueue_init(&queue->ring, PORT_QUEUE_SIZE, queue->slot, ports->rings.memory + index * RING_BYTES,
                                 ports->rings.phys + index * RING_BYTES);
    return error ? error : virtio_add_queue(&ports->device, index, &queue->ring);
}

static err_t start_queues(struct ports *ports)
{
    err_t error = start_queue(ports, &ports->control_rx, VIRTIO_CONSOLE_QUEUE_CONTROL_RX);
    if (!error)
        error = start_queue(ports, &ports->control_tx, VIRTIO_CONSOLE_QUEUE_CONTROL_TX);
    for (u32 i = 0; i < ports->count && !error; i++) {
        error = start_queue(ports, &ports->port[i].rx, VIRTIO_CONSOLE_QUEUE_RX(i));
        if (!error)
            error = start_queue(ports, &ports->port[i].tx, VIRTIO_CONSOLE_QUEUE_TX(i));
    }
    return error;
}

static err_t start_memory(struct ports *ports)
{
    err_t error = ports->alloc((2 * PORTS_MAX + 2) * RING_BYTES, &ports->rings);
    return error ? error : ports->alloc(2 * CONTROL_BUFFERS * CONTROL_BYTES, &ports->control);
}

static err_t start_device(struct ports *ports, vaddr_t base)
{
    err_t error = virtio_start(&ports->device, base, VIRTIO_FEATURE(VIRTIO_CONSOLE_F_MULTIPORT), 0);
    if (error)
        return error;
    u32 max = virtio_config32(&ports->device, VIRTIO_CONSOLE_CONFIG_MAX_PORTS);
    ports->count = max < PORTS_MAX ? max : PORTS_MAX;
    if ((error = start_queues(ports)))
        return error;
    return virtio_run(&ports->device);
}

err_t ports_start(struct ports *ports, vaddr_t base, port_alloc *alloc)
{
    err_t error = virtio_probe(base, VIRTIO_ID_CONSOLE);
    if (error)
        return error;
    __builtin_memset(ports, 0, sizeof *ports);
    ports->alloc = alloc;
    if ((error = start_memory(ports)) || (error = start_device(ports, base)))
        return error;
    for (u32 i = 0; i < CONTROL_BUFFERS; i++)
        give_control_buffer(ports, i);
    notify(ports, &ports->control_rx);
    send_control(ports, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
    notify(ports, &ports->control_tx);
    return E_OK;
}

/* --- what sessions ask for --- */

/* "vport" and a digit: the number, else PORTS_MAX. */
static u32 number_in_name(const char *name, size_t length)
{
    bool is_number = length == 6 && __builtin_memcmp(name, "vport", 5) == 0 && name[5] >= '0' && name[5] <= '9';
    return is_number ? (u32)(name[5] - '0') : PORTS_MAX;
}

err_t ports_find(const struct ports *ports, const char *name, size_t length, u32 *index)
{
    u32 number = number_in_name(name, length), rank = 0;
    if (ports->dead)
        return E_IO;
    for (u32 i = 0; i < ports->count; i++) {
        const struct port *port = &ports->port[i];
        if (!port->present)
            continue;
        bool same = length > 0 && length == port->name_length && __builtin_memcmp(name, port->name, length) == 0;
        if (same || rank++ == number) {
            *index = i;
            return E_OK;
        }
    }
    return E_NOENT;
}

void port_open(struct ports *ports, u32 index)
{
    struct port *port = &ports->port[index];
    if (port->users++ == 0)
        port->say_open = true;
    send_pending(ports);
}

void port_close(struct ports *ports, u32 index)
{
    struct port *port = &ports->port[index];
    if (--port->users == 0)
        port->say_open = true;
    send_pending(ports);
}

/* Why there is nothing to be had from a port. */
static err_t empty_reason(const struct ports *ports, const struct port *port)
{
    if (ports->dead || !port->present)
        return E_IO;
    return port->was_open && !port->host_open ? E_PIPE : E_AGAIN;
}

err_t port_receive(struct ports *ports, u32 index, u32 *buffer)
{
    struct port *port = &ports->port[index];
    u32 best = PORT_RX_BUFFERS;
    for (u32 i = 0; i < PORT_RX_BUFFERS; i++)
        if (port->rx_buffer[i].state == BUFFER_FULL &&
            (best == PORT_RX_BUFFERS || port->rx_buffer[i].sequence < port->rx_buffer[best].sequence))
            best = i;
    if (best == PORT_RX_BUFFERS)
        return empty_reason(ports, port);
    port->rx_buffer[best].state = BUFFER_TAKEN;
    *buffer = best;
    return E_OK;
}

void port_receive_done(struct ports *ports, u32 index, u32 buffer, u32 consumed)
{
    struct port *port = &ports->port[index];
    struct port_buffer *rx = &port->rx_buffer[buffer];
    rx->start += consumed;
    if (rx->start < rx->end) {
        rx->state = BUFFER_FULL;
        return;
    }
    give_receive_buffer(ports, port, buffer);
    notify(ports, &port->rx);
}

err_t port_transmit(struct ports *ports, u32 index, u32 *buffer)
{
    struct port *port = &ports->port[index];
    if (ports->dead || !port->host_open || !port->present)
        return empty_reason(ports, port);
    for (u32 i = 0; i < PORT_TX_BUFFERS; i++) {
        if (port->tx_buffer[i].state != BUFFER_FREE)
            continue;
        port->tx_buffer[i].state = BUFFER_TAKEN;
        *buffer = i;
        return E_OK;
    }
    return E_AGAIN;
}

void port_transmit_send(struct ports *ports, u32 index, u32 buffer, u32 length)
{
    struct port *port = &ports->port[index];
    if (length == 0 || ports->dead) {
        port->tx_buffer[buffer].state = BUFFER_FREE;
        return;
    }
    port->tx_buffer[buffer].state = BUFFER_GIVEN;
    give(ports, &port->tx, port->area.phys + (u64)buffer * PORT_TX_BYTES, length, false, buffer);
    notify(ports, &port->tx);
}
