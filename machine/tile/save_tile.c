/*
 * The parts of a checkpoint that are a machine of tiles': TCUs, accelerators, memories, and all that is under way. What
 * is restored is checked as far as a wrong value could make Mosaic touch memory that is not the machine's.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "machine/board/checkpoint.h"
#include "machine/tile/save.h"

/* Transfer buffers keep bytes of earlier packets behind the data, which are no state. */
static void snapshot_tcu(struct tcu *tcu, struct snapshot *s)
{
    struct tcu_config config = tcu->config;
    snapshot_section(s, "tcu", sizeof *tcu);
    snapshot_bytes(s, tcu, offsetof(struct tcu, rx));
    if (memcmp(&config, &tcu->config, sizeof config) != 0)
        s->failed = true;
    for (uint32_t i = 0; i < TCU_RX_PACKETS; i++)
        noc_packet_snapshot(&tcu->rx.packet[i], s);
    snapshot_bytes(s, (char *)&tcu->rx + offsetof(struct tcu_rx, head), sizeof tcu->rx - offsetof(struct tcu_rx, head));
    if (tcu->rx.head >= TCU_RX_PACKETS || tcu->rx.count > TCU_RX_PACKETS || tcu->requests.count > TCU_MAX_EPS)
        s->failed = true;
}

/* Without the pointers at its beginning. */
static void snapshot_accel(struct accel *accel, struct snapshot *s)
{
    size_t begin = offsetof(struct accel, mmio_cycles);
    snapshot_section(s, "accel", sizeof *accel);
    snapshot_bytes(s, (char *)accel + begin, sizeof *accel - begin);
    if (accel->fill > ACCEL_MAX_BLOCK || accel->pos > ACCEL_MAX_BLOCK || accel->len > ACCEL_MAX_BLOCK)
        s->failed = true;
}

/* An access to local memory has no way: it is written as a packet that says whether it has data. */
static void clear_way(struct tile_event *event)
{
    bool has_data = event->kind == TCU_FX_LOCAL_WRITE;
    event->packet.source = event->packet.destination = 0;
    event->packet.kind = has_data ? NOC_WRITE : NOC_READ;
}

static void snapshot_event(struct tile_event *event, struct snapshot *s)
{
    snapshot_number(s, event->when);
    snapshot_number(s, event->kind);
    if (event->kind != TCU_FX_PACKET)
        clear_way(event);
    noc_packet_snapshot(&event->packet, s);
    if (event->packet.size > NOC_MAX_DATA)
        s->failed = true;
}

static void free_list(struct tile_event **list)
{
    while (*list) {
        struct tile_event *event = *list;
        *list = event->next;
        free(event);
    }
}

static void snapshot_list(struct tile_event **list, struct snapshot *s)
{
    uint64_t count = 0;
    if (!s->saving)
        free_list(list);
    for (struct tile_event *event = *list; event; event = event->next)
        count++;
    snapshot_bytes(s, &count, sizeof count);
    for (uint64_t i = 0; i < count && !s->failed; i++, list = &(*list)->next) {
        if (!s->saving)
            *list = calloc(1, sizeof **list);
        snapshot_event(*list, s);
    }
}

static void snapshot_tile(struct tile *tile, struct snapshot *s)
{
    uint64_t numbers[] = {tile->memory_free, tile->bytes_read, tile->bytes_written};
    snapshot_state(s, "tile", &numbers);
    tile->memory_free = numbers[0];
    tile->bytes_read = numbers[1];
    tile->bytes_written = numbers[2];
    if (tile->memory)
        checkpoint_memory(s, tile->memory, tile->memory_size);
    if (tile->kind != TILE_MEMORY)
        snapshot_tcu(&tile->tcu, s);
    if (tile->kind == TILE_ACCEL)
        snapshot_accel(&tile->accel, s);
    snapshot_list(&tile->arrivals, s);
    snapshot_list(&tile->events, s);
    snapshot_list(&tile->inbox, s);
}

void mesh_snapshot(struct mesh *mesh, struct snapshot *s)
{
    if (s->saving)
        mesh_exchange(mesh); /* outboxes are empty from here on */
    noc_snapshot(mesh->noc, s);
    for (uint32_t i = 0; i < mesh->count && !s->failed; i++)
        if (mesh->tiles[i].kind != TILE_NONE)
            snapshot_tile(&mesh->tiles[i], s);
}

void core_snapshot(struct core *core, struct snapshot *s)
{
    uint64_t state[] = {core->started, core->suspended, core->suspended_at, core->slept};
    snapshot_state(s, "core", &state);
    core->started = state[0];
    core->suspended = state[1];
    core->suspended_at = state[2];
    core->slept = state[3];
    core->stopped = MACHINE_RUNS;
    if (!s->saving) /* what it knew of windows is not so: it looks again before it runs */
        for (uint32_t i = 0; i < TCU_PMP_EPS; i++)
            core->window_epoch[i] = ~0u;
}
