/* Building and checking start blocks: see start.h. */
#include "lib/tess/start.h"

#include "abi/error.h"
#include "lib/base/string.h"

/* Takes `size` bytes from the end of the block; returns their offset, 0 if they do not fit. */
static u32 take(struct start_writer *w, size_t size)
{
    u32 at = w->block->size;
    if (w->error || size > w->capacity - at || size > START_MAX - at) {
        w->error = E_2BIG;
        return 0;
    }
    w->block->size += (u32)size;
    return at;
}

static void *at_offset(struct start_writer *w, u32 offset)
{
    return (char *)w->block + offset;
}

static u32 put_string(struct start_writer *w, const char *text)
{
    size_t size = strlen(text) + 1;
    u32 at = take(w, size);
    if (at)
        memcpy(at_offset(w, at), text, size);
    return at;
}

void start_begin(struct start_writer *w, void *buffer, u32 capacity)
{
    *w = (struct start_writer){.block = buffer, .capacity = capacity};
    if (capacity < sizeof(struct start_block)) {
        w->error = E_2BIG;
        return;
    }
    *w->block =
        (struct start_block){.magic = START_MAGIC, .size = sizeof(struct start_block), .first_slot = SLOT_FIRST};
}

void start_tables(struct start_writer *w, u32 cap_count, u32 fd_count)
{
    u32 caps = take(w, cap_count * sizeof(struct start_cap));
    u32 descriptors = take(w, fd_count * sizeof(struct start_descriptor));
    if (w->error)
        return;
    w->block->capc = cap_count;
    w->block->capv = caps;
    w->block->fdc = fd_count;
    w->block->fdv = descriptors;
}

static void raise_first_slot(struct start_writer *w, u32 slot)
{
    if (slot >= w->block->first_slot)
        w->block->first_slot = slot + 1;
}

void start_put_cap(struct start_writer *w, u32 i, const char *name, u32 slot)
{
    u32 text = put_string(w, name);
    if (w->error)
        return;
    ((struct start_cap *)at_offset(w, w->block->capv))[i] = (struct start_cap){text, slot};
    raise_first_slot(w, slot);
}

void start_put_descriptor(struct start_writer *w, u32 i, struct start_descriptor d)
{
    if (w->error)
        return;
    ((struct start_descriptor *)at_offset(w, w->block->fdv))[i] = d;
    raise_first_slot(w, d.slot);
}

/* Appends the strings; *first = offset of the first one. */
static void put_strings(struct start_writer *w, u32 count, char *const strings[], u32 *count_out, u32 *first)
{
    for (u32 i = 0; i < count; i++) {
        u32 at = put_string(w, strings[i]);
        if (i == 0)
            *first = at;
    }
    if (!w->error)
        *count_out = count;
}

void start_put_args(struct start_writer *w, u32 count, char *const strings[])
{
    if (!w->error)
        put_strings(w, count, strings, &w->block->argc, &w->block->argv);
}

void start_put_env(struct start_writer *w, u32 count, char *const strings[])
{
    if (!w->error)
        put_strings(w, count, strings, &w->block->envc, &w->block->envp);
}

void start_put_folder(struct start_writer *w, const char *path)
{
    u32 at = put_string(w, path);
    if (at)
        w->block->folder = at;
}

err_t start_end(struct start_writer *w)
{
    return w->error;
}

static bool table_fits(const struct start_block *b, u32 count, u32 offset, u32 row)
{
    return count == 0 ||
           (offset % 4 == 0 && offset >= sizeof *b && offset < b->size && count <= (b->size - offset) / row);
}

static bool strings_fit(const struct start_block *b, u32 count, u32 offset)
{
    for (; count; count--) {
        if (offset < sizeof *b || offset >= b->size)
            return false;
        offset += (u32)strnlen((const char *)b + offset, b->size - offset) + 1;
        if (offset > b->size)
            return false;
    }
    return true;
}

static bool caps_fit(const struct start_block *b)
{
    const struct start_cap *cap = (const struct start_cap *)((const char *)b + b->capv);
    for (u32 i = 0; i < b->capc; i++)
        if (!strings_fit(b, 1, cap[i].name))
            return false;
    return true;
}

err_t start_check(const struct start_block *b, u64 length)
{
    if (length < sizeof *b || b->magic != START_MAGIC || b->size < sizeof *b || b->size > length || b->size > START_MAX)
        return E_INVAL;
    bool good = table_fits(b, b->capc, b->capv, sizeof(struct start_cap)) &&
                table_fits(b, b->fdc, b->fdv, sizeof(struct start_descriptor)) && caps_fit(b) &&
                strings_fit(b, b->argc, b->argv) && strings_fit(b, b->envc, b->envp) &&
                strings_fit(b, b->folder != 0, b->folder);
    return good ? E_OK : E_INVAL;
}
