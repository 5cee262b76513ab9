/* Making tasks with the region manager below the maker: what init and proc share on top of loader.h. */
#pragma once

#include "lib/tess/loader.h"

/* A maker of tasks. */
struct task_maker {
    struct rm_image image;
    vaddr_t window; /* RM_DATA_SIZE bytes: where the region manager's data are filled in */
};

/* Reads the region manager's image from the boot archive (`rom`: proto/rom.idl). */
err_t task_maker_init(struct task_maker *maker, cap_t rom);

/* A nursery: its sixteen slots are the maker's to fill. 0 = none left. */
cap_t nursery_create(void);

/* As loader_make_task; memory for the region manager comes from the task's own allocator, in the nursery. */
err_t nursery_make_task(cap_t nursery, struct task_maker *maker, u32 priority, struct rm_params *params);

/* Puts a child of the maker's own capability (flexpage `what`) into the nursery, as the task's slot `target`; `move`:
 * itself. */
err_t nursery_place(cap_t nursery, u32 target, u64 what, bool move);

/* Ends the task, if there is one, and everything that was charged to its allocator; the nursery is no more. */
void nursery_destroy(cap_t nursery);
