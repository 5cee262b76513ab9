/* Reading the device tree: see devicetree.h. */
#include "servers/root/devicetree.h"

#include "lib/base/string.h"

#define MAGIC     0xd00dfeedu
#define DEPTH_MAX 16

enum token { BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, NOTHING = 4, END = 9 };

struct fdt_header {
    u32 magic, total_size, structure, strings, reservations, version, last_compatible, boot_cpu, strings_size,
        structure_size;
};

struct property {
    const char *name;
    const u8 *value;
    u32 length;
};

/* Where the walk is. Each level knows how its children count addresses and how long its path is. */
struct walk {
    const u32 *at, *end;
    const char *strings;
    u32 strings_size;
    u32 depth;
    struct level {
        u32 address_cells, size_cells, path_length;
    } level[DEPTH_MAX];
    char path[DEVICE_PATH_MAX + 1];
    struct device node; /* what is known of the node at this depth */
    bool has_registers;
};

static u32 big(u32 value)
{
    return __builtin_bswap32(value);
}

static u64 cells(const u8 *value, u32 first, u32 count)
{
    u64 number = 0;
    for (u32 i = first; i < first + count; i++) {
        u32 cell;
        memcpy(&cell, value + i * sizeof cell, sizeof cell);
        number = number << 32 | big(cell);
    }
    return number;
}

static bool read_header(struct walk *w, const void *blob)
{
    const struct fdt_header *h = blob;
    if (big(h->magic) != MAGIC)
        return false;
    u32 total = big(h->total_size), at = big(h->structure), size = big(h->structure_size), strings = big(h->strings);
    if (at > total || size > total - at || strings > total)
        return false;
    *w = (struct walk){.at = (const u32 *)((const char *)blob + at), .strings = (const char *)blob + strings};
    w->end = w->at + size / sizeof(u32);
    w->strings_size = total - strings;
    return true;
}

/* Skips `bytes`, rounded up to tokens. False: beyond the end. */
static bool skip(struct walk *w, u32 bytes)
{
    u32 words = bytes / 4 + (bytes % 4 != 0);
    if (words > (u64)(w->end - w->at))
        return false;
    w->at += words;
    return true;
}

static bool enter_node(struct walk *w)
{
    const char *name = (const char *)w->at;
    u32 length = (u32)strnlen(name, (size_t)(w->end - w->at) * 4);
    if (w->depth + 1 >= DEPTH_MAX || !skip(w, length + 1))
        return false;
    struct level *parent = &w->level[w->depth], *own = &w->level[++w->depth];
    u32 start = parent->path_length, room = DEVICE_PATH_MAX - start;
    *own = (struct level){.address_cells = 2, .size_cells = 1, .path_length = start};
    if (length && length + 1 <= room) {
        w->path[start] = '/';
        memcpy(w->path + start + 1, name, length);
        own->path_length += length + 1;
    }
    w->path[own->path_length] = 0;
    w->node = (struct device){0};
    w->has_registers = false;
    return true;
}

static bool leave_node(struct walk *w)
{
    if (!w->depth)
        return false;
    w->depth--;
    w->path[w->level[w->depth].path_length] = 0;
    return true;
}

static void read_registers(struct walk *w, const struct property *p)
{
    const struct level *parent = &w->level[w->depth - 1];
    u32 n = parent->address_cells + parent->size_cells;
    if (parent->address_cells > 2 || parent->size_cells > 2 || p->length < n * 4)
        return;
    w->node.address = cells(p->value, 0, parent->address_cells);
    w->node.size = cells(p->value, parent->address_cells, parent->size_cells);
    w->has_registers = w->node.size != 0;
}

static void note_property(struct walk *w, const struct property *p)
{
    struct level *own = &w->level[w->depth];
    if (!strcmp(p->name, "compatible") && p->length && !p->value[p->length - 1]) {
        w->node.compatible = (const char *)p->value;
        w->node.compatible_length = p->length;
    } else if (!strcmp(p->name, "reg") && w->depth > 1) {
        read_registers(w, p);
    } else if (!strcmp(p->name, "interrupts") && p->length >= 4) {
        w->node.irq_line = (u32)cells(p->value, 0, 1);
    } else if (!strcmp(p->name, "#address-cells") && p->length == 4) {
        own->address_cells = (u32)cells(p->value, 0, 1);
    } else if (!strcmp(p->name, "#size-cells") && p->length == 4) {
        own->size_cells = (u32)cells(p->value, 0, 1);
    }
}

static bool read_property(struct walk *w)
{
    if (w->end - w->at < 2)
        return false;
    u32 length = big(w->at[0]), name = big(w->at[1]);
    w->at += 2;
    struct property p = {w->strings + name, (const u8 *)w->at, length};
    if (name >= w->strings_size || !skip(w, length))
        return false;
    note_property(w, &p);
    return true;
}

/* A node's properties come before its children: with the first child, or its end, it is known. */
static void finish_node(struct walk *w, struct device *devices, u32 *count, u32 max)
{
    if (w->has_registers && w->node.compatible && *count < max) {
        memcpy(w->node.path, w->path, sizeof w->path);
        devices[(*count)++] = w->node;
    }
    w->has_registers = false;
}

u32 devicetree_read(const void *blob, struct device *devices, u32 max)
{
    struct walk w;
    u32 count = 0;
    bool good = read_header(&w, blob);
    while (good && w.at < w.end) {
        switch (big(*w.at++)) {
        case BEGIN_NODE:
            finish_node(&w, devices, &count, max);
            good = enter_node(&w);
            break;
        case END_NODE:
            finish_node(&w, devices, &count, max);
            good = leave_node(&w);
            break;
        case PROPERTY:
            good = read_property(&w);
            break;
        case NOTHING:
            break;
        default:
            good = false;
        }
    }
    return count;
}

bool device_matches(const struct device *d, const char *what)
{
    if (!strcmp(d->path, what))
        return true;
    for (u32 at = 0; at < d->compatible_length; at += (u32)strlen(d->compatible + at) + 1)
        if (!strcmp(d->compatible + at, what))
            return true;
    return false;
}
