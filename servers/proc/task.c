/* Making and ending tasks: see task.h. */
#include "servers/proc/task.h"

#include "lib/base/string.h"
#include "lib/tess/nursery.h"
#include "lib/tess/tess.h"
#include "proto/mem.h"

#define PRIORITY     100
#define KERNEL_SHARE 8 /* a process gets at most this part of proc's kernel memory */
#define KERNEL_MIN   (128ull << 10)
#define KERNEL_MAX   (1024ull << 10)

static struct task_maker maker;
static u64 memory_quota; /* of each process: limits, the sum is limited by proc's own */
static u64 kernel_quota;

err_t proc_task_init(void)
{
    u64 used, kernel, kernel_used;
    err_t error = mem_info(SLOT_MEM, &memory_quota, &used, &kernel, &kernel_used);
    if (error)
        return error;
    u64 share = kernel / KERNEL_SHARE;
    kernel_quota = share < KERNEL_MIN ? KERNEL_MIN : share > KERNEL_MAX ? KERNEL_MAX : share;
    return task_maker_init(&maker, env_cap("rom"));
}

/* When kernel memory is short, processes get less of it, down to what the smallest need. */
static err_t make_allocator(cap_t nursery, const char *name)
{
    err_t error = E_NOMEM;
    for (u64 kernel = kernel_quota; kernel >= KERNEL_MIN && error == E_NOMEM; kernel /= 2)
        error = mem_create(SLOT_MEM, memory_quota, kernel, PRIORITY, name, strnlen(name, MEM_CREATE_NAME_MAX),
                           nursery + SLOT_MEM, nursery + SLOT_FACTORY);
    return error;
}

static err_t fill_nursery(cap_t nursery, struct map_item session, cap_t executable, cap_t start)
{
    err_t error = nursery_place(nursery, SLOT_IMAGE, FPAGE_OBJ(executable, 0, RIGHTS_ALL), true);
    if (!error)
        error = nursery_place(nursery, SLOT_START, FPAGE_OBJ(start, 0, RIGHTS_ALL), true);
    if (!error)
        error = nursery_place(nursery, SLOT_PROC, session.what, false);
    if (!error)
        error = nursery_place(nursery, SLOT_SCHEDULER, FPAGE_OBJ(SLOT_SCHEDULER, 0, RIGHT_USE | RIGHT_CONTROL), false);
    if (!error)
        nursery_place(nursery, SLOT_LOG, FPAGE_OBJ(SLOT_LOG, 0, RIGHT_USE), false); /* there may be none */
    return error;
}

err_t proc_task_make(struct proc_task *task, const char *name, u32 pid, struct map_item session, cap_t executable,
                     cap_t start, u64 start_size)
{
    struct rm_params params = {.start_size = start_size, .pid = pid};
    task->nursery = nursery_create();
    if (!task->nursery)
        return E_NOMEM;
    err_t error = make_allocator(task->nursery, name);
    if (!error)
        error = fill_nursery(task->nursery, session, executable, start);
    if (!error)
        error = nursery_make_task(task->nursery, &maker, PRIORITY, &params);
    debug_name_task(SLOT_LOG, task->nursery + SLOT_TASK, name);
    if (error)
        proc_task_destroy(task);
    return error;
}

static bool slot_allowed(u32 slot)
{
    return slot == SLOT_FS || slot == SLOT_PIPE || (slot >= SLOT_FIRST && slot < SLOT_END);
}

err_t proc_task_give(const struct proc_task *task, u32 slot, cap_t capability)
{
    if (!slot_allowed(slot))
        return E_INVAL;
    return task_map(task->nursery + SLOT_TASK, SLOT_TASK, FPAGE_OBJ(capability, 0, RIGHTS_ALL),
                    (u64)slot << FPAGE_START_SHIFT | ITEM_GRANT);
}

err_t proc_task_run(const struct proc_task *task, u32 cpu)
{
    return loader_run(task->nursery, SLOT_SCHEDULER, cpu);
}

void proc_task_destroy(struct proc_task *task)
{
    if (task->nursery)
        nursery_destroy(task->nursery);
    task->nursery = 0;
}

cap_t proc_task_slot(const struct proc_task *task, u32 slot)
{
    return task->nursery + slot;
}
