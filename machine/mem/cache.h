/* A set-associative cache of 64-byte lines with least-recently-used replacement: tags and states, no data. */
#ifndef MACHINE_MEM_CACHE_H
#define MACHINE_MEM_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#define CACHE_LINE_SHIFT 6

/* States of a line, as in MESI. In the second level, what the directory knows is in the line itself. */
enum cache_state {
    CACHE_INVALID,
    CACHE_SHARED,
    CACHE_EXCLUSIVE,
    CACHE_MODIFIED,
};

struct cache_line {
    uint64_t line;    /* physical address >> CACHE_LINE_SHIFT */
    uint64_t used;    /* for replacement */
    uint64_t sharers; /* second level: which cores' caches may hold the line */
    uint64_t busy;    /* second level: until when it is on its way from core to core */
    uint8_t state;    /* enum cache_state */
    uint8_t owner;    /* second level: the core that may have modified it, if `owned` */
    bool owned;
};

struct cache {
    struct cache_line *lines;
    uint32_t sets, ways;
    uint64_t clock;
};

/* Makes an empty cache. Returns false if there is no memory. */
bool cache_init(struct cache *c, uint32_t size, uint32_t ways);
void cache_free(struct cache *c);

/* The entry that holds `line`, marked as just used; NULL if it is not there. */
struct cache_line *cache_find(struct cache *c, uint64_t line);

/* The entry to put `line` into: an invalid one, or the one unused for longest, whose contents are still there. */
struct cache_line *cache_victim(struct cache *c, uint64_t line);

/* Puts `line` into an entry from cache_victim(). */
void cache_fill(struct cache *c, struct cache_line *entry, uint64_t line, enum cache_state state);

/* Drops `line` if it is there. Returns the state it had. */
enum cache_state cache_drop(struct cache *c, uint64_t line);

/* Drops everything. */
void cache_clear(struct cache *c);

#endif
