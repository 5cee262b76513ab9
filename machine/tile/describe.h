/*
 * Descriptions of machines, plain ones and machines of tiles: short text files, one statement a line, # begins a
 * comment.
 *
 *   NAME = VALUE                      a parameter: parameters.def, machine/core/params.def, machine/tcu/commands.def
 *   mesh WIDTH HEIGHT                 makes it a machine of tiles
 *   tile N core [memory=16M] [program=FILE] [firmware=FILE] [initrd=FILE] [arguments=TEXT] [disk=FILE] [endpoints=N]
 *   tile N accel logic=fft [cycles=N] [endpoints=N]
 *   tile N memory size=64M
 */
#ifndef MACHINE_TILE_DESCRIBE_H
#define MACHINE_TILE_DESCRIBE_H

#include <stdio.h>

#include "machine/board/machine.h"
#include "machine/tile/mesh.h"

#define SYSTEM_MAX_TILES 64
#define SYSTEM_TEXT      512

/* What a board is loaded with (board/load.h), and its disk; empty texts for what there is not. */
struct board_files {
    char program[SYSTEM_TEXT], firmware[SYSTEM_TEXT], initrd[SYSTEM_TEXT], arguments[SYSTEM_TEXT], disk[SYSTEM_TEXT];
};

struct system_description {
    struct machine_config board; /* the plain machine, or each core tile (but for the tile's own memory) */
    struct mesh_config mesh;     /* without width: a plain machine */
    struct tile_config tiles[SYSTEM_MAX_TILES];
    struct board_files files[SYSTEM_MAX_TILES]; /* by tile; of a plain machine the first */
};

/* Fills in the defaults. */
void describe_init(struct system_description *d);

static inline bool describe_is_tiled(const struct system_description *d)
{
    return d->mesh.noc.width > 0;
}

/* Reads a file on top. Problems are told on stderr with file and line; returns false then. */
bool describe_read(struct system_description *d, const char *path);

/* Sets one parameter, or one property of a tile as in its line. Returns NULL, or what is wrong. */
const char *describe_set(struct system_description *d, const char *name, const char *value);
const char *describe_set_tile(struct system_description *d, uint32_t tile, const char *name, const char *value);

/* Writes all parameters as a description of a plain machine, each with its meaning. */
void describe_write(const struct system_description *d, FILE *out);

/* A number, with an optional K, M or G. */
bool describe_parse_size(const char *text, uint64_t *value);

#endif
