/* Traces of tiles; see tile_trace.h. */
#include "machine/trace/tile_trace.h"

#include <string.h>

enum track { TRACK_TCU, TRACK_UNIT, TRACK_LOGIC };

static const char *const packet_names[] = {
    [NOC_MESSAGE] = "message",
    [NOC_READ] = "read",
    [NOC_WRITE] = "write",
    [NOC_CACHE_READ] = "cache read",
    [NOC_CACHE_WRITE] = "cache write",
    [NOC_RESPONSE] = "answer",
};

/* The same at both ends of the way: the requester's number for the packet, and which way it goes. */
static uint64_t arrow_of(const struct noc_packet *packet)
{
    bool is_answer = packet->kind == NOC_RESPONSE;
    uint64_t requester = is_answer ? packet->destination : packet->source;
    return requester << 34 | (uint64_t)packet->id << 1 | is_answer;
}

/* A packet leaves or arrives: a slice of one cycle, for the arrow to hold on to. */
static void see_packet(void *context, const struct noc_packet *packet, bool arrives, uint64_t when)
{
    struct tile_trace *t = context;
    uint16_t tile = arrives ? packet->destination : packet->source;
    chrome_begin(t->chrome, tile, TRACK_TCU, packet_names[packet->kind], when);
    chrome_arrow(t->chrome, tile, TRACK_TCU, arrow_of(packet), arrives, when);
    chrome_end(t->chrome, tile, TRACK_TCU, when + 1);
    if (arrives && packet->kind == NOC_MESSAGE)
        chrome_counter(t->chrome, t->mesh->count, "cycles waiting for links", noc_counters(t->mesh->noc)->waiting,
                       when);
}

static void change_slice(struct tile_trace *t, uint16_t tile, const char *name, uint64_t when)
{
    if (t->doing[tile] == name)
        return;
    if (t->doing[tile])
        chrome_end(t->chrome, tile, TRACK_UNIT, when);
    if (name)
        chrome_begin(t->chrome, tile, TRACK_UNIT, name, when);
    t->doing[tile] = name;
}

static void see_accel(struct tile_trace *t, const struct tile *tile, uint64_t when)
{
    bool computing = tile->accel.computing;
    change_slice(t, tile->id, accel_doing(&tile->accel), when);
    if (computing == t->computing[tile->id])
        return;
    if (computing)
        chrome_begin(t->chrome, tile->id, TRACK_LOGIC, tile->accel.logic->name, when);
    else
        chrome_end(t->chrome, tile->id, TRACK_LOGIC, when);
    t->computing[tile->id] = computing;
}

static void see_effect(void *context, const struct tile *tile, const struct tcu_effect *effect, uint64_t when)
{
    struct tile_trace *t = context;
    if (effect->kind == TCU_FX_SUSPEND)
        change_slice(t, tile->id, "asleep", when);
    else if (effect->kind == TCU_FX_WAKE || effect->kind == TCU_FX_CORE_STOP)
        change_slice(t, tile->id, NULL, when);
    else if (effect->kind == TCU_FX_CORE_START)
        chrome_instant(t->chrome, tile->id, TRACK_UNIT, "start", when);
}

static void see_tile(void *context, const struct tile *tile, uint64_t when)
{
    if (tile->kind == TILE_ACCEL)
        see_accel(context, tile, when);
}

void tile_trace_begin(struct tile_trace *t, struct mesh *mesh, struct chrome *chrome)
{
    *t = (struct tile_trace){.mesh = mesh, .chrome = chrome};
    for (uint32_t i = 0; i < mesh->count; i++) {
        bool accel = mesh->tiles[i].kind == TILE_ACCEL;
        if (mesh->tiles[i].kind == TILE_NONE)
            continue;
        chrome_name(chrome, i, TRACK_TCU, mesh->tiles[i].kind == TILE_MEMORY ? "memory" : "TCU");
        if (accel || mesh->tiles[i].kind == TILE_CORE)
            chrome_name(chrome, i, TRACK_UNIT, accel ? "support module" : "core");
        if (accel)
            chrome_name(chrome, i, TRACK_LOGIC, mesh->tiles[i].accel.logic->name);
    }
    mesh->observer = (struct mesh_observer){t, see_effect, see_packet, see_tile};
}

void tile_trace_end(struct tile_trace *t, uint64_t now)
{
    for (uint32_t i = 0; i < t->mesh->count; i++) {
        change_slice(t, i, NULL, now);
        if (t->computing[i])
            chrome_end(t->chrome, i, TRACK_LOGIC, now);
    }
    memset(&t->mesh->observer, 0, sizeof t->mesh->observer);
}
