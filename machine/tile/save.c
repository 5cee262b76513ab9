/*
 * Checkpoints; see save.h. A file begins with what must agree between the machine that was saved and the one that it
 * is restored into, and ends with a checksum, which is looked at before the machine is touched.
 */
#include "machine/tile/save.h"

#include <string.h>

#include "machine/board/checkpoint.h"

#define MAGIC   "MOSAICPT"
#define VERSION UINT64_C(5)

struct header {
    char magic[8];
    uint64_t version;
    struct mesh_config mesh; /* zero without one */
    struct {
        uint64_t kind, memory, endpoints, cycles;
        char logic[16];
    } tiles[SYSTEM_MAX_TILES];
};

static void describe_tile(const struct tile *tile, struct header *h)
{
    h->tiles[tile->id].kind = tile->kind;
    h->tiles[tile->id].memory = tile->memory_size;
    h->tiles[tile->id].endpoints = tile->tcu.config.endpoints;
    if (tile->kind != TILE_ACCEL)
        return;
    h->tiles[tile->id].cycles = tile->accel.compute_cycles;
    strncpy(h->tiles[tile->id].logic, tile->accel.logic->name, sizeof h->tiles[0].logic - 1);
}

static void describe_system(const struct system *s, struct header *h)
{
    memset(h, 0, sizeof *h);
    memcpy(h->magic, MAGIC, sizeof h->magic);
    h->version = VERSION;
    if (!s->mesh)
        return;
    h->mesh = s->mesh->config;
    for (uint32_t i = 0; i < s->count; i++)
        describe_tile(&s->mesh->tiles[i], h);
}

static void snapshot_system(struct system *s, struct snapshot *shot)
{
    static struct header here, there;

    describe_system(s, &here);
    there = here;
    snapshot_bytes(shot, &there, sizeof there);
    if (memcmp(&here, &there, sizeof here) != 0)
        shot->failed = true;
    snapshot_bytes(shot, &s->now, sizeof s->now);
    for (uint32_t i = 0; !shot->failed && i < s->count; i++) {
        if (s->boards[i])
            checkpoint_machine(shot, s->boards[i]);
        if (s->cores[i])
            core_snapshot(s->cores[i], shot);
    }
    if (s->mesh && !shot->failed)
        mesh_snapshot(s->mesh, shot);
    snapshot_section(shot, "end", 0);
}

const char *system_save(struct system *s, const char *path)
{
    struct snapshot shot = {.file = fopen(path, "wb"), .saving = true};

    if (!shot.file)
        return "cannot be opened";
    snapshot_system(s, &shot);
    snapshot_seal(&shot);
    if (fclose(shot.file) != 0)
        shot.failed = true;
    return shot.failed ? "cannot be written completely" : NULL;
}

static bool begins_as_checkpoint(FILE *file)
{
    char magic[sizeof MAGIC - 1];
    return fread(magic, sizeof magic, 1, file) == 1 && memcmp(magic, MAGIC, sizeof magic) == 0;
}

static const char *restore(struct system *s, FILE *file)
{
    struct snapshot shot = {.file = file};

    if (!begins_as_checkpoint(file))
        return "is not a checkpoint";
    if (!snapshot_is_intact(file))
        return "is damaged: its checksum is wrong, so it is not complete or has changed since it was saved";
    snapshot_system(s, &shot);
    return shot.failed ? "is a checkpoint of another machine, or of another version of Mosaic" : NULL;
}

const char *system_restore(struct system *s, const char *path)
{
    FILE *file = fopen(path, "rb");

    if (!file)
        return "cannot be opened";
    const char *problem = restore(s, file);
    fclose(file);
    return problem;
}
