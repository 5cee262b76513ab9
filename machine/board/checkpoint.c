/*
 * Checkpoints; see checkpoint.h. The timing model's state (caches, predictors) belongs to it, so a restored machine
 * counts the same cycles as one that was never stopped. Pages of zeros are not written.
 */
#include "machine/board/checkpoint.h"

#include <string.h>

#include "machine/core/isa.h"
#include "machine/core/mmu.h"
#include "machine/core/timing.h"
#include "machine/dev/snapshot.h"

/* ---- Memory: page number and contents of each page that is not zero, ended by a number that is none ---- */

static bool is_zero(const uint8_t *page)
{
    static const uint8_t zero[RV_PAGE_SIZE];
    return memcmp(page, zero, sizeof zero) == 0;
}

static void save_memory(struct snapshot *s, uint8_t *host, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++) {
        if (is_zero(host + i * RV_PAGE_SIZE))
            continue;
        snapshot_bytes(s, &i, sizeof i);
        snapshot_bytes(s, host + i * RV_PAGE_SIZE, RV_PAGE_SIZE);
    }
    snapshot_bytes(s, &pages, sizeof pages);
}

static void restore_memory(struct snapshot *s, uint8_t *host, uint64_t pages)
{
    uint64_t i = 0;

    memset(host, 0, pages * RV_PAGE_SIZE);
    while (!s->failed) {
        snapshot_bytes(s, &i, sizeof i);
        if (i >= pages)
            break;
        snapshot_bytes(s, host + i * RV_PAGE_SIZE, RV_PAGE_SIZE);
    }
    if (i != pages)
        s->failed = true;
}

void checkpoint_memory(struct snapshot *s, uint8_t *host, uint64_t size)
{
    uint64_t whole = size / RV_PAGE_SIZE * RV_PAGE_SIZE;

    snapshot_section(s, "memory", size);
    if (s->saving)
        save_memory(s, host, size / RV_PAGE_SIZE);
    else
        restore_memory(s, host, size / RV_PAGE_SIZE);
    snapshot_bytes(s, host + whole, size - whole);
}

/* ---- Harts: two ranges of the struct, around pointers that belong to the process ---- */

#define RANGE(s, h, first, end)                                                                                        \
    snapshot_bytes(s, (char *)(h) + offsetof(struct hart, first),                                                      \
                   offsetof(struct hart, end) - offsetof(struct hart, first))

static void snapshot_hart(struct snapshot *s, struct hart *h)
{
    snapshot_section(s, "hart", sizeof *h);
    h->access = (struct hart_access){.host = NULL};
    h->reserved = 0; /* a host address; losing it is allowed at any time */
    RANGE(s, h, x, tlb);
    RANGE(s, h, pc, id);
    isa_snapshot(h, s);
    if (h->timing)
        timing_snapshot(h->timing, s);
    if (!s->saving) {
        mmu_flush(h);
        mmu_select(h);
    }
}

void checkpoint_machine(struct snapshot *s, struct machine *m)
{
    struct machine_config config = m->config;

    snapshot_bytes(s, &config, sizeof config);
    if (memcmp(&config, &m->config, sizeof config) != 0)
        s->failed = true;
    if (!s->saving)
        code_cache_clear(&m->code, m->bus.rams, m->bus.ram_count);
    snapshot_bytes(s, &m->now, sizeof m->now);
    snapshot_bytes(s, &m->contended, sizeof m->contended);
    for (unsigned i = 0; !s->failed && i < m->bus.ram_count; i++)
        if (!m->bus.rams[i].borrowed)
            checkpoint_memory(s, m->bus.rams[i].host, m->bus.rams[i].size);
    for (unsigned i = 0; i < m->config.harts; i++)
        snapshot_hart(s, m->harts[i]);
    if (m->hierarchy)
        hierarchy_snapshot(m->hierarchy, s);
    for (unsigned i = 0; i < m->device_count; i++)
        if (m->devices[i].snapshot)
            m->devices[i].snapshot(m->devices[i].self, s);
}
