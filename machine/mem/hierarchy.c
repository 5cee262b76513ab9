/* Coherence and the cost of misses; see hierarchy.h. */
#include "machine/mem/hierarchy.h"

#include <stdlib.h>

#include "machine/dev/snapshot.h"

struct hierarchy *hierarchy_create(const struct timing_params *params, unsigned cores)
{
    struct hierarchy *h = calloc(1, sizeof *h);

    if (!h)
        return NULL;
    h->params = params;
    h->cores = cores;
    h->dram.params = params;
    bool ok = cache_init(&h->l2, params->l2_size, params->l2_ways);
    for (unsigned i = 0; ok && i < cores; i++)
        ok = cache_init(&h->l1i[i], params->l1i_size, params->l1i_ways) &&
             cache_init(&h->l1d[i], params->l1d_size, params->l1d_ways);
    if (ok)
        return h;
    hierarchy_free(h);
    return NULL;
}

void hierarchy_free(struct hierarchy *h)
{
    for (unsigned i = 0; i < h->cores; i++) {
        cache_free(&h->l1i[i]);
        cache_free(&h->l1d[i]);
    }
    cache_free(&h->l2);
    free(h);
}

/* ---- The directory ---- */

static uint64_t bit(unsigned core)
{
    return UINT64_C(1) << core;
}

/* Takes a line away from every core but `except` (a mask). Returns whether one of them had modified it. */
static bool recall(struct hierarchy *h, struct cache_line *entry, uint64_t except)
{
    bool modified = false;

    for (uint64_t rest = entry->sharers & ~except; rest; rest &= rest - 1) {
        unsigned core = (unsigned)__builtin_ctzll(rest);
        modified |= cache_drop(&h->l1d[core], entry->line) == CACHE_MODIFIED;
        cache_drop(&h->l1i[core], entry->line);
    }
    entry->sharers &= except;
    entry->owned = entry->owned && (except & bit(entry->owner));
    return modified;
}

/*
 * The directory lets one core after the other have a line. Returns how long one of them takes at cycle `now`, waiting
 * included. Harts are simulated in turn, not in step: a wait longer than all others can cause comes from that alone.
 */
static uint32_t take_turn(struct hierarchy *h, struct cache_line *entry, uint64_t now, uint32_t cycles)
{
    uint64_t wait = entry->busy > now ? entry->busy - now : 0;

    if (wait > (uint64_t)(h->cores - 1) * cycles)
        wait = 0;
    entry->busy = now + wait + cycles;
    h->contended++;
    return (uint32_t)wait + cycles;
}

/* Another core's possibly modified copy becomes a shared one. */
static void share_owned(struct hierarchy *h, struct cache_line *entry)
{
    struct cache_line *copy = cache_find(&h->l1d[entry->owner], entry->line);

    if (copy) {
        if (copy->state == CACHE_MODIFIED)
            entry->state = CACHE_MODIFIED;
        copy->state = CACHE_SHARED;
    }
    entry->owned = false;
}

static uint32_t memory_read(struct hierarchy *h, uint64_t pa, uint64_t now)
{
    if (h->far.line && pa >= h->far.base)
        return h->far.line(h->far.context, pa, false, now);
    return dram_read(&h->dram, pa, now);
}

static void memory_write(struct hierarchy *h, uint64_t pa, uint64_t now)
{
    if (h->far.line && pa >= h->far.base)
        h->far.line(h->far.context, pa, true, now);
    else
        dram_write(&h->dram, pa, now);
}

/* Brings a line into the second level. */
static struct cache_line *fill_l2(struct hierarchy *h, unsigned core, uint64_t line, uint64_t now, uint32_t *cycles)
{
    struct cache_line *entry = cache_victim(&h->l2, line);

    if (entry->state != CACHE_INVALID) {
        bool modified = recall(h, entry, 0);
        if (modified || entry->state == CACHE_MODIFIED)
            memory_write(h, entry->line << CACHE_LINE_SHIFT, now);
    }
    h->counts[core].l2_miss++;
    *cycles += memory_read(h, line << CACHE_LINE_SHIFT, now);
    cache_fill(&h->l2, entry, line, CACHE_EXCLUSIVE);
    return entry;
}

/*
 * The line in the second level, after what other cores hold of it allows `core` to read (or write) it. *cycles has what
 * a hit there takes, and gets what is to be added.
 */
static struct cache_line *obtain(struct hierarchy *h, unsigned core, uint64_t line, bool write, uint64_t now,
                                 uint32_t *cycles)
{
    struct cache_line *entry = cache_find(&h->l2, line);

    if (!entry)
        return fill_l2(h, core, line, now, cycles);
    if (write && (entry->sharers & ~bit(core))) {
        if (recall(h, entry, bit(core)))
            entry->state = CACHE_MODIFIED;
        h->counts[core].probe++;
        *cycles = take_turn(h, entry, now, *cycles + h->params->l2_probe);
    } else if (entry->owned && entry->owner != core) {
        share_owned(h, entry);
        h->counts[core].probe++;
        *cycles = take_turn(h, entry, now, *cycles + h->params->l2_probe);
    }
    return entry;
}

/* ---- First-level caches ---- */

