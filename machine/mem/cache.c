/* Tags of a set-associative cache; see cache.h. */
#include "machine/mem/cache.h"

#include <stdlib.h>
#include <string.h>

bool cache_init(struct cache *c, uint32_t size, uint32_t ways)
{
    *c = (struct cache){.sets = size / (ways << CACHE_LINE_SHIFT), .ways = ways};
    c->lines = calloc((size_t)c->sets * ways, sizeof *c->lines);
    return c->lines != NULL;
}

void cache_free(struct cache *c)
{
    free(c->lines);
    c->lines = NULL;
}

static struct cache_line *set_of(struct cache *c, uint64_t line)
{
    return &c->lines[(line & (c->sets - 1)) * c->ways];
}

struct cache_line *cache_find(struct cache *c, uint64_t line)
{
    struct cache_line *set = set_of(c, line);

    for (uint32_t i = 0; i < c->ways; i++) {
        if (set[i].line == line && set[i].state != CACHE_INVALID) {
            set[i].used = ++c->clock;
            return &set[i];
        }
    }
    return NULL;
}

struct cache_line *cache_victim(struct cache *c, uint64_t line)
{
    struct cache_line *set = set_of(c, line), *oldest = set;

    for (uint32_t i = 0; i < c->ways; i++) {
        if (set[i].state == CACHE_INVALID)
            return &set[i];
        if (set[i].used < oldest->used)
            oldest = &set[i];
    }
    return oldest;
}

void cache_fill(struct cache *c, struct cache_line *entry, uint64_t line, enum cache_state state)
{
    *entry = (struct cache_line){.line = line, .used = ++c->clock, .state = (uint8_t)state};
}

enum cache_state cache_drop(struct cache *c, uint64_t line)
{
    struct cache_line *entry = cache_find(c, line);
    enum cache_state old = entry ? (enum cache_state)entry->state : CACHE_INVALID;

    if (entry)
        entry->state = CACHE_INVALID;
    return old;
}

void cache_clear(struct cache *c)
{
    memset(c->lines, 0, (size_t)c->sets * c->ways * sizeof *c->lines);
}
