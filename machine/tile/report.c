/* Reports; see report.h. */
#include "machine/tile/report.h"

#include <inttypes.h>

static const char *const kinds[] = {"none", "core", "accel", "memory"};

void report_take(const struct system *s, struct stats *sample)
{
    *sample = (struct stats){.cycles = system_now(s)};
    for (uint32_t i = 0; i < s->count; i++)
        if (s->boards[i])
            stats_add_board(sample, s->boards[i]);
}

static double share(uint64_t part, const struct system *s)
{
    return s->now ? 100.0 * (double)part / (double)s->now : 0;
}

/* With the sleep that is not over yet. */
static uint64_t slept(const struct system *s, const struct core *core)
{
    bool sleeps = core->suspended && s->now > core->suspended_at;
    return core->slept + (sleeps ? s->now - core->suspended_at : 0);
}

static void print_tile(const struct system *s, const struct tile *tile, FILE *out)
{
    fprintf(out, "tile %2u %-6s", tile->id, kinds[tile->kind]);
    if (tile->kind == TILE_CORE)
        fprintf(out, " %10" PRIu64 " instructions, %5.1f %% asleep,", s->boards[tile->id]->harts[0]->instret,
                share(slept(s, s->cores[tile->id]), s));
    if (tile->kind == TILE_ACCEL)
        fprintf(out, " %-4s %6" PRIu64 " blocks, %5.1f %% busy,", tile->accel.logic->name, tile->accel.blocks,
                share(tile->accel.busy_cycles, s));
    fprintf(out, " %" PRIu64 " bytes read, %" PRIu64 " written\n", tile->bytes_read, tile->bytes_written);
}

void report_print(const struct system *s, const struct stats *harts, double seconds, FILE *out)
{
    stats_print(harts, seconds, out);
    if (!s->mesh)
        return;
    const struct noc_counters *noc = noc_counters(s->mesh->noc);
    fprintf(out,
            "network: %" PRIu64 " packets, %" PRIu64 " bytes, %" PRIu64 " link cycles, %" PRIu64
            " cycles waiting for links\n",
            noc->packets, noc->bytes, noc->flit_hops, noc->waiting);
    for (uint32_t i = 0; i < s->count; i++)
        if (s->mesh->tiles[i].kind != TILE_NONE)
            print_tile(s, &s->mesh->tiles[i], out);
}

static void print_tile_json(const struct system *s, const struct tile *tile, FILE *out)
{
    fprintf(out, "  {\"tile\": %u, \"kind\": \"%s\", \"bytes_read\": %" PRIu64 ", \"bytes_written\": %" PRIu64,
            tile->id, kinds[tile->kind], tile->bytes_read, tile->bytes_written);
    if (tile->kind == TILE_CORE)
        fprintf(out, ", \"asleep\": %" PRIu64, slept(s, s->cores[tile->id]));
    if (tile->kind == TILE_ACCEL)
        fprintf(out, ", \"logic\": \"%s\", \"blocks\": %" PRIu64 ", \"busy\": %" PRIu64, tile->accel.logic->name,
                tile->accel.blocks, tile->accel.busy_cycles);
    fprintf(out, "}");
}

static void print_mesh_json(const struct system *s, FILE *out)
{
    const struct noc_counters *noc = noc_counters(s->mesh->noc);
    const char *comma = "\n";
    fprintf(out,
            ",\n \"network\": {\"packets\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"link_cycles\": %" PRIu64
            ", \"waiting\": %" PRIu64 "},\n \"tiles\": [",
            noc->packets, noc->bytes, noc->flit_hops, noc->waiting);
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->mesh->tiles[i].kind == TILE_NONE)
            continue;
        fputs(comma, out);
        print_tile_json(s, &s->mesh->tiles[i], out);
        comma = ",\n";
    }
    fputs("]", out);
}

void report_print_json(const struct system *s, const struct stats *harts, double seconds, FILE *out)
{
    stats_print_json(harts, seconds, out);
    if (s->mesh)
        print_mesh_json(s, out);
    fputs("}\n", out);
}
