/*
 * What a machine of tiles does, as a Chrome trace: a process for each tile with a track each for its TCU (packets, with
 * arrows from tile to tile), its core (asleep or not) or support module (what it does), and an accelerator's logic.
 */
#ifndef MACHINE_TRACE_TILE_TRACE_H
#define MACHINE_TRACE_TILE_TRACE_H

#include "machine/tile/mesh.h"
#include "machine/trace/chrome.h"

#define TILE_TRACE_MAX 64 /* tiles */

struct tile_trace {
    struct chrome chrome;
    struct mesh *mesh;
    const char *doing[TILE_TRACE_MAX]; /* the slice that is open on the module's track, or NULL */
    bool computing[TILE_TRACE_MAX];
};

/* Opens the trace and begins to watch the mesh. Returns false if the file cannot be written. */
bool tile_trace_open(struct tile_trace *t, struct mesh *mesh, const char *path);

/* Ends it at the mesh's present time. Returns false if not everything could be written. */
bool tile_trace_close(struct tile_trace *t);

#endif
