/*
 * Making tasks: what root, init and proc have in common. Each new task starts with the region manager (servers/rm) as
 * its passive first thread, mapped by the maker; the program's own thread begins in the region manager's image, asks
 * it to load the executable, and jumps to it. The maker never waits for the new task.
 *
 * The task's capabilities are gathered in a *nursery*: sixteen slots of the maker, naturally aligned, that mirror the
 * task's slots 0-15 (enum start_slot). The maker fills in what it wants the task to have there, then all are mapped at
 * once. They stay in the maker's hands and go when the task's factory is destroyed.
 */
#pragma once

#include "lib/sys/object.h"
#include "lib/tess/start.h"

#define NURSERY_ORDER 4
#define RM_TEXT_ORDER 15 /* bytes of text that a region manager's image may have: 32 KiB */
#define RM_DATA_ORDER 14 /* its data, stack and parameters: 16 KiB */
#define RM_DATA_SIZE  (1ull << RM_DATA_ORDER)
#define RM_MAIN_ENTRY 16 /* the first thread begins so many bytes behind the image's entry point */

/* What the region manager is told, at the end of its data. */
struct rm_params {
    u64 start_size; /* bytes of the start block in SLOT_START; 0 = none */
    u64 timebase_hz;
    u64 boot_ticks;
    u64 epoch_us;
    u32 pid;
    u32 reserved;
};
#define RM_PARAMS (SPACE_RM_DATA + RM_DATA_SIZE - sizeof(struct rm_params))

/* A region manager's image, ready to be put into tasks. */
struct rm_image {
    const void *text; /* 2^RM_TEXT_ORDER bytes, so aligned, in the maker's memory: mapped into each task */
    const void *data; /* initial contents of its data */
    u64 data_size;
    vaddr_t entry;
};

/*
 * Reads the ELF file of a region manager; its text is copied to `text` (2^RM_TEXT_ORDER bytes, so aligned). The file
 * must stay. E_NOEXEC if it is not one.
 */
err_t rm_image_read(struct rm_image *image, const void *elf, u64 size, void *text);

/*
 * Makes the task with its two threads. In the nursery must stand: SLOT_FACTORY, SLOT_MEM, SLOT_PROC, and SLOT_IMAGE,
 * SLOT_START as the program wants; TASK, THREAD, RM, RM_THREAD and SC are made. `rm_data`: RM_DATA_SIZE bytes, zeroed,
 * so aligned, in the maker's memory, given to the task (`grant`: moved; else mapped). On errors the maker destroys the
 * factory and with it what was made.
 */
err_t loader_make_task(cap_t nursery, const struct rm_image *image, void *rm_data, bool grant, u32 priority,
                       const struct rm_params *params);

/* Lets the task's first thread run, on this CPU. */
err_t loader_run(cap_t nursery, cap_t scheduler, u32 cpu);
