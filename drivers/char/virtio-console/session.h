/*
 * File sessions (proto/file.idl) on the console's ports. Windows show the device's own buffers: while a session has
 * one, the device has not, so the pieces of different sessions never meet. Several sessions of a port share its two
 * streams: each piece goes to the one that asks first.
 */
#pragma once

#include "drivers/char/virtio-console/ports.h"
#include "lib/tess/server.h"

#define PORT_FILE_MODE 0020600 /* S_IFCHR, owner reads and writes */

/* The device that sessions are about, and its Irq: triggered when a session's doing may help another one that waits. */
void port_sessions_init(struct ports *ports, cap_t irq);

/* A new session on a port, as an item for the client. E_NOMEM. */
err_t port_session_open(u32 port, struct map_item *item);

/* Something has happened at the device: answers those who waited for it. */
void port_sessions_progress(void);
