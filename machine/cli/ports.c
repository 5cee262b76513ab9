/* Console ports; see ports.h. Writing may wait for the reader: host time never shows in the guest. */
#include "machine/cli/ports.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void send(void *ctx, const uint8_t *bytes, size_t count)
{
    struct port *p = ctx;

    while (p->out >= 0 && count) {
        ssize_t n = write(p->out, bytes, count);
        if (n <= 0)
            return; /* nobody listens any more */
        bytes += n;
        count -= (size_t)n;
    }
}

static bool is_ready(int fd)
{
    struct pollfd f = {.fd = fd, .events = POLLIN};
    return poll(&f, 1, 0) > 0 && (f.revents & POLLIN);
}

static size_t receive(void *ctx, uint8_t *bytes, size_t room)
{
    struct port *p = ctx;

    if (!input_log_is_live(p->log))
        return input_log_take(p->log, p->number, bytes, room);
    if (p->in < 0 || !is_ready(p->in))
        return 0;
    ssize_t n = read(p->in, bytes, room < INPUT_LOG_MAX ? room : INPUT_LOG_MAX);
    if (n <= 0)
        return 0;
    input_log_note(p->log, p->number, bytes, (size_t)n);
    return (size_t)n;
}

/* Opening a FIFO for reading and writing does not wait for the other end; other files are opened as needed. */
static bool open_file(const char *path, int flags, int *fd)
{
    *fd = -1;
    if (strcmp(path, "-") == 0)
        return true;
    *fd = open(path, O_RDWR);
    if (*fd < 0)
        *fd = open(path, flags, 0666);
    return *fd >= 0;
}

const char *ports_add(struct ports *p, const char *description, struct input_log *log)
{
    unsigned id = p->console.port_count ? p->console.port_count : 1;
    struct port *port = &p->port[id];
    char in[256], out[256];

    if (id >= VIRTIO_CONSOLE_PORTS)
        return "there are too many ports";
    if (sscanf(description, "%31[^=]=%255[^,],%255s", port->name, in, out) != 3)
        return "is not NAME=IN,OUT";
    if (!open_file(in, O_RDONLY, &port->in) || !open_file(out, O_WRONLY | O_CREAT | O_TRUNC, &port->out))
        return "a file cannot be opened";
    port->number = id;
    port->log = log;
    p->console.names[id] = port->name;
    p->console.peers[id] = (struct console_peer){send, receive, port};
    p->console.port_count = id + 1;
    return NULL;
}

void ports_close(struct ports *p)
{
    for (unsigned i = 1; i < p->console.port_count; i++) {
        if (p->port[i].in >= 0)
            close(p->port[i].in);
        if (p->port[i].out >= 0)
            close(p->port[i].out);
    }
}

void ports_wait(struct ports *p, int milliseconds)
{
    struct pollfd f[VIRTIO_CONSOLE_PORTS];
    nfds_t n = 0;

    for (unsigned i = 1; i < p->console.port_count; i++)
        f[n++] = (struct pollfd){.fd = p->port[i].in, .events = POLLIN};
    poll(f, n, milliseconds);
}
