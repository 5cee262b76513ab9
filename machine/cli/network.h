/*
 * User-mode networking by libslirp: the guest sees a private network 10.0.2.0/24 with a gateway that speaks DHCP and
 * DNS and opens connections on behalf of the guest. Its clock is simulated time; what comes from outside comes when it
 * comes.
 */
#ifndef MACHINE_CLI_NETWORK_H
#define MACHINE_CLI_NETWORK_H

#include "machine/board/machine.h"
#include "machine/cli/input_log.h"
#include "machine/dev/virtio_net.h"

struct network;

/*
 * Connects a device to the user-mode network. `forward` is NULL or HOSTPORT:GUESTPORT, a TCP port on 127.0.0.1 that
 * leads to the guest. What comes for the guest goes into the log; with `replay`, it comes from that log alone, and
 * nothing leaves the machine. Returns NULL with *error a text.
 */
struct network *network_open(struct machine *m, struct virtio_net *device, const char *forward, struct input_log *log,
                             const char *replay, const char **error);
void network_close(struct network *n);

/* Moves what has arrived, without waiting. Called from time to time. */
void network_poll(struct network *n);

/* Waits at most `milliseconds` for something to arrive. */
void network_wait(struct network *n, int milliseconds);

#endif
