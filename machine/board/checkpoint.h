/* Checkpoints: a machine saved to a file, and restored into one of the same configuration. */
#ifndef MACHINE_BOARD_CHECKPOINT_H
#define MACHINE_BOARD_CHECKPOINT_H

#include "machine/board/machine.h"

/* Saves the machine between two slices. Returns NULL, or a text that says what went wrong. */
const char *checkpoint_save(struct machine *m, const char *path);

/* Restores it. After an error the machine's state is undefined, and only machine_destroy() may follow. */
const char *checkpoint_restore(struct machine *m, const char *path);

#endif
