/*
 * A whole machine of tiles, made from a description (docs/tiles.md): the mesh, the cores, and the loop that runs them.
 *
 * Cores run in slices of a few cycles, shorter than anything one tile does can reach another, so that the result does
 * not depend on the order within a slice; with a single core at work slices reach to the next event.
 */
#ifndef MACHINE_TILE_SYSTEM_H
#define MACHINE_TILE_SYSTEM_H

#include <stdio.h>

#include "machine/tile/core.h"

#define SYSTEM_MAX_TILES 64
#define SYSTEM_TEXT      512

/* What a core tile's board is loaded with (board/load.h); empty texts for what there is not. */
struct tile_program {
    char program[SYSTEM_TEXT], firmware[SYSTEM_TEXT], initrd[SYSTEM_TEXT], arguments[SYSTEM_TEXT];
};

struct system_description {
    struct mesh_config mesh;
    struct tile_config tiles[SYSTEM_MAX_TILES];
    struct tile_program programs[SYSTEM_MAX_TILES];
    struct machine_config core; /* of all core tiles; memory is per tile */
};

struct system_error {
    char text[SYSTEM_TEXT + 128];
};

/* Defaults, before a description is read. */
void system_describe(struct system_description *d);

/* Reads a description. Returns false with file, line and reason in *error. */
bool system_read(struct system_description *d, const char *path, struct system_error *error);

/* Sets a property of a tile, as NAME=VALUE in its line. Returns NULL or what is wrong. */
const char *system_set_tile(struct system_description *d, uint32_t tile, const char *name, const char *value);

/* Sets one parameter by name, as `set NAME VALUE` in a description. Returns NULL or what is wrong. */
const char *system_set(struct system_description *d, const char *name, const char *value);

struct system {
    struct mesh *mesh;
    struct core *cores[SYSTEM_MAX_TILES]; /* by tile; NULL where there is none */
    uint64_t now;
    unsigned exit_code;
};

/* Makes the machine, loads programs, and starts the core of tile 0; the others wait for their controller. */
struct system *system_create(const struct system_description *d, void (*send)(void *context, uint8_t byte),
                             void *context, struct system_error *error);
void system_destroy(struct system *s);

/* Runs until a core powers off, nothing can happen any more (MACHINE_STUCK), or cycle `limit`. */
enum machine_stop system_run(struct system *s, uint64_t limit);

/* Memory of a tile by offset, for loading and saving; false if it is not there. */
bool system_access(struct system *s, uint32_t tile, bool write, uint64_t offset, uint8_t *data, uint32_t size);

/* Network, tiles and cores: what they did. */
void system_print_stats(const struct system *s, FILE *out);

#endif
