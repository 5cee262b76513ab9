/* Checkpoints: a system saved to a file, and restored into one of the same description. */
#ifndef MACHINE_TILE_SAVE_H
#define MACHINE_TILE_SAVE_H

#include "machine/dev/snapshot.h"
#include "machine/tile/system.h"

/* Saves the system between two calls of system_run(). Returns NULL, or a text that says what went wrong. */
const char *system_save(struct system *s, const char *path);

/* Restores it. After an error the system's state is undefined, and only system_destroy() may follow. */
const char *system_restore(struct system *s, const char *path);

/* The parts of a mesh and of a core, with everything that is under way. */
void mesh_snapshot(struct mesh *mesh, struct snapshot *s);
void core_snapshot(struct core *core, struct snapshot *s);

#endif
