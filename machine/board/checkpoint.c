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

#define VERSION UINT64_C(2)

/* What must agree between the machine that was saved and the one it is restored into. */
struct header {
    char magic[8];
    uint64_t version;
    struct machine_config config;
};

static void describe_machine(const struct machine *m, struct header *h)
{
    memset(h, 0, sizeof *h);
    memcpy(h->magic, "MOSAICPT", 8);
    h->version = VERSION;
    memcpy(&h->config, &m->config, sizeof h->config);
}

/* ---- Memory: page number and contents of each page that is not zero, ended by a number that is none ---- */

static bool is_zero(const uint8_t *page)
{
    static const uint8_t zero[RV_PAGE_SIZE];
    return memcmp(page, zero, sizeof zero) == 0;
}

static void save_ram(struct snapshot *s, struct ram *r)
{
    uint64_t pages = r->size / RV_PAGE_SIZE;

    for (uint64_t i = 0; i < pages; i++) {
        uint8_t *page = r->host + i * RV_PAGE_SIZE;
        if (is_zero(page))
            continue;
        snapshot_bytes(s, &i, sizeof i);
        snapshot_bytes(s, page, RV_PAGE_SIZE);
    }
    snapshot_bytes(s, &pages, sizeof pages);
}

static void restore_ram(struct snapshot *s, struct ram *r)
{
    uint64_t pages = r->size / RV_PAGE_SIZE, i = 0;

    memset(r->host, 0, r->size);
    while (!s->failed) {
        snapshot_bytes(s, &i, sizeof i);
        if (i >= pages)
            break;
        snapshot_bytes(s, r->host + i * RV_PAGE_SIZE, RV_PAGE_SIZE);
    }
    if (i != pages)
        s->failed = true;
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

static void snapshot_machine(struct machine *m, struct snapshot *s)
{
    struct header here, there;

    describe_machine(m, &here);
    there = here;
    snapshot_bytes(s, &there, sizeof there);
    if (memcmp(&here, &there, sizeof here) != 0)
        s->failed = true;
    snapshot_bytes(s, &m->now, sizeof m->now);
    for (unsigned i = 0; !s->failed && i < m->bus.ram_count; i++) {
        snapshot_section(s, "ram", m->bus.rams[i].size);
        if (s->saving)
            save_ram(s, &m->bus.rams[i]);
        else
            restore_ram(s, &m->bus.rams[i]);
    }
    for (unsigned i = 0; i < m->config.harts; i++)
        snapshot_hart(s, m->harts[i]);
    if (m->hierarchy)
        hierarchy_snapshot(m->hierarchy, s);
    for (unsigned i = 0; i < m->device_count; i++)
        if (m->devices[i].snapshot)
            m->devices[i].snapshot(m->devices[i].self, s);
    snapshot_section(s, "end", 0);
}

static const char *run(struct machine *m, const char *path, bool saving)
{
    struct snapshot s = {.file = fopen(path, saving ? "wb" : "rb"), .saving = saving};

    if (!s.file)
        return "cannot be opened";
    if (!saving)
        code_cache_clear(&m->code, m->bus.rams, m->bus.ram_count);
    snapshot_machine(m, &s);
    if (fclose(s.file) != 0)
        s.failed = true;
    if (!s.failed)
        return NULL;
    return saving ? "cannot be written completely" : "is not a complete checkpoint of such a machine";
}

const char *checkpoint_save(struct machine *m, const char *path)
{
    return run(m, path, true);
}

const char *checkpoint_restore(struct machine *m, const char *path)
{
    return run(m, path, false);
}
