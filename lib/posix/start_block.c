/* Writing start blocks: see start_block.h. Sessions get slots from SLOT_FIRST on, in the order of their descriptors. */
#include "lib/posix/start_block.h"

#include <string.h>

#include "abi/invoke.h"
#include "lib/tess/rm.h"
#include "lib/tess/slot.h"
#include "lib/tess/start.h"
#include "proto/proc.h"

static bool handed_on(const struct descriptor *d)
{
    return d->file && !d->close_on_exec;
}

/* The first descriptor that is handed on with the same file. */
static size_t first_with(const struct descriptor_table *table, const struct file *file)
{
    size_t i = 0;
    while (table->entry[i].file != file || table->entry[i].close_on_exec)
        i++;
    return i;
}

bool start_block_first(const struct descriptor_table *table, size_t i)
{
    return handed_on(&table->entry[i]) && table->entry[i].file->gate && first_with(table, table->entry[i].file) == i;
}

u32 start_block_slot(const struct descriptor_table *table, size_t i)
{
    if (!table->entry[i].file->gate)
        return 0;
    u32 slot = SLOT_FIRST;
    size_t first = first_with(table, table->entry[i].file);
    for (size_t k = 0; k < first; k++)
        slot += start_block_first(table, k);
    return slot;
}

static u32 count_descriptors(const struct descriptor_table *table)
{
    u32 count = 0;
    for (size_t i = 0; i < table->count; i++)
        count += handed_on(&table->entry[i]);
    return count;
}

static void put_descriptors(struct start_writer *w, const struct descriptor_table *table)
{
    u32 row = 0;
    for (size_t i = 0; i < table->count; i++) {
        if (!handed_on(&table->entry[i]))
            continue;
        const struct file *file = table->entry[i].file;
        u32 kind = file->gate ? file->kind & ~(u32)FILE_FLAG_SHARED : file->kind;
        start_put_descriptor(w, row++,
                             (struct start_descriptor){(u32)i, start_block_slot(table, i), kind, start_flags(file)});
    }
}

static u32 count_strings(char *const strings[])
{
    u32 count = 0;
    while (strings[count])
        count++;
    return count;
}

static u64 strings_size(char *const strings[])
{
    u64 size = 0;
    for (; *strings; strings++)
        size += strlen(*strings) + 1;
    return size;
}

static u32 count_arguments(const struct program_file *program)
{
    u32 count = 0;
    while (program_argument(program, count))
        count++;
    return count;
}

static u64 arguments_size(const struct program_file *program)
{
    u64 size = 0;
    for (u32 i = 0; program_argument(program, i); i++)
        size += strlen(program_argument(program, i)) + 1;
    return size;
}

/* Arguments one by one, because those of a script are from two lists. */
static void put_arguments(struct start_writer *w, const struct program_file *program)
{
    u32 count = count_arguments(program), first = 0;
    for (u32 i = 0; i < count; i++) {
        char *const text[] = {(char *)program_argument(program, i)};
        start_put_args(w, 1, text);
        if (i == 0)
            first = w->block->argv;
    }
    w->block->argc = count;
    w->block->argv = first;
}

static err_t write_block(void *memory, u64 room, const struct descriptor_table *table,
                         const struct program_file *program, char *const environment[], const char *folder)
{
    struct start_writer w;
    start_begin(&w, memory, (u32)room);
    start_tables(&w, 0, count_descriptors(table));
    put_descriptors(&w, table);
    put_arguments(&w, program);
    start_put_env(&w, count_strings(environment), environment);
    start_put_folder(&w, folder);
    return start_end(&w);
}

/* Room for everything, in whole pages. */
static u64 block_size(const struct descriptor_table *table, const struct program_file *program,
                      char *const environment[], const char *folder)
{
    u64 size = sizeof(struct start_block) + count_descriptors(table) * sizeof(struct start_descriptor) +
               arguments_size(program) + strings_size(environment) + strlen(folder) + 1;
    return (size + 4095) & ~4095ull;
}

err_t start_block_make(const struct descriptor_table *table, const struct program_file *program,
                       char *const environment[], const char *folder, cap_t *block, u64 *size)
{
    *size = block_size(table, program, environment, folder);
    if (*size > START_MAX)
        return E_2BIG;
    *block = slot_alloc();
    err_t error = *block ? proc_start_memory(SLOT_PROC, *size, *block) : E_NOMEM;
    vaddr_t address = 0;
    if (!error)
        error = rm_attach_shared(&address, *size, *block, 0, RIGHT_R | RIGHT_W, 0);
    if (!error) {
        error = write_block((void *)address, *size, table, program, environment, folder);
        rm_detach(address, *size);
    }
    if (error)
        slot_drop(*block);
    return error;
}
