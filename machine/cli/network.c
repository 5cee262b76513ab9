/* User-mode networking; see network.h. */
#include "machine/cli/network.h"

#include <slirp/libslirp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_FDS 256

struct network {
    struct machine *machine;
    struct virtio_net *device;
    Slirp *slirp;
    struct pollfd fds[MAX_FDS];
    unsigned fd_count;
};

/* ---- What libslirp asks of us ---- */

static ssize_t to_guest(const void *frame, size_t length, void *opaque)
{
    struct network *n = opaque;

    virtio_net_receive(n->device, frame, length);
    return (ssize_t)length;
}

static void guest_error(const char *message, void *opaque)
{
    fprintf(stderr, "mosaic: network: %s\n", message);
}

static int64_t clock_get_ns(void *opaque)
{
    struct network *n = opaque;

    return (int64_t)((double)machine_now(n->machine) * 1e9 / (double)n->machine->clock.hz);
}

/* Timers, in milliseconds of our clock: events of the machine. */
struct timer {
    struct event event;
    SlirpTimerCb fire;
    void *fire_opaque;
};

static void timer_due(void *ctx)
{
    struct timer *t = ctx;
    t->fire(t->fire_opaque);
}

static void *timer_new(SlirpTimerCb fire, void *fire_opaque, void *opaque)
{
    struct timer *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->fire = fire;
    t->fire_opaque = fire_opaque;
    event_init(&t->event, timer_due, t);
    return t;
}

static void timer_free(void *timer, void *opaque)
{
    struct network *n = opaque;

    event_cancel(&n->machine->events, &((struct timer *)timer)->event);
    free(timer);
}

static void timer_mod(void *timer, int64_t milliseconds, void *opaque)
{
    struct network *n = opaque;
    uint64_t at = (uint64_t)milliseconds * (n->machine->clock.hz / 1000);

    clock_schedule(&n->machine->clock, &((struct timer *)timer)->event, at);
}

static void ignore_fd(int fd, void *opaque)
{
}

static void ignore_notify(void *opaque)
{
}

static const SlirpCb callbacks = {
    .send_packet = to_guest,
    .guest_error = guest_error,
    .clock_get_ns = clock_get_ns,
    .timer_new = timer_new,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = ignore_fd,
    .unregister_poll_fd = ignore_fd,
    .notify = ignore_notify,
};

/* ---- Polling ---- */

/* SLIRP_POLL_* and POLL* are different numbers for the same things. */
static const struct {
    int slirp;
    short host;
} poll_bits[] = {{SLIRP_POLL_IN, POLLIN},
                 {SLIRP_POLL_OUT, POLLOUT},
                 {SLIRP_POLL_PRI, POLLPRI},
                 {SLIRP_POLL_ERR, POLLERR},
                 {SLIRP_POLL_HUP, POLLHUP}};

#define POLL_BITS (sizeof poll_bits / sizeof poll_bits[0])

static int add_fd(int fd, int events, void *opaque)
{
    struct network *n = opaque;
    struct pollfd f = {.fd = fd};

    if (n->fd_count == MAX_FDS)
        return -1;
    for (unsigned i = 0; i < POLL_BITS; i++)
        f.events |= (short)(events & poll_bits[i].slirp ? poll_bits[i].host : 0);
    n->fds[n->fd_count] = f;
    return (int)n->fd_count++;
}

static int fd_events(int index, void *opaque)
{
    struct network *n = opaque;
    int events = 0;

    for (unsigned i = 0; index >= 0 && i < POLL_BITS; i++)
        events |= n->fds[index].revents & poll_bits[i].host ? poll_bits[i].slirp : 0;
    return events;
}

void network_poll(struct network *n)
{
    uint32_t timeout = 0;

    n->fd_count = 0;
    slirp_pollfds_fill(n->slirp, &timeout, add_fd, n);
    int ready = poll(n->fds, n->fd_count, 0);
    slirp_pollfds_poll(n->slirp, ready < 0, fd_events, n);
}

static void from_guest(void *ctx, const uint8_t *frame, size_t length)
{
    struct network *n = ctx;

    slirp_input(n->slirp, frame, (int)length);
}

/* ---- Life ---- */

static struct in_addr address(unsigned last)
{
    return (struct in_addr){.s_addr = htonl(0x0a000200u | last)};
}

static bool add_forward(struct network *n, const char *forward)
{
    unsigned host, guest;
    struct in_addr loopback = {.s_addr = htonl(INADDR_LOOPBACK)};

    return sscanf(forward, "%u:%u", &host, &guest) == 2 && host < 65536 && guest < 65536 &&
           slirp_add_hostfwd(n->slirp, 0, loopback, (int)host, address(15), (int)guest) == 0;
}

struct network *network_open(struct machine *m, struct virtio_net *device, const char *forward, const char **error)
{
    SlirpConfig config = {
        .version = 1,
        .in_enabled = true,
        .vnetwork = address(0),
        .vnetmask = {.s_addr = htonl(0xffffff00u)},
        .vhost = address(2),
        .vdhcp_start = address(15),
        .vnameserver = address(3),
        .vhostname = "tessera",
    };
    struct network *n = calloc(1, sizeof *n);

    *error = "out of memory";
    if (!n)
        return NULL;
    n->machine = m;
    n->device = device;
    n->slirp = slirp_new(&config, &callbacks, n);
    if (!n->slirp) {
        free(n);
        return NULL;
    }
    device->send = from_guest;
    device->ctx = n;
    *error = "is not HOSTPORT:GUESTPORT, or the port is taken";
    if (!forward || add_forward(n, forward))
        return n;
    network_close(n);
    return NULL;
}

void network_close(struct network *n)
{
    slirp_cleanup(n->slirp);
    free(n);
}
