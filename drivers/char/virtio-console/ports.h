/*
 * The virtio console device with several ports, without any service around it: control messages, and per port a set of
 * receive and one of transmit buffers, several of each in flight.
 *
 *   receive buffer:   GIVEN (to the device) --device--> FULL --take--> TAKEN --return--> GIVEN, or FULL with the rest
 *   transmit buffer:  FREE --take--> TAKEN --send--> GIVEN --device--> FREE
 */
#pragma once

#include "abi/types.h"
#include "lib/drv/virtio.h"

#define PORTS_MAX       8
#define PORT_NAME_MAX   63
#define PORT_RX_BUFFERS 8
#define PORT_RX_BYTES   4096u /* of each: a page, so that a window onto one shows nothing else */
#define PORT_TX_BUFFERS 4
#define PORT_TX_BYTES   16384u /* of each, naturally aligned */
#define PORT_QUEUE_SIZE 16
#define PORT_AREA_BYTES (PORT_TX_BUFFERS * PORT_TX_BYTES + PORT_RX_BUFFERS * PORT_RX_BYTES)
#define CONTROL_BUFFERS PORT_QUEUE_SIZE
#define CONTROL_BYTES   128u

/* Memory that is shared with the device: contiguous, `phys` for the device, aligned to 16 KiB, zeroed. */
struct port_memory {
    u8 *memory;
    paddr_t phys;
};
/* Gets such memory for the driver, for good. Errors: E_NOMEM. */
typedef err_t port_alloc(u64 bytes, struct port_memory *out);

enum port_buffer_state { BUFFER_FREE, BUFFER_GIVEN, BUFFER_FULL, BUFFER_TAKEN };

struct port_buffer {
    enum port_buffer_state state;
    u32 start, end; /* received bytes that are not read yet */
    u64 sequence;   /* of arrival */
};

/* A queue of the device with its memory. */
struct port_queue {
    struct virtqueue ring;
    struct virtqueue_slot slot[PORT_QUEUE_SIZE];
    u32 index;
    bool given; /* buffers that the device has not been notified of */
};

struct port {
    bool present;             /* the device has added it */
    bool host_open;           /* somebody is at the other end */
    bool was_open;            /* ... or has been */
    bool say_ready, say_open; /* control messages to be sent when there is room */
    u32 users;                /* sessions here */
    u32 name_length;
    char name[PORT_NAME_MAX + 1];
    struct port_queue rx, tx;
    struct port_memory area; /* transmit buffers, then receive buffers */
    struct port_buffer rx_buffer[PORT_RX_BUFFERS], tx_buffer[PORT_TX_BUFFERS];
};

struct ports {
    struct virtio device;
    port_alloc *alloc;
    bool dead; /* the device broke the protocol and was reset */
    u32 count; /* ports that the device may have, at most PORTS_MAX */
    u64 sequence;
    struct port_memory rings, control;  /* control: receive buffers, then transmit buffers */
    bool control_busy[CONTROL_BUFFERS]; /* transmit buffers in flight */
    struct port_queue control_rx, control_tx;
    struct port port[PORTS_MAX];
};

/* Starts the device at `base`. Errors as virtio_probe and virtio_start (E_NOTSUP: not multiport), and of `alloc`. */
err_t ports_start(struct ports *ports, vaddr_t base, port_alloc *alloc);

/* Serves the device's interrupt: control messages, received and sent buffers. */
void ports_interrupt(struct ports *ports);

/*
 * The port of this name: the host's, or "vport0" for the first that is there, "vport1" for the next ... E_NOENT: not
 * there, or not yet; E_IO: the device is dead.
 */
err_t ports_find(const struct ports *ports, const char *name, size_t length, u32 *index);

/* A session more, or one less, uses the port; the host is told of the first and the last. */
void port_open(struct ports *ports, u32 index);
void port_close(struct ports *ports, u32 index);

/*
 * The oldest received buffer that nobody has taken: now it is the caller's; its unread bytes are start..end.
 * E_AGAIN: nothing there; E_PIPE: nothing there and the host has closed its end; E_IO: the port or the device is gone.
 */
err_t port_receive(struct ports *ports, u32 index, u32 *buffer);

/* Gives a buffer back of which `consumed` bytes were read; what remains is received again before anything later. */
void port_receive_done(struct ports *ports, u32 index, u32 buffer, u32 consumed);

/* A free transmit buffer: now it is the caller's. E_AGAIN: all are in use; else as port_receive. */
err_t port_transmit(struct ports *ports, u32 index, u32 *buffer);

/* Sends the first `length` bytes of a buffer from port_transmit (0: nothing) and gives it back. */
void port_transmit_send(struct ports *ports, u32 index, u32 buffer, u32 length);

/* The buffers' memory here. */
u8 *port_rx_memory(const struct port *port, u32 buffer);
u8 *port_tx_memory(const struct port *port, u32 buffer);
