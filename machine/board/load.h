/* Putting firmware, kernel, initrd and device tree into a machine's memory, where QEMU's virt board has them. */
#ifndef MACHINE_BOARD_LOAD_H
#define MACHINE_BOARD_LOAD_H

#include "machine/board/machine.h"

struct load_request {
    const char *firmware; /* ELF or raw at the start of memory; NULL: none, harts start the kernel in M-mode */
    const char *kernel;   /* ELF, or raw 2 MiB above the start of memory (without firmware: at the start); NULL: none */
    const char *initrd;   /* NULL: none */
    const char *bootargs; /* NULL: none */
};

/* A problem with a file: says which and what. */
struct load_error {
    char text[256];
};

/* Loads everything, writes the device tree and the reset code. Returns false with *error filled in. */
bool load_boot(struct machine *m, const struct load_request *r, struct load_error *error);

#endif