/* A line leaves a core's data cache: the directory forgets the core, and gets the data. */
static void evict(struct hierarchy *h, unsigned core, struct cache_line *victim)
{
    if (victim->state == CACHE_INVALID)
        return;
    struct cache_line *entry = cache_find(&h->l2, victim->line);
    if (!entry)
        return;
    if (victim->state == CACHE_MODIFIED)
        entry->state = CACHE_MODIFIED;
    entry->owned = entry->owned && entry->owner != core;
    if (!cache_find(&h->l1i[core], victim->line))
        entry->sharers &= ~bit(core);
}

static uint32_t data_miss(struct hierarchy *h, unsigned core, uint64_t line, bool write, uint64_t now)
{
    uint32_t cycles = h->params->l2_hit;
    struct cache_line *entry = obtain(h, core, line, write, now, &cycles);
    struct cache_line *victim = cache_victim(&h->l1d[core], line);
    bool alone = (entry->sharers & ~bit(core)) == 0;

    evict(h, core, victim);
    cache_fill(&h->l1d[core], victim, line, write ? CACHE_MODIFIED : alone ? CACHE_EXCLUSIVE : CACHE_SHARED);
    entry->sharers |= bit(core);
    entry->owned = alone;
    entry->owner = (uint8_t)core;
    return cycles;
}

/* A write to a line that the core may only read. */
static uint32_t upgrade(struct hierarchy *h, unsigned core, struct cache_line *mine, uint64_t now)
{
    struct cache_line *entry = cache_find(&h->l2, mine->line);

    mine->state = CACHE_MODIFIED;
    h->counts[core].upgrade++;
    if (!entry)
        return h->params->l2_upgrade;
    bool others = entry->sharers & ~bit(core);
    recall(h, entry, bit(core));
    entry->owned = true;
    entry->owner = (uint8_t)core;
    return others ? take_turn(h, entry, now, h->params->l2_upgrade) : h->params->l2_upgrade;
}

uint32_t hierarchy_data(struct hierarchy *h, unsigned core, uint64_t pa, bool write, uint64_t now, bool *miss)
{
    uint64_t line = pa >> CACHE_LINE_SHIFT;
    struct cache_line *mine = cache_find(&h->l1d[core], line);

    *miss = !mine;
    if (!mine)
        return data_miss(h, core, line, write, now);
    if (write && mine->state == CACHE_SHARED)
        return upgrade(h, core, mine, now);
    if (write)
        mine->state = CACHE_MODIFIED;
    return 0;
}

uint32_t hierarchy_fetch(struct hierarchy *h, unsigned core, uint64_t pa, uint64_t now, bool *miss)
{
    uint64_t line = pa >> CACHE_LINE_SHIFT;

    *miss = !cache_find(&h->l1i[core], line);
    if (!*miss)
        return 0;
    uint32_t cycles = h->params->l2_hit;
    struct cache_line *entry = obtain(h, core, line, false, now, &cycles);
    struct cache_line *victim = cache_victim(&h->l1i[core], line);
    if (victim->state != CACHE_INVALID) {
        struct cache_line *old = cache_find(&h->l2, victim->line);
        if (old && !cache_find(&h->l1d[core], victim->line))
            old->sharers &= ~bit(core);
    }
    cache_fill(&h->l1i[core], victim, line, CACHE_SHARED);
    entry->sharers |= bit(core);
    if (entry->owned && entry->owner != core)
        entry->owned = false;
    return cycles;
}

/* ---- The invariant ---- */

static bool cache_is_known(struct hierarchy *h, unsigned core, struct cache *c)
{
    for (uint32_t i = 0; i < c->sets * c->ways; i++) {
        struct cache_line *l = &c->lines[i];
        if (l->state == CACHE_INVALID)
            continue;
        struct cache_line *entry = cache_find(&h->l2, l->line);
        if (!entry || !(entry->sharers & bit(core)))
            return false;
        if (l->state >= CACHE_EXCLUSIVE && (!entry->owned || entry->owner != core))
            return false;
    }
    return true;
}

bool hierarchy_is_coherent(struct hierarchy *h)
{
    for (unsigned i = 0; i < h->cores; i++)
        if (!cache_is_known(h, i, &h->l1d[i]) || !cache_is_known(h, i, &h->l1i[i]))
            return false;
    return true;
}

/* ---- Checkpoints ---- */

static void snapshot_cache(struct snapshot *s, struct cache *c)
{
    snapshot_section(s, "cache", (size_t)c->sets * c->ways);
    snapshot_bytes(s, c->lines, (size_t)c->sets * c->ways * sizeof *c->lines);
    snapshot_bytes(s, &c->clock, sizeof c->clock);
}

void hierarchy_snapshot(struct hierarchy *h, struct snapshot *s)
{
    for (unsigned i = 0; i < h->cores; i++) {
        snapshot_cache(s, &h->l1i[i]);
        snapshot_cache(s, &h->l1d[i]);
    }
    snapshot_cache(s, &h->l2);
    snapshot_bytes(s, h->counts, sizeof h->counts);
    snapshot_bytes(s, &h->contended, sizeof h->contended);
    snapshot_bytes(s, h->dram.open_row, sizeof h->dram.open_row);
    snapshot_bytes(s, &h->dram.channel_free, sizeof h->dram.channel_free);
    snapshot_bytes(s, &h->dram.reads, sizeof h->dram.reads);
    snapshot_bytes(s, &h->dram.row_hits, sizeof h->dram.row_hits);
}
