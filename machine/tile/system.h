/*
 * A whole machine, made from a description (docs/mosaic.md): a plain machine, which is one board of coherent harts, or
 * a machine of tiles, which is a mesh and a board for each core. Everything that looks at a machine from outside
 * (commands, debugger, statistics, checkpoints) does so through a system and needs not know which of both it is.
 *
 * Time of a machine of tiles passes in windows, shorter than anything one tile does can reach another. Within a window
 * tiles run one after the other or in several host threads, and the result is the same to the cycle (system.c).
 */
#ifndef MACHINE_TILE_SYSTEM_H
#define MACHINE_TILE_SYSTEM_H

#include <stdatomic.h>
#include <stdio.h>

#include "machine/board/load.h"
#include "machine/tile/core.h"
#include "machine/tile/describe.h"

struct crew;

/* What a system tells its user. Functions may be NULL; all are called in the thread that runs the system. */
struct system_user {
    void *context;
    void (*send)(void *context, uint8_t byte);    /* a byte of a serial port's output */
    void (*idle)(void *context, uint64_t cycles); /* nothing to do for so long */
    void (*poll)(void *context);                  /* now and then, whatever happens in simulated time */
};

/* What those who plan the next window know of a tile. */
struct tile_view {
    uint64_t due;      /* when it has something to do */
    uint64_t may_send; /* when it can send a packet, at the earliest */
    uint8_t tile;
    bool has_sent, has_printed, has_ended;
    bool deferred; /* runs after the others, because it reaches out */
};

/* The tiles of one thread. Its thread writes the views within windows, the planner between them. */
struct tile_share {
    _Alignas(64) uint32_t count;
    struct tile_view view[SYSTEM_MAX_TILES];
};

struct system {
    struct mesh *mesh;                        /* NULL: a plain machine */
    uint32_t count;                           /* of places for boards: tiles, or 1 */
    struct machine *boards[SYSTEM_MAX_TILES]; /* by tile; NULL where there is none. A plain machine is boards[0] */
    struct core *cores[SYSTEM_MAX_TILES];     /* of a machine of tiles */
    uint64_t now;                             /* of a machine of tiles; see system_now */
    uint64_t clock_hz;
    unsigned exit_code;
    struct system_user user;
    uint64_t polled;

    /* Windows (system.c): written between them */
    uint64_t issue;        /* cycles from a core's store until its packet leaves, at least */
    uint64_t reach;        /* cycles from there until it arrives at another tile, at least */
    uint64_t reach_self;   /* and at the same tile */
    uint64_t end;          /* of the present window */
    uint64_t end_of_first; /* of the present window for tile `first`, which alone can send so early */
    uint32_t first;
    uint32_t threads;
    atomic_bool interrupt;                       /* signal handlers may set it */
    struct crew *crew;                           /* NULL: one thread */
    struct tile_share *shares;                   /* by thread */
    struct tile_view *view_of[SYSTEM_MAX_TILES]; /* by tile, in one of the shares */
};

/* A problem: says which file or tile, and what. */
struct system_error {
    char text[SYSTEM_TEXT + 320];
};

/* Makes the machine. NULL with *error a text if it cannot be. */
struct system *system_create(const struct system_description *d, const struct system_user *user,
                             struct system_error *error);
void system_destroy(struct system *s);

/* Loads the programs of all tiles, or of the plain machine, and starts the first one. Call once, after devices. */
bool system_load(struct system *s, const struct system_description *d, struct system_error *error);

/* Simulates tiles in so many threads of the host (1 to 16) from now on. False if the host gives none. */
bool system_use_threads(struct system *s, uint32_t threads);

/*
 * Runs until a core powers off or asks for reset, nothing can happen any more (MACHINE_STUCK), cycle `limit` has come,
 * or it is interrupted.
 */
enum machine_stop system_run(struct system *s, uint64_t limit);

/* Makes system_run() return soon; safe in signal handlers. */
void system_interrupt(struct system *s);

/* Resets what asked for it: a plain machine, or the board of that core. */
void system_reset(struct system *s);

/* Present time in cycles, and instructions retired by all harts. */
uint64_t system_now(const struct system *s);
uint64_t system_instructions(const struct system *s);

/* All harts by number: those of a plain machine, or that of each tile's core (NULL: there is none). */
#define SYSTEM_MAX_HARTS MACHINE_MAX_HARTS
struct hart *system_hart(const struct system *s, uint32_t number);

/* Memory of a tile by offset (of a core by physical address), for loading and saving; false if it is not there. */
bool system_access(struct system *s, uint32_t tile, bool write, uint64_t offset, uint8_t *data, uint32_t size);

#endif
