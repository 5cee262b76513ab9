/*
 * Loading the program: regions of its executable, which is mapped and not read, its stack, and a copy of its start
 * block. The executable and the start block come from whoever asked for the program: everything in them is checked.
 */
#include "lib/base/string.h"
#include "lib/tess/elf.h"
#include "servers/rm/rm.h"

static u64 page_down(u64 at)
{
    return at & ~(PAGE_SIZE - 1);
}

static u64 page_up(u64 at)
{
    return page_down(at + PAGE_SIZE - 1);
}

static err_t add_region(const struct region *r)
{
    struct region *above = region_above(r->start);
    return above && above->start < r->end ? E_NOEXEC : region_insert(r);
}

/* Whole pages of the file. A segment that is not writable may show what comes behind it in the file's last page. */
static err_t add_file_part(const struct elf_segment *s, vaddr_t end)
{
    vaddr_t start = page_down(s->vaddr);
    if (start >= end)
        return E_OK;
    return add_region(&(struct region){.start = start,
                                       .end = end,
                                       .offset = page_down(s->offset),
                                       .slot = SLOT_IMAGE,
                                       .rights = (u16)elf_segment_rights(s),
                                       .flags = RM_PRIVATE});
}

/* From the page with the end of the file's part on: own memory, into which the rest of the file is copied now. */
static err_t add_own_part(const struct elf_segment *s, vaddr_t start)
{
    vaddr_t file_end = s->vaddr + s->file_size, from = start > s->vaddr ? start : s->vaddr;
    struct region r = {.start = start, .end = page_up(s->vaddr + s->memory_size), .rights = (u16)elf_segment_rights(s)};
    if (r.start >= r.end)
        return E_OK;
    err_t error = add_region(&r);
    if (error || from >= file_end)
        return error;
    error = memory_map_own(&r, start, ORDER_OWN, r.rights);
    return error ? error : memory_read(SLOT_IMAGE, s->offset + (from - s->vaddr), (void *)from, file_end - from);
}

static err_t add_segment(const struct elf_segment *s)
{
    err_t error = elf_check_segment(s, SPACE_PROGRAM_BASE, SPACE_MMAP_END);
    if (error)
        return error;
    vaddr_t file_end = s->vaddr + s->file_size;
    bool own_tail = s->memory_size > s->file_size || (s->flags & ELF_FLAG_W);
    if (own_tail && !(s->flags & ELF_FLAG_W) && file_end % PAGE_SIZE)
        return E_NOEXEC; /* zeroes behind the file's part in a page that nobody may write: no linker does that */
    vaddr_t border = own_tail ? page_down(file_end) : page_up(file_end);
    error = add_file_part(s, border);
    if (!error && own_tail)
        error = add_own_part(s, border > page_down(s->vaddr) ? border : page_down(s->vaddr));
    return error;
}

static err_t load_image(u64 *entry)
{
    union {
        struct elf_header header;
        u8 bytes[sizeof(struct elf_header) + ELF_SEGMENTS_MAX * sizeof(struct elf_segment)];
    } head;
    err_t error = memory_read(SLOT_IMAGE, 0, &head, sizeof head);
    if (!error)
        error = elf_check_header(&head.header, sizeof head);
    const struct elf_segment *s = (const struct elf_segment *)(head.bytes + head.header.phoff);
    for (u32 i = 0; !error && i < head.header.phnum; i++)
        if (s[i].type == ELF_LOAD && s[i].memory_size)
            error = add_segment(&s[i]);
    *entry = head.header.entry;
    return error;
}

static err_t load_start(const struct rm_params *params)
{
    struct region r = {
        .start = START_ADDRESS, .end = START_ADDRESS + page_up(params->start_size), .rights = RIGHT_R | RIGHT_W};
    struct start_block *block = (struct start_block *)START_ADDRESS;
    if (!params->start_size || params->start_size > START_MAX)
        return E_INVAL;
    err_t error = region_insert(&r);
    if (!error)
        error = memory_populate(&r);
    if (!error)
        error = memory_read(SLOT_START, 0, block, params->start_size);
    if (!error)
        error = start_check(block, params->start_size);
    if (error)
        return error;
    block->pid = params->pid;
    block->timebase_hz = params->timebase_hz;
    block->boot_ticks = params->boot_ticks;
    block->epoch_us = params->epoch_us;
    return task_unmap(SLOT_TASK, FPAGE_OBJ(SLOT_START, 0, RIGHTS_ALL), UNMAP_SELF);
}

static err_t add_stack(void)
{
    return region_insert(&(struct region){.start = SPACE_STACK_END - SPACE_STACK_SIZE,
                                          .end = SPACE_STACK_END,
                                          .rights = RIGHT_R | RIGHT_W,
                                          .flags = RM_STACK});
}

err_t load_program(u64 *entry, u64 *stack, u64 *start)
{
    const struct rm_params params = *(const struct rm_params *)RM_PARAMS;
    err_t error = load_image(entry);
    if (!error)
        error = load_start(&params);
    if (!error)
        error = add_stack();
    *stack = SPACE_STACK_END;
    *start = START_ADDRESS;
    return error;
}
