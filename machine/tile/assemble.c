/* Making a system from its description, and everything about it but the passing of time; see system.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "machine/tile/crew.h"
#include "machine/tile/system.h"

static bool wrong(struct system_error *error, uint32_t tile, const char *what)
{
    snprintf(error->text, sizeof error->text, "tile %" PRIu32 ": %s", tile, what);
    return false;
}

static bool make_core(struct system *s, const struct system_description *d, uint32_t id, struct system_error *error)
{
    struct machine_config config = d->board;
    const char *reason;
    config.harts = 1;
    config.ram_size = d->tiles[id].memory ? d->tiles[id].memory : d->board.ram_size;
    config.seed += id;
    config.timing.device_access = d->mesh.tcu.mmio;
    s->cores[id] = core_create(&s->mesh->tiles[id], &config, &reason);
    if (!s->cores[id])
        return wrong(error, id, reason);
    s->boards[id] = s->cores[id]->machine;
    s->boards[id]->harts[0]->number = id;
    return true;
}

/* How far one can look ahead: what the TCU needs for the fastest command, and the network for the shortest way. */
static void find_lookahead(struct system *s)
{
    const struct tcu_costs *costs = &s->mesh->config.tcu;
    uint64_t write = (uint64_t)costs->write + s->mesh->config.cache.latency;
    uint32_t issue = costs->send < costs->reply ? costs->send : costs->reply;
    issue = costs->read < issue ? costs->read : issue;
    s->issue = write < issue ? write : issue;
    s->reach_self = noc_entry_cycles(s->mesh->noc) + noc_exit_cycles(s->mesh->noc);
    s->reach = s->reach_self + noc_exit_cycles(s->mesh->noc);
}

static bool make_tiles(struct system *s, const struct system_description *d, struct system_error *error)
{
    struct mesh_config config = d->mesh;
    struct tile_config tiles[SYSTEM_MAX_TILES];
    const char *reason;
    memcpy(tiles, d->tiles, sizeof tiles);
    config.tiles = tiles;
    if (tiles[0].kind != TILE_CORE)
        return wrong(error, 0, "must be a core: it is the controller");
    for (uint32_t i = 0; i < SYSTEM_MAX_TILES; i++)
        if (tiles[i].kind == TILE_CORE)
            tiles[i].memory = 0; /* the board has it */
    s->mesh = mesh_create(&config, &reason);
    if (!s->mesh) {
        snprintf(error->text, sizeof error->text, "%s", reason);
        return false;
    }
    s->mesh->config.tiles = NULL; /* only needed while it is made */
    s->count = s->mesh->count;
    find_lookahead(s);
    for (uint32_t i = 0; i < s->count; i++)
        if (tiles[i].kind == TILE_CORE && !make_core(s, d, i, error))
            return false;
    return true;
}

static bool make_board(struct system *s, const struct system_description *d, struct system_error *error)
{
    const char *reason;
    s->boards[0] = machine_create(&d->board, s->user.send, s->user.context, &reason);
    if (!s->boards[0]) {
        snprintf(error->text, sizeof error->text, "%s", reason);
        return false;
    }
    s->count = 1;
    s->boards[0]->idle = s->user.idle;
    s->boards[0]->idle_ctx = s->user.context;
    s->boards[0]->poll = s->user.poll;
    s->boards[0]->poll_ctx = s->user.context;
    return true;
}

struct system *system_create(const struct system_description *d, const struct system_user *user,
                             struct system_error *error)
{
    struct system *s = calloc(1, sizeof *s);
    s->user = *user;
    s->threads = 1;
    s->clock_hz = d->board.clock_hz;
    if (describe_is_tiled(d) ? make_tiles(s, d, error) : make_board(s, d, error)) {
        system_use_threads(s, 1);
        return s;
    }
    system_destroy(s);
    return NULL;
}

void system_destroy(struct system *s)
{
    if (s->crew)
        crew_destroy(s->crew);
    for (uint32_t i = 0; i < s->count; i++)
        if (s->cores[i])
            core_destroy(s->cores[i]);
        else if (s->boards[i])
            machine_destroy(s->boards[i]);
    if (s->mesh)
        mesh_destroy(s->mesh);
    free(s->shares);
    free(s);
}

static const char *given(const char *text)
{
    return text[0] ? text : NULL;
}

bool system_load(struct system *s, const struct system_description *d, struct system_error *error)
{
    for (uint32_t i = 0; i < s->count; i++) {
        const struct board_files *f = &d->files[i];
        const struct load_request request = {given(f->firmware), given(f->program), given(f->initrd),
                                             given(f->arguments)};
        struct load_error reason;
        if (!s->boards[i] || load_boot(s->boards[i], &request, &reason))
            continue;
        if (s->mesh)
            return wrong(error, i, reason.text);
        snprintf(error->text, sizeof error->text, "%s", reason.text);
        return false;
    }
    if (s->cores[0])
        core_start(s->cores[0], 0);
    return true;
}

/* Each thread gets as many cores as the others. */
static void share_tiles(struct system *s)
{
    uint32_t cores = 0, others = 0;
    free(s->shares);
    s->shares = aligned_alloc(64, s->threads * sizeof *s->shares);
    memset(s->shares, 0, s->threads * sizeof *s->shares);
    for (uint32_t i = 0; i < s->count; i++) {
        struct tile_share *share = &s->shares[(s->cores[i] ? cores++ : others++) % s->threads];
        s->view_of[i] = &share->view[share->count++];
        s->view_of[i]->tile = i;
    }
}

bool system_use_threads(struct system *s, uint32_t threads)
{
    if (s->crew)
        crew_destroy(s->crew);
    s->threads = threads;
    s->crew = threads > 1 && s->mesh ? crew_create(threads) : NULL;
    if (s->mesh)
        share_tiles(s);
    return s->crew || threads <= 1 || !s->mesh;
}

void system_interrupt(struct system *s)
{
    s->interrupt = true;
    if (!s->mesh)
        machine_interrupt(s->boards[0]);
}

void system_reset(struct system *s)
{
    if (!s->mesh)
        machine_reset(s->boards[0]);
    for (uint32_t i = 0; s->mesh && i < s->count; i++)
        if (s->cores[i] && s->cores[i]->stopped == MACHINE_RESET)
            core_start(s->cores[i], core_now(s->cores[i]));
}

uint64_t system_now(const struct system *s)
{
    return s->mesh ? s->now : machine_now(s->boards[0]);
}

uint64_t system_instructions(const struct system *s)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < s->count; i++)
        sum += s->boards[i] ? machine_instructions(s->boards[i]) : 0;
    return sum;
}

struct hart *system_hart(const struct system *s, uint32_t number)
{
    if (s->mesh)
        return number < s->count && s->boards[number] ? s->boards[number]->harts[0] : NULL;
    return number < s->boards[0]->config.harts ? s->boards[0]->harts[number] : NULL;
}

bool system_access(struct system *s, uint32_t id, bool write, uint64_t offset, uint8_t *data, uint32_t size)
{
    if (id >= s->count)
        return false;
    if (s->boards[id])
        return write ? bus_dma_write(&s->boards[id]->bus, offset, data, size)
                     : bus_dma_read(&s->boards[id]->bus, offset, data, size);
    struct tile *tile = &s->mesh->tiles[id];
    if (!tile->memory || offset > tile->memory_size || size > tile->memory_size - offset)
        return false;
    if (write)
        memcpy(tile->memory + offset, data, size);
    else
        memcpy(data, tile->memory + offset, size);
    return true;
}
