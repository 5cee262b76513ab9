/*
 * Virtio console with several ports. Source: Virtual I/O Device (VIRTIO) Version 1.2, §5.3 "Console Device".
 *
 *   queue 0, 1        port 0: receive, transmit
 *   queue 2, 3        control: receive, transmit (with VIRTIO_CONSOLE_F_MULTIPORT)
 *   queue 4, 5, ...   port 1: receive, transmit, and so on
 */
#pragma once

#include "abi/types.h"

/* Feature bits, §5.3.3 */
#define VIRTIO_CONSOLE_F_SIZE        0
#define VIRTIO_CONSOLE_F_MULTIPORT   1
#define VIRTIO_CONSOLE_F_EMERG_WRITE 2

/* Configuration, §5.3.4: offsets of fields behind VIRTIO_MMIO_CONFIG */
#define VIRTIO_CONSOLE_CONFIG_COLS        0 /* u16 */
#define VIRTIO_CONSOLE_CONFIG_ROWS        2 /* u16 */
#define VIRTIO_CONSOLE_CONFIG_MAX_PORTS   4 /* u32 */
#define VIRTIO_CONSOLE_CONFIG_EMERG_WRITE 8 /* u32 */

#define VIRTIO_CONSOLE_QUEUE_CONTROL_RX 2
#define VIRTIO_CONSOLE_QUEUE_CONTROL_TX 3
#define VIRTIO_CONSOLE_QUEUE_RX(port)   ((port) == 0 ? 0 : 2 + 2 * (port))
#define VIRTIO_CONSOLE_QUEUE_TX(port)   ((port) == 0 ? 1 : 3 + 2 * (port))

/* Control message, §5.3.6.2; a PORT_NAME's name follows it, without NUL */
struct virtio_console_control {
    u32 id; /* port */
    u16 event;
    u16 value;
};
#define VIRTIO_CONSOLE_DEVICE_READY  0 /* driver: ready (value 1) for port announcements */
#define VIRTIO_CONSOLE_DEVICE_ADD    1 /* device: a new port */
#define VIRTIO_CONSOLE_DEVICE_REMOVE 2
#define VIRTIO_CONSOLE_PORT_READY    3 /* driver: takes the port (value 1) or has failed to (0) */
#define VIRTIO_CONSOLE_CONSOLE_PORT  4 /* device: this port is for a console */
#define VIRTIO_CONSOLE_RESIZE        5
#define VIRTIO_CONSOLE_PORT_OPEN     6 /* both: the other side has opened (1) or closed (0) it */
#define VIRTIO_CONSOLE_PORT_NAME     7 /* device: name follows */
