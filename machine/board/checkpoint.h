/* Checkpoints of a board: its state to and from a stream. Files are machine/tile/save.h's. */
#ifndef MACHINE_BOARD_CHECKPOINT_H
#define MACHINE_BOARD_CHECKPOINT_H

#include "machine/board/machine.h"
#include "machine/dev/snapshot.h"

/* Saves or restores a machine between two slices. Restoring fails if it is of another configuration; its state is then
 * undefined, and only machine_destroy() may follow. */
void checkpoint_machine(struct snapshot *s, struct machine *m);

/* Saves or restores memory of the host; pages of zeros take no room. */
void checkpoint_memory(struct snapshot *s, uint8_t *host, uint64_t size);

#endif
