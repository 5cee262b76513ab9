/* Making and running a machine of tiles; see system.h. */
#include "machine/tile/system.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "machine/board/load.h"

/* Cycles of a slice while several cores run. No tile reaches another one faster than a message (21 to start) can. */
#define SLICE      20
#define SLICE_LONG 100000 /* one core alone */

static bool wrong(struct system_error *error, uint32_t tile, const char *what)
{
    snprintf(error->text, sizeof error->text, "tile %" PRIu32 ": %s", tile, what);
    return false;
}

static const char *given(const char *text)
{
    return text[0] ? text : NULL;
}

static bool load_program(struct core *core, const struct tile_program *p, uint32_t id, struct system_error *error)
{
    struct load_request request = {.kernel = given(p->program),
                                   .firmware = given(p->firmware),
                                   .initrd = given(p->initrd),
                                   .bootargs = given(p->arguments)};
    struct load_error load_error;
    return load_boot(core->machine, &request, &load_error) || wrong(error, id, load_error.text);
}

static bool make_core(struct system *s, const struct system_description *d, uint32_t id,
                      void (*send)(void *context, uint8_t byte), void *context, struct system_error *error)
{
    struct machine_config config = d->core;
    const char *reason;
    config.ram_size = d->tiles[id].memory;
    s->cores[id] = core_create(&s->mesh->tiles[id], &config, send, context, &reason);
    if (!s->cores[id])
        return wrong(error, id, reason);
    return load_program(s->cores[id], &d->programs[id], id, error);
}

struct system *system_create(const struct system_description *d, void (*send)(void *context, uint8_t byte),
                             void *context, struct system_error *error)
{
    struct system *s = calloc(1, sizeof *s);
    struct mesh_config config = d->mesh;
    struct tile_config tiles[SYSTEM_MAX_TILES];
    const char *reason;
    memcpy(tiles, d->tiles, sizeof tiles);
    config.tiles = tiles;
    s->mesh = mesh_create(&config, &reason);
    if (!s->mesh) {
        snprintf(error->text, sizeof error->text, "%s", reason);
        free(s);
        return NULL;
    }
    s->mesh->config.tiles = NULL; /* only needed while it is made */
    for (uint32_t i = 0; i < s->mesh->count; i++)
        if (tiles[i].kind == TILE_CORE && !make_core(s, d, i, send, context, error)) {
            system_destroy(s);
            return NULL;
        }
    if (s->cores[0])
        core_start(s->cores[0], 0);
    return s;
}

void system_destroy(struct system *s)
{
    for (uint32_t i = 0; i < s->mesh->count; i++)
        if (s->cores[i])
            core_destroy(s->cores[i]);
    mesh_destroy(s->mesh);
    free(s);
}

/* When the next core has something to do; TCU_NEVER if none has. Counts those that execute, too. */
static uint64_t slowest_core(const struct system *s, uint32_t *running)
{
    uint64_t slowest = TCU_NEVER;
    *running = 0;
    for (uint32_t i = 0; i < s->mesh->count; i++) {
        const struct core *core = s->cores[i];
        uint64_t due = core ? core_due(core) : TCU_NEVER;
        *running += due != TCU_NEVER && !core->suspended;
        if (due < slowest)
            slowest = due;
    }
    return slowest;
}

/* Every core gets to `until`. Returns MACHINE_RUNS unless one of them ends the simulation. */
static enum machine_stop run_cores(struct system *s, uint64_t until)
{
    for (uint32_t i = 0; i < s->mesh->count; i++) {
        struct core *core = s->cores[i];
        if (!core || core_due(core) >= until)
            continue;
        core_run(core, until);
        if (core_has_ended(core)) {
            s->exit_code = core->machine->exit_code;
            return core->stopped;
        }
    }
    return MACHINE_RUNS;
}

/* When a sleeping core may wake by itself while others run long slices: the slice must end there. */
static uint64_t next_awakening(const struct system *s)
{
    uint64_t next = TCU_NEVER;
    for (uint32_t i = 0; i < s->mesh->count; i++)
        if (s->cores[i] && s->cores[i]->suspended && core_due(s->cores[i]) < next)
            next = core_due(s->cores[i]);
    return next;
}

static uint64_t smallest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t end_of_slice(const struct system *s, uint64_t begin, uint32_t running, uint64_t next)
{
    uint64_t end = smallest(next, begin + (running > 1 ? SLICE : SLICE_LONG)), waking = next_awakening(s);
    return waking > begin ? smallest(end, waking) : smallest(end, begin + 1);
}

enum machine_stop system_run(struct system *s, uint64_t limit)
{
    enum machine_stop stop = MACHINE_RUNS;
    while (stop == MACHINE_RUNS) {
        uint32_t running;
        uint64_t slowest = slowest_core(s, &running), next = mesh_deadline(s->mesh);
        if (slowest == TCU_NEVER && next == TCU_NEVER)
            return MACHINE_STUCK;
        s->now = slowest < next ? slowest : next;
        if (s->now >= limit)
            return MACHINE_LIMIT;
        if (next <= slowest)
            mesh_advance(s->mesh, next);
        else
            stop = run_cores(s, end_of_slice(s, slowest, running, smallest(next, limit)));
    }
    return stop;
}

bool system_access(struct system *s, uint32_t id, bool write, uint64_t offset, uint8_t *data, uint32_t size)
{
    if (id >= s->mesh->count || s->mesh->tiles[id].kind == TILE_NONE)
        return false;
    struct tile *tile = &s->mesh->tiles[id];
    if (tile->core)
        return tile->core_ops->access(tile->core, write, offset, size, data);
    if (offset > tile->memory_size || size > tile->memory_size - offset)
        return false;
    if (write)
        memcpy(tile->memory + offset, data, size);
    else
        memcpy(data, tile->memory + offset, size);
    return true;
}

static void print_tile(const struct system *s, const struct tile *tile, FILE *out)
{
    static const char *const kinds[] = {"", "core", "accel", "memory"};
    const struct core *core = s->cores[tile->id];
    uint64_t now = s->now ? s->now : 1;
    fprintf(out, "tile %2u %-6s", tile->id, kinds[tile->kind]);
    if (core)
        fprintf(out, " %10" PRIu64 " instructions, %5.1f %% asleep,", core->machine->harts[0]->instret,
                100.0 * core->slept / now);
    if (tile->kind == TILE_ACCEL)
        fprintf(out, " %-4s %6" PRIu64 " blocks, %5.1f %% busy,", tile->accel.logic->name, tile->accel.blocks,
                100.0 * tile->accel.busy_cycles / now);
    fprintf(out, " %" PRIu64 " bytes read, %" PRIu64 " written\n", tile->bytes_read, tile->bytes_written);
}

void system_print_stats(const struct system *s, FILE *out)
{
    const struct noc_counters *noc = noc_counters(s->mesh->noc);
    fprintf(out,
            "%" PRIu64 " cycles; network: %" PRIu64 " packets, %" PRIu64 " bytes, %" PRIu64 " link cycles, %" PRIu64
            " cycles waiting for links\n",
            s->now, noc->packets, noc->bytes, noc->flit_hops, noc->waiting);
    for (uint32_t i = 0; i < s->mesh->count; i++)
        if (s->mesh->tiles[i].kind != TILE_NONE)
            print_tile(s, &s->mesh->tiles[i], out);
}
