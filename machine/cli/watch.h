/* The observers that `mosaic run` can put on harts (trace, profiles, windows, stretches), and what they print. */
#ifndef MACHINE_CLI_WATCH_H
#define MACHINE_CLI_WATCH_H

#include "machine/cli/options.h"
#include "machine/trace/hart_trace.h"
#include "machine/trace/profile.h"
#include "machine/trace/stretch.h"
#include "machine/trace/tile_trace.h"
#include "machine/trace/window.h"

struct watch {
    struct system *system;
    struct symbols symbols;
    struct chrome chrome;
    struct hart_trace harts;
    struct tile_trace tiles;
    struct profile profile;
    struct window window;
    struct stretch stretch;
    bool has_trace, has_profile, has_window, has_stretch;
};

/* Sets up what the options ask for. Problems are told on stderr; returns false then. */
bool watch_start(struct watch *w, struct system *s, const struct options *o);

/* Writes the results. Returns false after telling a problem. */
bool watch_finish(struct watch *w, const struct options *o);

#endif
