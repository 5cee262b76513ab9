/* Virtio console ports between files of the host: FIFOs, sockets' files, or plain ones. */
#ifndef MACHINE_CLI_PORTS_H
#define MACHINE_CLI_PORTS_H

#include "machine/cli/input_log.h"
#include "machine/dev/virtio_console.h"

struct port {
    char name[32];
    int in, out; /* file descriptors; -1: none */
    uint32_t number;
    struct input_log *log;
};

struct ports {
    struct port port[VIRTIO_CONSOLE_PORTS];
    struct virtio_console console;
};

/*
 * Adds a port by its description, NAME=IN,OUT, where - stands for no file. Returns NULL, or a text that says what is
 * wrong. FIFOs need no other end yet. What comes in goes through the log.
 */
const char *ports_add(struct ports *p, const char *description, struct input_log *log);

void ports_close(struct ports *p);

/* Waits at most `milliseconds` for something to arrive at a port. */
void ports_wait(struct ports *p, int milliseconds);

#endif
