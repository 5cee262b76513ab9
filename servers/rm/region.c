/*
 * The table of regions: an array in the order of addresses. It starts in the image's own data and moves to a place of
 * its own when it grows.
 */
#include "lib/base/string.h"
#include "servers/rm/rm.h"

#define FIRST_MAX 40

static struct region first_table[FIRST_MAX];
static struct region *table = first_table;
static u32 count, room = FIRST_MAX;
static u64 table_bytes; /* of the table's own place that are mapped */

/* Index of the first region that ends above `address`. */
static u32 index_above(vaddr_t address)
{
    u32 low = 0, high = count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (table[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct region *region_above(vaddr_t address)
{
    u32 i = index_above(address);
    return i < count ? &table[i] : NULL;
}

struct region *region_at(vaddr_t address)
{
    struct region *r = region_above(address);
    return r && r->start <= address ? r : NULL;
}

static err_t grow(void)
{
    struct region *place;
    err_t error = memory_grow_table(table_bytes, &place);
    if (error)
        return error;
    table_bytes += PAGE_SIZE;
    if (table == first_table)
        memcpy(place, first_table, sizeof first_table);
    table = place;
    room = (u32)(table_bytes / sizeof *table);
    return E_OK;
}

static err_t insert_at(u32 i, const struct region *region)
{
    struct region copy = *region; /* may be in the table, which may move */
    if (count == room) {
        err_t error = grow();
        if (error)
            return error;
    }
    memmove(&table[i + 1], &table[i], (count - i) * sizeof *table);
    table[i] = copy;
    count++;
    return E_OK;
}

static bool alike(const struct region *a, const struct region *b)
{
    return !a->slot && !b->slot && a->rights == b->rights && a->flags == b->flags && a->end == b->start;
}

err_t region_insert(const struct region *region)
{
    u32 i = index_above(region->start);
    if (i > 0 && alike(&table[i - 1], region)) {
        table[i - 1].end = region->end;
        if (i < count && alike(&table[i - 1], &table[i])) {
            table[i - 1].end = table[i].end;
            region_remove(&table[i]);
        }
        return E_OK;
    }
    if (i < count && alike(region, &table[i])) {
        table[i].start = region->start;
        return E_OK;
    }
    return insert_at(i, region);
}

/* From the top downwards, so that the program's heap has room to grow upwards. */
vaddr_t region_find_gap(u64 size, u64 align)
{
    vaddr_t end = SPACE_MMAP_END;
    for (u32 i = index_above(SPACE_MMAP_END);; i--) {
        vaddr_t floor = i ? table[i - 1].end : SPACE_PROGRAM_BASE;
        if (end > floor && end - floor >= size) {
            vaddr_t at = (end - size) & ~(align - 1);
            if (at >= floor)
                return at;
        }
        if (!i)
            return 0;
        end = table[i - 1].start < end ? table[i - 1].start : end;
    }
}

static err_t split_at(vaddr_t at)
{
    struct region *r = region_at(at);
    if (!r || r->start == at)
        return E_OK;
    struct region upper = *r;
    upper.start = at;
    upper.offset += at - r->start;
    u32 i = (u32)(r - table);
    err_t error = insert_at(i + 1, &upper);
    if (!error)
        table[i].end = at;
    return error;
}

err_t region_split(vaddr_t start, vaddr_t end)
{
    err_t error = split_at(start);
    return error ? error : split_at(end);
}

void region_remove(struct region *r)
{
    u32 i = (u32)(r - table);
    count--;
    memmove(&table[i], &table[i + 1], (count - i) * sizeof *table);
}

bool region_uses(u32 slot)
{
    for (u32 i = 0; i < count; i++)
        if (table[i].slot == slot)
            return true;
    return false;
}
