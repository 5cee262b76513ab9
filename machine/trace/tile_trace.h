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
    struct chrome *chrome;
    struct mesh *mesh;
    const char *doing[TILE_TRACE_MAX]; /* the slice that is open on the module's track, or NULL */
    bool computing[TILE_TRACE_MAX];
};

/* Names the tracks and begins to watch the mesh, which has at most TILE_TRACE_MAX tiles. */
void tile_trace_begin(struct tile_trace *t, struct mesh *mesh, struct chrome *chrome);

/* Ends it at time `now`. */
void tile_trace_end(struct tile_trace *t, uint64_t now);

#endif
