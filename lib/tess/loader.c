/* Making tasks: see loader.h. */
#include "lib/tess/loader.h"

#include "abi/arch/riscv64.h"
#include "lib/base/string.h"
#include "lib/tess/elf.h"

/* ---- the region manager's image ---- */

static err_t read_segment(struct rm_image *image, const struct elf_segment *s, const u8 *elf, u64 size, void *text)
{
    if (s->offset > size || s->file_size > size - s->offset || s->file_size > s->memory_size)
        return E_NOEXEC;
    if (s->vaddr == SPACE_RM_TEXT && s->memory_size <= 1ull << RM_TEXT_ORDER) {
        memcpy(text, elf + s->offset, s->file_size);
        image->text = text;
        return E_OK;
    }
    if (s->vaddr == SPACE_RM_DATA && s->memory_size <= RM_DATA_SIZE / 2) {
        image->data = elf + s->offset;
        image->data_size = s->file_size;
        return E_OK;
    }
    return E_NOEXEC;
}

err_t rm_image_read(struct rm_image *image, const void *elf, u64 size, void *text)
{
    const struct elf_header *h = elf;
    if (elf_check_header(h, size))
        return E_NOEXEC;
    *image = (struct rm_image){.entry = h->entry};
    const struct elf_segment *s = (const struct elf_segment *)((const u8 *)elf + h->phoff);
    for (u32 i = 0; i < h->phnum; i++)
        if (s[i].type == ELF_LOAD && s[i].memory_size && read_segment(image, &s[i], elf, size, text))
            return E_NOEXEC;
    return image->text && image->data ? E_OK : E_NOEXEC;
}

/* ---- tasks ---- */

static err_t make_objects(cap_t nursery, u32 priority)
{
    cap_t factory = nursery + SLOT_FACTORY;
    err_t error = factory_create_task(factory, nursery + SLOT_TASK);
    if (!error)
        error = factory_create_thread(factory, nursery + SLOT_THREAD);
    if (!error)
        error = factory_create_thread(factory, nursery + SLOT_RM_THREAD);
    if (!error)
        error = factory_create_gate(factory, nursery + SLOT_RM);
    if (!error)
        error = factory_create_sc(factory, nursery + SLOT_SC, priority);
    return error;
}

static err_t fill_space(cap_t task, const struct rm_image *image, void *rm_data, bool grant)
{
    err_t error = task_map(task, SLOT_TASK, FPAGE_MEM(image->text, RM_TEXT_ORDER, RIGHT_R | RIGHT_X), SPACE_RM_TEXT);
    if (!error)
        error = task_map(task, SLOT_TASK, FPAGE_MEM(rm_data, RM_DATA_ORDER, RIGHT_R | RIGHT_W),
                         SPACE_RM_DATA | (grant ? ITEM_GRANT : 0));
    if (!error)
        error = task_add_ku_mem(task, FPAGE_MEM(SPACE_UTCBS, ARCH_PAGE_SHIFT, RIGHT_R | RIGHT_W));
    return error;
}

/* Exceptions of the region manager go to the supervisor, those of the first thread to the region manager. */
static err_t start_threads(cap_t nursery, const struct rm_image *image)
{
    cap_t rm = nursery + SLOT_RM_THREAD, first = nursery + SLOT_THREAD, gate = nursery + SLOT_RM;
    err_t error = thread_control(rm, nursery + SLOT_TASK, SPACE_UTCBS, 0, nursery + SLOT_PROC);
    if (!error)
        error = thread_control(first, nursery + SLOT_TASK, START_UTCB, gate, gate);
    if (!error)
        error = gate_bind(gate, rm, 0);
    if (!error)
        error = thread_ex_regs(rm, EX_REGS_WAIT | EX_REGS_PC | EX_REGS_SP, image->entry, RM_PARAMS, 0, 0);
    if (!error)
        error = thread_ex_regs(first, EX_REGS_PC, image->entry + RM_MAIN_ENTRY, 0, 0, 0);
    return error;
}

err_t loader_make_task(cap_t nursery, const struct rm_image *image, void *rm_data, bool grant, u32 priority,
                       const struct rm_params *params)
{
    memcpy(rm_data, image->data, image->data_size);
    memcpy((u8 *)rm_data + RM_DATA_SIZE - sizeof *params, params, sizeof *params);
    err_t error = make_objects(nursery, priority);
    if (!error)
        error = fill_space(nursery + SLOT_TASK, image, rm_data, grant);
    if (!error)
        error = start_threads(nursery, image);
    if (!error)
        error =
            task_map(nursery + SLOT_TASK, SLOT_TASK, FPAGE_OBJ(nursery, NURSERY_ORDER, RIGHTS_ALL & ~RIGHT_DELETE), 0);
    return error;
}

err_t loader_run(cap_t nursery, cap_t scheduler, u32 cpu)
{
    return scheduler_run_thread(scheduler, nursery + SLOT_THREAD, nursery + SLOT_SC, cpu);
}
