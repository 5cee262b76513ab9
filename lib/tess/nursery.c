/* Making and ending tasks: see nursery.h. */
#include "lib/tess/nursery.h"

#include "lib/tess/env.h"
#include "lib/tess/rm.h"
#include "lib/tess/slot.h"
#include "proto/dataspace.h"
#include "proto/mem.h"
#include "proto/rom.h"

#define SLOT_RM_MEMORY 15 /* of a nursery: the dataspace that the region manager's data are in */

/* In one piece, so that one node maps it into each task. */
static err_t make_text_copy(void **copy)
{
    vaddr_t address = 0;
    cap_t memory = slot_alloc();
    err_t error = mem_alloc(SLOT_MEM, 1ull << RM_TEXT_ORDER, MEM_CONTIGUOUS, memory);
    if (!error)
        error = rm_attach(&address, 1ull << RM_TEXT_ORDER, memory, 0, RIGHTS_RWX, RM_POPULATE);
    slot_free(memory);
    *copy = (void *)address;
    return error;
}

err_t task_maker_init(struct task_maker *maker, cap_t rom)
{
    u64 size;
    void *copy;
    vaddr_t file = 0;
    cap_t slot = slot_alloc();
    err_t error = rom_open(rom, "rm", 2, slot, &size);
    if (!error)
        error = rm_attach(&file, (size + 4095) & ~4095ull, slot, 0, RIGHT_R, 0);
    slot_free(slot);
    if (!error)
        error = make_text_copy(&copy);
    if (!error)
        error = rm_image_read(&maker->image, (const void *)file, size, copy);
    maker->window = 0;
    return error ? error : rm_reserve(&maker->window, RM_DATA_SIZE, RM_DATA_SIZE);
}

cap_t nursery_create(void)
{
    return slot_alloc_range(NURSERY_ORDER);
}

err_t nursery_place(cap_t nursery, u32 target, u64 what, bool move)
{
    return task_map(SLOT_TASK, SLOT_TASK, what, (u64)(nursery + target) << FPAGE_START_SHIFT | (move ? ITEM_GRANT : 0));
}

err_t nursery_make_task(cap_t nursery, struct task_maker *maker, u32 priority, struct rm_params *params)
{
    u64 window = FPAGE_MEM(maker->window, RM_DATA_ORDER, RIGHT_R | RIGHT_W);
    cap_t memory = nursery + SLOT_RM_MEMORY;
    params->timebase_hz = env_start->timebase_hz;
    params->boot_ticks = env_start->boot_ticks;
    params->epoch_us = env_start->epoch_us;
    err_t error = mem_alloc(nursery + SLOT_MEM, RM_DATA_SIZE, MEM_CONTIGUOUS, memory);
    if (!error)
        error = dataspace_map(memory, 0, maker->window, RM_DATA_ORDER, RIGHT_R | RIGHT_W, window);
    if (!error)
        error = loader_make_task(nursery, &maker->image, (void *)maker->window, true, priority, params);
    if (error)
        task_unmap(SLOT_TASK, window, UNMAP_SELF);
    return error;
}

void nursery_destroy(cap_t nursery)
{
    struct msg close = {.tag = TAG(1, 0), .w = {OP_SESSION_CLOSE}};
    sys_call(&close, nursery + SLOT_MEM);
    task_unmap(SLOT_TASK, FPAGE_OBJ(nursery, NURSERY_ORDER, RIGHTS_ALL), UNMAP_SELF);
    for (u32 i = 0; i < 1u << NURSERY_ORDER; i++)
        slot_free(nursery + i);
}
