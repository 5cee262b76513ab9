/*
 * A core tile: a board of its own (board/machine.h: one hart, private memory, interrupt controller, serial port) whose
 * TCU is one more device on its bus. The tile's controller starts and stops it through the TCU. Behind the private
 * memory the core has four windows onto memory of other tiles, as endpoints 0 to 3 permit; its caches reach them
 * through TCU and network.
 */
#ifndef MACHINE_TILE_CORE_H
#define MACHINE_TILE_CORE_H

#include "machine/board/machine.h"
#include "machine/tile/mesh.h"

struct core {
    _Alignas(64) struct tile *tile;
    struct machine *machine;
    uint32_t window_epoch[TCU_PMP_EPS]; /* of the endpoints when the windows were last set up */
    uint32_t windows;                   /* how many there are */
    bool started;
    bool suspended; /* by the TCU's SLEEP */
    uint64_t until; /* end of the present slice */
    uint64_t suspended_at;
    uint64_t slept;            /* cycles in SLEEP or waiting for interrupts */
    enum machine_stop stopped; /* why its last run ended */
    struct core_output {       /* what its serial port has sent and nobody has taken yet */
        uint8_t *bytes;
        size_t count, room;
    } output;
};

/* Makes a core for the tile. NULL and *error a text if that cannot be. */
struct core *core_create(struct tile *tile, const struct machine_config *config, const char **error);
void core_destroy(struct core *core);

/* Begins execution at the reset vector at cycle `when`. */
void core_start(struct core *core, uint64_t when);

/* Its own time, and when it has something to do next: now, at an event of its board while it sleeps, or ~0. */
uint64_t core_now(const struct core *core);
uint64_t core_due(const struct core *core);

/* Whether its last run ended with power-off or reset. */
bool core_has_ended(const struct core *core);

/* Whether it has windows, so that running it may touch other tiles; else it touches nothing but its own. */
bool core_reaches_out(const struct core *core);

/* Runs it until `until`, or earlier if it does something that makes an event of its tile. */
void core_run(struct core *core, uint64_t until);

#endif
