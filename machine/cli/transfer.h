/* Files put into a machine's memory before it runs, and written from it afterwards. */
#ifndef MACHINE_CLI_TRANSFER_H
#define MACHINE_CLI_TRANSFER_H

#include "machine/tile/system.h"

struct transfer {
    uint32_t tile;
    uint64_t offset, size;
    const char *file;
};

/* Reads TILE:OFFSET=FILE, or with_size TILE:OFFSET:SIZE=FILE. Returns false if the text is something else. */
bool transfer_parse(struct transfer *t, const char *text, bool with_size);

/* File to memory, and memory to file. Problems are told on stderr; returns false then. */
bool transfer_load(struct system *s, const struct transfer *t);
bool transfer_dump(struct system *s, const struct transfer *t);

#endif
