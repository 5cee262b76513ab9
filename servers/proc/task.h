/* The task behind a process: made with a quota of its own, and taken apart from outside. */
#pragma once

#include "lib/tess/loader.h"

struct proc_task {
    cap_t nursery; /* 0 = none */
};

/* Reads the region manager's image and learns how much kernel memory a process may have. */
err_t proc_task_init(void);

/*
 * Makes a task that waits to be run. `executable` and `start` (start block of `start_size` bytes) are moved to it;
 * `session` is its connection with proc. On errors nothing is left of it.
 */
err_t proc_task_make(struct proc_task *task, const char *name, u32 pid, struct map_item session, cap_t executable,
                     cap_t start, u64 start_size);

/* Moves the capability to the task's slot, which must be one of those that programs are started with. E_INVAL if not.
 */
err_t proc_task_give(const struct proc_task *task, u32 slot, cap_t capability);

err_t proc_task_run(const struct proc_task *task, u32 cpu);

/* Ends the task with all its threads and gives its memory back. */
void proc_task_destroy(struct proc_task *task);

/* Slot of a capability of the task's, by its number there (SLOT_MEM, SLOT_SC, ...). */
cap_t proc_task_slot(const struct proc_task *task, u32 slot);
