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
    struct tile *tile;
    struct machine *machine;
    uint32_t window_epoch[TCU_PMP_EPS]; /* of the endpoints when the windows were last set up */
    bool started;
    bool suspended; /* by the TCU's SLEEP */
    bool idle;      /* waits for an interrupt, and nothing of its own will cause one */
    uint64_t until; /* end of the present slice */
    uint64_t suspended_at;
    uint64_t slept;            /* cycles in SLEEP or waiting for interrupts */
    enum machine_stop stopped; /* why its last run ended */
};

/* Makes a core for the tile; `send` gets its serial output. NULL and *error a text if that cannot be. */
struct core *core_create(struct tile *tile, const struct machine_config *config,
                         void (*send)(void *context, uint8_t byte), void *context, const char **error);
void core_destroy(struct core *core);

/* Begins execution at the reset vector at cycle `when`. */
void core_start(struct core *core, uint64_t when);

/* Its own time, and when it has something to do next: now, at an event of its board while it is suspended, or ~0. */
uint64_t core_now(const struct core *core);
uint64_t core_due(const struct core *core);

/* Whether its last run ended with power-off or reset. */
bool core_has_ended(const struct core *core);

/* Runs it until `until`, or earlier if it does something that makes an event of the mesh. */
void core_run(struct core *core, uint64_t until);

#endif
