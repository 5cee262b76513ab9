/* Packets of the GDB remote protocol; see gdb_packet.h. */
#include "machine/trace/gdb_packet.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CTRL_C 3

bool gdb_accept(struct gdb_link *l, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l->fd = -1;
    if (listener < 0)
        return false;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1) == 0)
        l->fd = accept(listener, NULL, NULL);
    close(listener);
    return l->fd >= 0;
}

static int get_byte(struct gdb_link *l)
{
    uint8_t byte;
    return recv(l->fd, &byte, 1, 0) == 1 ? byte : -1;
}

static bool send_all(struct gdb_link *l, const char *bytes, size_t count)
{
    while (count) {
        ssize_t n = send(l->fd, bytes, count, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        bytes += n;
        count -= (size_t)n;
    }
    return true;
}

static int hex_digit(int c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The data between $ and #. Returns its length, -1 at the end of the connection, -2 if it was damaged. */
static int get_body(struct gdb_link *l)
{
    uint8_t sum = 0;
    int n = 0, c;

    while ((c = get_byte(l)) >= 0 && c != '#') {
        if (n < GDB_PACKET_MAX)
            l->in[n++] = (char)c;
        sum += (uint8_t)c;
    }
    int high = get_byte(l), low = get_byte(l);
    if (low < 0)
        return -1;
    l->in[n] = '\0';
    return hex_digit(high) << 4 == (sum & 0xf0) && hex_digit(low) == (sum & 15) ? n : -2;
}

int gdb_receive(struct gdb_link *l)
{
    int c;

    l->out_len = 0;
    while ((c = get_byte(l)) >= 0) {
        if (c != '$')
            continue;
        int n = get_body(l);
        if (n == -1)
            return -1;
        if (!send_all(l, n >= 0 ? "+" : "-", 1))
            return -1;
        if (n >= 0)
            return n;
    }
    return -1;
}

bool gdb_interrupted(struct gdb_link *l, bool *closed)
{
    struct pollfd p = {.fd = l->fd, .events = POLLIN};
    uint8_t byte;

    *closed = false;
    if (poll(&p, 1, 0) <= 0)
        return false;
    ssize_t n = recv(l->fd, &byte, 1, MSG_PEEK);
    *closed = n <= 0;
    if (n == 1 && byte == CTRL_C)
        get_byte(l);
    return true;
}

void gdb_put(struct gdb_link *l, const char *text)
{
    size_t n = strlen(text);

    if (n > GDB_PACKET_MAX - l->out_len)
        n = GDB_PACKET_MAX - l->out_len;
    memcpy(l->out + l->out_len, text, n);
    l->out_len += n;
}

void gdb_put_hex(struct gdb_link *l, const void *bytes, size_t count)
{
    const uint8_t *p = bytes;
    char text[3];

    while (count--) {
        snprintf(text, sizeof text, "%02x", *p++);
        gdb_put(l, text);
    }
}

bool gdb_send(struct gdb_link *l)
{
    uint8_t sum = 0;
    char tail[4];

    for (size_t i = 0; i < l->out_len; i++)
        sum += (uint8_t)l->out[i];
    snprintf(tail, sizeof tail, "#%02x", sum);
    return send_all(l, "$", 1) && send_all(l, l->out, l->out_len) && send_all(l, tail, 3);
}

bool gdb_get_hex(const char *text, void *bytes, size_t count)
{
    uint8_t *p = bytes;

    for (size_t i = 0; i < count; i++) {
        int high = hex_digit(text[2 * i]), low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
        if (low < 0)
            return false;
        p[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
