/* User-mode networking; see network.h. */
#include "machine/cli/network.h"

#include <slirp/libslirp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FDS       256
#define FRAMES        256    /* on their way to the guest; more are lost */
#define FRAME_LATENCY 100000 /* cycles from the network to the guest, at least */

/*
 * A frame for the guest arrives a while after it was sent, by an event of its own, and that cycle is what the log
 * keeps: so a replay can have the same event at the same cycle, with nobody on the other side.
 */
struct frame {
    uint64_t due;
    size_t length;
    uint8_t bytes[VIRTIO_NET_FRAME_MAX];
};

struct network {
    struct machine *machine;
    struct virtio_net *device;
    Slirp *slirp; /* NULL: replay */
    struct input_log *log;
    struct input_log replay;
    struct frame frames[FRAMES];
    unsigned first, count;
    struct event arrival; /* of frames[first], or of the next one of the replay */
    struct pollfd fds[MAX_FDS];
    unsigned fd_count;
};

/* ---- Frames for the guest ---- */

static void expect_next(struct network *n)
{
    uint64_t due;
    size_t length;

    if (n->slirp && n->count)
        clock_schedule(&n->machine->clock, &n->arrival, n->frames[n->first].due);
    else if (!n->slirp && input_log_next_frame(&n->replay, &due, &length))
        clock_schedule(&n->machine->clock, &n->arrival, due);
}

static void arrive(void *ctx)
{
    struct network *n = ctx;
    struct frame *f = &n->frames[n->first];
    uint64_t due;

    if (n->slirp) {
        input_log_note_at(n->log, f->due, INPUT_LOG_FRAMES, f->bytes, f->length);
        virtio_net_receive(n->device, f->bytes, f->length);
        n->first = (n->first + 1) % FRAMES;
        n->count--;
    } else {
        size_t length;
        if (input_log_next_frame(&n->replay, &due, &length))
            virtio_net_receive(n->device, n->replay.bytes, length);
        input_log_drop_frame(&n->replay);
    }
    expect_next(n);
}

/* Later than any hart has run by now, and later than the frame before. */
static uint64_t arrival_time(const struct network *n)
{
    uint64_t quantum = 2 * n->machine->config.quantum;
    uint64_t due = machine_now(n->machine) + (quantum > FRAME_LATENCY ? quantum : FRAME_LATENCY);
    const struct frame *last = &n->frames[(n->first + n->count - 1) % FRAMES];

    return n->count && last->due >= due ? last->due + 1 : due;
}

/* ---- What libslirp asks of us ---- */

static ssize_t to_guest(const void *frame, size_t length, void *opaque)
{
    struct network *n = opaque;

    if (length > VIRTIO_NET_FRAME_MAX || n->count == FRAMES)
        return (ssize_t)length; /* lost, as on a network */
    uint64_t due = arrival_time(n);
    struct frame *f = &n->frames[(n->first + n->count++) % FRAMES];
    f->due = due;
    f->length = length;
    memcpy(f->bytes, frame, length);
    if (n->count == 1)
        expect_next(n);
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
    network_wait(n, 0);
}

void network_wait(struct network *n, int milliseconds)
{
    uint32_t timeout = 0;

    if (!n->slirp)
        return;
    n->fd_count = 0;
    slirp_pollfds_fill(n->slirp, &timeout, add_fd, n);
    int ready = poll(n->fds, n->fd_count, milliseconds);
    slirp_pollfds_poll(n->slirp, ready < 0, fd_events, n);
}

static void from_guest(void *ctx, const uint8_t *frame, size_t length)
{
    struct network *n = ctx;

    if (n->slirp)
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

static bool open_slirp(struct network *n, const char *forward, const char **error)
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

    n->slirp = slirp_new(&config, &callbacks, n);
    *error = n->slirp ? "is not HOSTPORT:GUESTPORT, or the port is taken" : "out of memory";
    return n->slirp && (!forward || add_forward(n, forward));
}

struct network *network_open(struct machine *m, struct virtio_net *device, const char *forward, struct input_log *log,
                             const char *replay, const char **error)
{
    struct network *n = calloc(1, sizeof *n);

    *error = "out of memory";
    if (!n)
        return NULL;
    n->machine = m;
    n->device = device;
    n->log = log;
    device->send = from_guest;
    device->ctx = n;
    event_init(&n->arrival, arrive, n);
    if (replay ? !(*error = input_log_open_frames(&n->replay, replay)) : open_slirp(n, forward, error)) {
        expect_next(n);
        return n;
    }
    network_close(n);
    return NULL;
}

void network_close(struct network *n)
{
    if (n->slirp)
        slirp_cleanup(n->slirp);
    input_log_close(&n->replay);
    free(n);
}
