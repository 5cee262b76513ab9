/* Packets of the GDB remote protocol: `$data#checksum`, acknowledged with + or -, over a socket. */
#ifndef MACHINE_TRACE_GDB_PACKET_H
#define MACHINE_TRACE_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GDB_PACKET_MAX 16384

struct gdb_link {
    int fd;
    char in[GDB_PACKET_MAX + 1]; /* the last packet received, ended by NUL */
    char out[GDB_PACKET_MAX + 1];
    size_t out_len;
};

/* Waits for a debugger on 127.0.0.1. Returns false if the port cannot be had. */
bool gdb_accept(struct gdb_link *l, uint16_t port);

/* Receives the next packet into l->in. Returns its length, or -1 if the connection has ended. */
int gdb_receive(struct gdb_link *l);

/* Whether the debugger has sent something (such as Ctrl-C, which is taken). *closed: it has gone. */
bool gdb_interrupted(struct gdb_link *l, bool *closed);

/* Building a reply: text, or bytes in hexadecimal; gdb_send() sends what was built. */
void gdb_put(struct gdb_link *l, const char *text);
void gdb_put_hex(struct gdb_link *l, const void *bytes, size_t count);
bool gdb_send(struct gdb_link *l);

/* Reads `count` bytes in hexadecimal. Returns false if the text is not that. */
bool gdb_get_hex(const char *text, void *bytes, size_t count);

#endif
