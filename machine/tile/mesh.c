/*
 * Tiles and time. Each tile has short lists of packets that arrive and of effects that wait for their time; its next
 * event is the earliest of those and of its TCU's and accelerator's deadlines. Ties go to what arrives. What a tile
 * sends waits in its outbox until mesh_exchange() gives it to the network.
 */
#include "machine/tile/mesh.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct mesh_config mesh_default_config(uint16_t width, uint16_t height, struct tile_config *tiles)
{
    return (struct mesh_config){
        .noc = noc_default_config(width, height),
        .tiles = tiles,
        .tcu = tcu_default_costs(),
        .local = {.latency = 3, .bytes_per_cycle = 64},  /* an SRAM with the 64-byte port of the reference TCU */
        .cache = {.latency = 18, .bytes_per_cycle = 64}, /* the second level, as in machine/core/params.def */
        .dram = {.latency = 40, .bytes_per_cycle = 12},  /* DDR3-1600 at 1 GHz: 12.8 GB/s; tRCD + CL + controller */
        .memory_base = TCU_WINDOWS,
        .region_log2 = TCU_WINDOW_LOG2,
        .mhz = 1000,
    };
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static struct tile_event *new_event(struct tile *tile, const struct noc_packet *packet, uint64_t when)
{
    struct tile_event *event = tile->spare;
    if (event)
        tile->spare = event->next;
    else
        event = malloc(sizeof *event);
    event->when = when;
    event->kind = TCU_FX_PACKET;
    event->packet = *packet;
    return event;
}

static void free_event(struct tile *tile, struct tile_event *event)
{
    event->next = tile->spare;
    tile->spare = event;
}

/* Behind all events of the same time: equal times keep their order. */
static void insert(struct tile_event **list, struct tile_event *event)
{
    while (*list && (*list)->when <= event->when)
        list = &(*list)->next;
    event->next = *list;
    *list = event;
}

static struct tile_event *remove_first(struct tile_event **list)
{
    struct tile_event *event = *list;
    *list = event->next;
    return event;
}

static void schedule(struct tile *tile, enum tcu_effect_kind kind, const struct noc_packet *packet, uint64_t when)
{
    struct tile_event *event = new_event(tile, packet, when);
    event->kind = kind;
    insert(&tile->events, event);
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

/* The memory's port serves one access at a time. What is read is passed on as it comes, what is written must be in. */
static uint64_t memory_time(struct tile *tile, bool write, uint32_t size, uint64_t now)
{
    uint64_t begin = now > tile->memory_free ? now : tile->memory_free;
    tile->memory_free = begin + (size + tile->costs.bytes_per_cycle - 1) / tile->costs.bytes_per_cycle;
    return (write ? tile->memory_free : begin) + tile->costs.latency;
}

static bool access_memory(struct tile *tile, bool write, uint64_t address, uint32_t size, uint8_t *data)
{
    *(write ? &tile->bytes_written : &tile->bytes_read) += size;
    if (tile->core)
        return tile->core_ops->access(tile->core, write, address, size, data);
    if (address >= tile->memory_size || size > tile->memory_size - address)
        return false;
    if (write)
        memcpy(tile->memory + address, data, size);
    else
        memcpy(data, tile->memory + address, size);
    return true;
}

/* --- effects of a TCU --------------------------------------------------------------------------------------------- */

static void signal_core(struct tile *tile, const struct tcu_effect *effect, uint64_t when)
{
    const struct core_ops *ops = tile->core_ops;
    switch (effect->kind) {
    case TCU_FX_IRQ:
        ops->irq(tile->core, (enum tcu_irq)effect->packet.id, effect->packet.size, when);
        break;
    case TCU_FX_SUSPEND:
        ops->suspend(tile->core);
        break;
    case TCU_FX_WAKE:
        ops->wake(tile->core, when);
        break;
    case TCU_FX_CORE_START:
        ops->start(tile->core, when);
        break;
    case TCU_FX_CORE_STOP:
        ops->stop(tile->core);
        break;
    case TCU_FX_PRINT:
        ops->print(tile->core, (const char *)effect->packet.data, effect->packet.size);
        break;
    default:
        break;
    }
}

static void signal_accel(struct tile *tile, const struct tcu_effect *effect, uint64_t when)
{
    if (effect->kind == TCU_FX_CORE_START)
        accel_start(&tile->accel, when);
    else if (effect->kind == TCU_FX_CORE_STOP)
        accel_stop(&tile->accel, when);
}

static void do_effect(struct tile *tile, const struct tcu_effect *effect, uint64_t now)
{
    uint64_t when = now + effect->delay;
    const struct mesh_observer *observer = &tile->mesh->observer;
    if (observer->effect)
        observer->effect(observer->context, tile, effect, when);
    switch (effect->kind) {
    case TCU_FX_PACKET:
        schedule(tile, effect->kind, &effect->packet, when);
        break;
    case TCU_FX_LOCAL_READ:
    case TCU_FX_LOCAL_WRITE:
        when = memory_time(tile, effect->kind == TCU_FX_LOCAL_WRITE, effect->packet.size, when);
        schedule(tile, effect->kind, &effect->packet, when);
        break;
    default:
        if (tile->core)
            signal_core(tile, effect, when);
        else if (tile->kind == TILE_ACCEL)
            signal_accel(tile, effect, when);
    }
}

static void step(struct tile *tile, const struct tcu_event *event)
{
    struct tcu_out out;
    tcu_step(&tile->tcu, event, &out);
    for (uint32_t i = 0; i < out.count; i++)
        do_effect(tile, &out.effect[i], event->now);
    if (tile->kind == TILE_ACCEL)
        accel_notify(&tile->accel, event->now);
}

/* Gives waiting requests to the TCU as it gets room. */
static void empty_inbox(struct tile *tile, uint64_t now)
{
    while (tile->inbox && tcu_accepts(&tile->tcu)) {
        struct tile_event *event = remove_first(&tile->inbox);
        step(tile, &(struct tcu_event){.kind = TCU_EV_PACKET, .now = now, .packet = &event->packet});
        free_event(tile, event);
    }
}

uint64_t tile_read(struct tile *tile, uint64_t reg, uint64_t now)
{
    return tcu_core_read(&tile->tcu, reg, now);
}

void tile_write(struct tile *tile, uint64_t reg, uint64_t value, uint64_t now)
{
    step(tile, &(struct tcu_event){.kind = TCU_EV_WRITE, .now = now, .address = reg, .value = value});
}

void tile_interrupt(struct tile *tile, uint64_t now)
{
    step(tile, &(struct tcu_event){.kind = TCU_EV_INTERRUPT, .now = now});
}

/* --- packets that arrive -------------------------------------------------------------------------------------------
 */

/* A memory tile answers when its memory has; a TCU_FX_PACKET event then sends the answer. */
static void serve_memory(struct tile *tile, const struct noc_packet *request, uint64_t now)
{
    struct noc_packet answer = {
        .source = tile->id, .destination = request->source, .kind = NOC_RESPONSE, .id = request->id};
    bool write = request->kind == NOC_WRITE || request->kind == NOC_CACHE_WRITE;
    bool read = request->kind == NOC_READ || request->kind == NOC_CACHE_READ;
    bool sane = (read || write) && request->size <= NOC_MAX_DATA;
    if (request->kind == NOC_RESPONSE)
        return;
    if (write)
        memcpy(answer.data, request->data, sane ? request->size : 0);
    if (!sane || !access_memory(tile, write, request->address, request->size, answer.data))
        answer.error = request->kind == NOC_MESSAGE ? TCU_E_RECV_GONE : TCU_E_TIMEOUT_MEM;
    else if (read)
        answer.size = request->size;
    schedule(tile, TCU_FX_PACKET, &answer, memory_time(tile, write, request->size, now));
}

static void observe_packet(const struct mesh *mesh, const struct noc_packet *packet, bool arrives, uint64_t when)
{
    if (mesh->observer.packet)
        mesh->observer.packet(mesh->observer.context, packet, arrives, when);
}

static void arrive(struct tile *tile)
{
    struct tile_event *event = remove_first(&tile->arrivals);
    const struct noc_packet *packet = &event->packet;
    observe_packet(tile->mesh, packet, true, event->when);
    if (tile->kind == TILE_MEMORY) {
        serve_memory(tile, packet, event->when);
    } else if (packet->kind == NOC_RESPONSE || (!tile->inbox && tcu_accepts(&tile->tcu))) {
        step(tile, &(struct tcu_event){.kind = TCU_EV_PACKET, .now = event->when, .packet = packet});
    } else {
        insert(&tile->inbox, event);
        return;
    }
    free_event(tile, event);
}

/* The network is sure that the packet will arrive at `when`. */
static void deliver(void *context, const struct noc_packet *packet, uint64_t when)
{
    struct mesh *mesh = context;
    struct tile *tile = &mesh->tiles[packet->destination];
    insert(&tile->arrivals, new_event(tile, packet, when));
    mesh->reached |= UINT64_C(1) << (tile->id & 63);
}

/* --- time --------------------------------------------------------------------------------------------------------- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t tile_deadline(const struct tile *tile)
{
    uint64_t when = tile->events ? tile->events->when : TCU_NEVER;
    if (tile->arrivals)
        when = earlier(when, tile->arrivals->when);
    if (tile->kind == TILE_NONE || tile->kind == TILE_MEMORY)
        return when;
    if (tile->kind == TILE_ACCEL)
        when = earlier(when, accel_deadline(&tile->accel));
    return earlier(when, tcu_deadline(&tile->tcu));
}

uint64_t mesh_deadline(const struct mesh *mesh)
{
    uint64_t when = noc_deadline(mesh->noc);
    for (uint32_t i = 0; i < mesh->count; i++)
        when = earlier(when, tile_deadline(&mesh->tiles[i]));
    return when;
}

static void local_access_done(struct tile *tile, struct tile_event *done)
{
    struct noc_packet *access = &done->packet;
    bool write = done->kind == TCU_FX_LOCAL_WRITE;
    bool found = access_memory(tile, write, access->address, access->size, access->data);
    step(tile, &(struct tcu_event){.kind = TCU_EV_LOCAL,
                                   .now = done->when,
                                   .id = access->id,
                                   .failed = !found,
                                   .size = access->size,
                                   .data = access->data});
}

static void first_event(struct tile *tile)
{
    struct tile_event *event = remove_first(&tile->events);
    if (event->kind == TCU_FX_PACKET) {
        observe_packet(tile->mesh, &event->packet, false, event->when);
        insert(&tile->outbox, event);
    } else {
        local_access_done(tile, event);
        free_event(tile, event);
    }
}

void tile_advance(struct tile *tile, uint64_t now)
{
    if (tile->arrivals && tile->arrivals->when <= now)
        arrive(tile);
    else if (tile->events && tile->events->when <= now)
        first_event(tile);
    else if (tcu_deadline(&tile->tcu) <= now)
        step(tile, &(struct tcu_event){.kind = TCU_EV_TICK, .now = now});
    else
        accel_advance(&tile->accel, now);
    empty_inbox(tile, now);
    if (tile->mesh->observer.stepped)
        tile->mesh->observer.stepped(tile->mesh->observer.context, tile, now);
}

void tile_exchange(struct tile *tile)
{
    while (tile->outbox) {
        struct tile_event *event = remove_first(&tile->outbox);
        noc_send(tile->mesh->noc, &event->packet, event->when);
        free_event(tile, event);
    }
}

void mesh_exchange(struct mesh *mesh)
{
    for (uint32_t i = 0; i < mesh->count; i++)
        tile_exchange(&mesh->tiles[i]);
}

uint64_t mesh_foresee(struct mesh *mesh, uint64_t until)
{
    mesh->reached = 0;
    noc_advance(mesh->noc, until, deliver, mesh);
    return mesh->reached;
}

static void advance_first_tile(struct mesh *mesh, uint64_t when)
{
    for (uint32_t i = 0; i < mesh->count; i++)
        if (tile_deadline(&mesh->tiles[i]) <= when) {
            tile_advance(&mesh->tiles[i], when);
            return;
        }
}

void mesh_advance(struct mesh *mesh, uint64_t until)
{
    uint64_t when;
    while ((when = mesh_deadline(mesh)) <= until && when != TCU_NEVER) {
        mesh->now = when;
        if (noc_deadline(mesh->noc) <= when)
            mesh_foresee(mesh, when);
        else
            advance_first_tile(mesh, when);
        mesh_exchange(mesh);
    }
    mesh->now = until > mesh->now && until != TCU_NEVER ? until : mesh->now;
}

/* --- windows of cores --------------------------------------------------------------------------------------------- */

#define LINE_BYTES 64

uint32_t tile_cache_line(struct tile *tile, uint64_t phys, bool write, uint64_t now)
{
    struct mesh *mesh = tile->mesh;
    uint16_t target;
    uint64_t address;
    if (tcu_protect(&tile->tcu, phys, LINE_BYTES, write, &target, &address) != TCU_E_NONE)
        return 0;
    if (target >= mesh->count || mesh->tiles[target].kind == TILE_NONE)
        return 0;
    uint32_t request = NOC_HEADER_BYTES + (write ? LINE_BYTES : 0);
    uint32_t answer = NOC_HEADER_BYTES + (write ? 0 : LINE_BYTES);
    uint64_t when = now + mesh->config.tcu.cache;
    when = noc_reserve(mesh->noc, tile->id, target, request, when);
    when = memory_time(&mesh->tiles[target], write, LINE_BYTES, when);
    when = noc_reserve(mesh->noc, target, tile->id, answer, when);
    return when - now;
}

void tile_refuse_line(struct tile *tile, uint64_t phys, bool write, uint64_t now)
{
    const struct mesh_config *config = &tile->mesh->config;
    uint16_t target;
    uint64_t address;
    if (phys - config->memory_base < (uint64_t)TCU_PMP_EPS << config->region_log2 &&
        tcu_protect(&tile->tcu, phys, LINE_BYTES, write, &target, &address) != TCU_E_NONE)
        step(tile, &(struct tcu_event){
                       .kind = TCU_EV_CACHE, .now = now, .address = phys, .size = LINE_BYTES, .write = write});
}

uint8_t *tile_window(struct tile *tile, uint32_t index, uint64_t *size, bool *writable)
{
    struct mesh *mesh = tile->mesh;
    const struct tcu_ep *ep = &tile->tcu.ep[index];
    uint32_t flags = TCU_GET(ep->r[0], TCU_MEM_FLAGS), target = TCU_GET(ep->r[0], TCU_MEM_TILE);
    if (TCU_GET(ep->r[0], TCU_EP_TYPE) != TCU_EP_MEMORY || !(flags & TCU_MEM_R) || target >= mesh->count)
        return NULL;
    const struct tile *memory = &mesh->tiles[target];
    uint64_t room = UINT64_C(1) << mesh->config.region_log2, at = ep->r[1];
    if (memory->core || !memory->memory || at % TCU_PAGE_SIZE || at >= memory->memory_size)
        return NULL;
    *size = earlier(earlier(ep->r[2], memory->memory_size - at), room) & ~((uint64_t)TCU_PAGE_SIZE - 1);
    *writable = flags & TCU_MEM_W;
    return *size ? memory->memory + at : NULL;
}

/* --- making one --------------------------------------------------------------------------------------------------- */

static uint64_t port_read(void *context, uint64_t reg, uint64_t now)
{
    return tile_read(context, reg, now);
}

static void port_write(void *context, uint64_t reg, uint64_t value, uint64_t now)
{
    tile_write(context, reg, value, now);
}

static uint64_t describe(const struct tile_config *config)
{
    bool accel = config->kind == TILE_ACCEL;
    return TCU_PUT(TCU_DESC_TYPE, config->kind == TILE_MEMORY) |
           TCU_PUT(TCU_DESC_ISA, accel ? TCU_ISA_ACCEL_STREAM : TCU_ISA_RISCV) | TCU_PUT(TCU_DESC_ATTR, TCU_ATTR_SPM) |
           TCU_PUT(TCU_DESC_PAGES, config->memory / TCU_PAGE_SIZE);
}

static void make_tcu(struct tile *tile, const struct tile_config *config)
{
    const struct mesh_config *all = &tile->mesh->config;
    uint32_t features = tile->kind == TILE_CORE ? TCU_FEATURE_CTXSW : 0;
    struct tcu_config tcu = {.tile = tile->id,
                             .endpoints = config->endpoints ? config->endpoints : 128,
                             .features = TCU_FEATURE_KERNEL | features,
                             .tile_desc = describe(config),
                             .memory_base = all->memory_base,
                             .region_log2 = all->region_log2,
                             .mhz = all->mhz,
                             .costs = all->tcu};
    tcu_init(&tile->tcu, &tcu);
}

static void make_accel(struct tile *tile, const struct tile_config *config)
{
    struct accel_port port = {.tile = tile, .read = port_read, .write = port_write, .memory = tile->memory};
    accel_init(&tile->accel, config->logic, &port, tile->mesh->config.tcu.mmio);
    if (config->compute_cycles)
        tile->accel.compute_cycles = config->compute_cycles;
}

/* Page aligned, so that cores can have windows onto it. */
static uint8_t *new_memory(uint64_t size)
{
    void *host = MAP_FAILED;
    if (size > 0)
        host = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return host == MAP_FAILED ? NULL : host;
}

static const char *make_tile(struct mesh *mesh, uint16_t id)
{
    const struct tile_config *config = &mesh->config.tiles[id];
    struct tile *tile = &mesh->tiles[id];
    const struct memory_costs costs[] = {
        [TILE_CORE] = mesh->config.cache, [TILE_ACCEL] = mesh->config.local, [TILE_MEMORY] = mesh->config.dram};
    *tile = (struct tile){
        .mesh = mesh, .id = id, .kind = config->kind, .memory_size = config->memory, .costs = costs[config->kind]};
    if (config->kind == TILE_NONE)
        return NULL;
    if (config->endpoints > TCU_MAX_EPS)
        return "a TCU has at most 192 endpoints";
    if (config->kind == TILE_ACCEL && !config->logic)
        return "an accelerator needs a logic";
    if (config->kind == TILE_ACCEL)
        tile->memory_size = ACCEL_MEMORY;
    tile->memory = new_memory(tile->memory_size);
    if (!tile->memory && (config->kind != TILE_CORE || config->memory > 0))
        return "not enough memory on the host, or a memory of no bytes";
    if (config->kind != TILE_MEMORY)
        make_tcu(tile, config);
    if (config->kind == TILE_ACCEL)
        make_accel(tile, config);
    noc_attach(mesh->noc, id);
    return NULL;
}

struct mesh *mesh_create(const struct mesh_config *config, const char **error)
{
    struct mesh *mesh = calloc(1, sizeof *mesh);
    mesh->config = *config;
    mesh->noc = noc_create(&config->noc);
    if (!mesh->noc) {
        *error = "the mesh has no tiles, or too many, or its links take no time";
        free(mesh);
        return NULL;
    }
    mesh->count = (uint32_t)config->noc.width * config->noc.height;
    mesh->tiles = aligned_alloc(64, mesh->count * sizeof *mesh->tiles);
    *error = NULL;
    for (uint32_t i = 0; i < mesh->count && !*error; i++)
        *error = make_tile(mesh, i);
    if (!*error)
        return mesh;
    mesh_destroy(mesh);
    return NULL;
}

static void free_list(struct tile_event *event)
{
    while (event) {
        struct tile_event *next = event->next;
        free(event);
        event = next;
    }
}

void mesh_destroy(struct mesh *mesh)
{
    for (uint32_t i = 0; i < mesh->count; i++) {
        free_list(mesh->tiles[i].events);
        free_list(mesh->tiles[i].inbox);
        free_list(mesh->tiles[i].arrivals);
        free_list(mesh->tiles[i].outbox);
        free_list(mesh->tiles[i].spare);
        if (mesh->tiles[i].memory)
            munmap(mesh->tiles[i].memory, mesh->tiles[i].memory_size);
    }
    noc_destroy(mesh->noc);
    free(mesh->tiles);
    free(mesh);
}
