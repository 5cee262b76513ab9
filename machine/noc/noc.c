/*
 * The mesh: routing, links, and the queue of packets by the time of their next hop.
 */
#include "machine/noc/noc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "hw/tcu.h"
#include "machine/dev/snapshot.h"

enum port { PORT_EAST, PORT_WEST, PORT_SOUTH, PORT_NORTH, PORT_TILE, PORT_ENTRY, PORTS };

struct flight {    /* a packet inside the network */
    uint64_t when; /* its head arrives at `router` */
    uint64_t sent; /* this, source and order decide between equal times */
    uint64_t order;
    uint32_t router;
    uint32_t flits;
    uint32_t holds;      /* the link at whose far end it takes room, or NO_LINK */
    bool releases;       /* no packet: its room there is free at `when` */
    struct flight *next; /* free list, or waiting for the same link */
    struct noc_packet packet;
};

#define NO_LINK (~0u)

struct link {
    uint64_t free_at;            /* when the last flit of the last packet has left */
    int64_t room;                /* flits that the buffer at its far end can take */
    struct flight *first, *last; /* packets that wait for room, in order */
};

struct noc {
    struct noc_config config;
    struct noc_counters counters;
    struct link (*links)[PORTS]; /* out of each router */
    bool *attached;
    struct flight **heap; /* binary heap, earliest first */
    uint32_t count, capacity;
    struct flight *spare;
    uint64_t order;
};

static struct link *link_at(const struct noc *noc, uint32_t i)
{
    return &noc->links[i / PORTS][i % PORTS];
}

struct noc_config noc_default_config(uint16_t width, uint16_t height)
{
    return (struct noc_config){
        .width = width, .height = height, .link_bytes = 16, .router_cycles = 2, .link_cycles = 1, .buffer_flits = 160};
}

struct noc *noc_create(const struct noc_config *config)
{
    uint32_t routers = (uint32_t)config->width * config->height;
    if (routers == 0 || routers > 1u << 14 || config->link_bytes == 0 || config->link_cycles == 0)
        return NULL;
    struct noc *noc = calloc(1, sizeof *noc);
    noc->config = *config;
    noc->links = calloc(routers, sizeof *noc->links);
    for (uint32_t i = 0; i < routers * PORTS; i++)
        link_at(noc, i)->room = config->buffer_flits;
    noc->attached = calloc(routers, sizeof *noc->attached);
    return noc;
}

static void free_flight(struct noc *noc, struct flight *flight)
{
    flight->next = noc->spare;
    noc->spare = flight;
}

/* Forgets all packets. */
static void empty(struct noc *noc)
{
    uint32_t links = (uint32_t)noc->config.width * noc->config.height * PORTS;
    while (noc->count > 0)
        free_flight(noc, noc->heap[--noc->count]);
    for (uint32_t i = 0; i < links; i++)
        while (link_at(noc, i)->first) {
            struct flight *flight = link_at(noc, i)->first;
            link_at(noc, i)->first = flight->next;
            free_flight(noc, flight);
        }
}

void noc_destroy(struct noc *noc)
{
    empty(noc);
    while (noc->spare) {
        struct flight *flight = noc->spare;
        noc->spare = flight->next;
        free(flight);
    }
    free(noc->heap);
    free(noc->links);
    free(noc->attached);
    free(noc);
}

static bool tile_exists(const struct noc *noc, uint16_t tile)
{
    return tile < noc->config.width * noc->config.height && noc->attached[tile];
}

void noc_attach(struct noc *noc, uint16_t tile)
{
    assert(tile < noc->config.width * noc->config.height);
    noc->attached[tile] = true;
}

/* --- the queue ---------------------------------------------------------------------------------------------------- */

/* Independent of the order in which different tiles' packets were handed over. */
static bool is_before(const struct flight *a, const struct flight *b)
{
    if (a->when != b->when)
        return a->when < b->when;
    if (a->sent != b->sent)
        return a->sent < b->sent;
    if (a->packet.source != b->packet.source)
        return a->packet.source < b->packet.source;
    return a->order != b->order ? a->order < b->order : a->releases > b->releases;
}

static void heap_push(struct noc *noc, struct flight *flight)
{
    if (noc->count == noc->capacity) {
        noc->capacity = noc->capacity ? 2 * noc->capacity : 16;
        noc->heap = realloc(noc->heap, noc->capacity * sizeof *noc->heap);
    }
    uint32_t i = noc->count++;
    for (; i > 0 && is_before(flight, noc->heap[(i - 1) / 2]); i = (i - 1) / 2)
        noc->heap[i] = noc->heap[(i - 1) / 2];
    noc->heap[i] = flight;
}

static struct flight *heap_pop(struct noc *noc)
{
    struct flight *first = noc->heap[0], *last = noc->heap[--noc->count];
    uint32_t i = 0;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child + 1 < noc->count && is_before(noc->heap[child + 1], noc->heap[child]))
            child++;
        if (child >= noc->count || !is_before(noc->heap[child], last))
            break;
        noc->heap[i] = noc->heap[child];
        i = child;
    }
    noc->heap[i] = last;
    return first;
}

static struct flight *new_flight(struct noc *noc, const struct noc_packet *packet, uint64_t now)
{
    struct flight *flight = noc->spare;
    if (flight)
        noc->spare = flight->next;
    else
        flight = malloc(sizeof *flight);
    flight->packet = *packet;
    flight->sent = now;
    flight->order = noc->order++;
    flight->router = 0;
    flight->holds = NO_LINK;
    flight->releases = false;
    return flight;
}

/* --- routing and links -------------------------------------------------------------------------------------------- */

static enum port route(const struct noc *noc, uint32_t router, uint16_t destination)
{
    uint32_t width = noc->config.width;
    uint32_t x = router % width, to_x = destination % width;
    uint32_t y = router / width, to_y = destination / width;
    if (x != to_x)
        return x < to_x ? PORT_EAST : PORT_WEST;
    if (y != to_y)
        return y < to_y ? PORT_SOUTH : PORT_NORTH;
    return PORT_TILE;
}

static uint32_t neighbour(const struct noc *noc, uint32_t router, enum port port)
{
    const int32_t step[] = {
        [PORT_EAST] = 1, [PORT_WEST] = -1, [PORT_SOUTH] = noc->config.width, [PORT_NORTH] = -noc->config.width};
    return router + step[port];
}

/* Takes a link for `flits` cycles from `ready` on, or when it is free; returns when the head is at its other end. */
static uint64_t take_link(struct noc *noc, uint32_t router, enum port port, uint32_t flits, uint64_t ready)
{
    uint64_t *free_at = &noc->links[router][port].free_at;
    uint64_t begin = ready > *free_at ? ready : *free_at;
    noc->counters.waiting += begin - ready;
    noc->counters.flit_hops += flits;
    *free_at = begin + flits;
    return begin + noc->config.link_cycles;
}

static uint32_t flits_of(const struct noc *noc, uint32_t bytes)
{
    return (bytes + noc->config.link_bytes - 1) / noc->config.link_bytes;
}

static void count_delivery(struct noc *noc, uint32_t flits)
{
    noc->counters.packets++;
    noc->counters.bytes += (uint64_t)flits * noc->config.link_bytes;
}

/* --- buffers -------------------------------------------------------------------------------------------------------
 */

/* A packet larger than the whole buffer goes when that is empty: it then lies in several routers. */
static bool has_room(const struct noc *noc, const struct link *link, uint32_t flits)
{
    return noc->config.buffer_flits == 0 || link->room >= flits || link->room == noc->config.buffer_flits;
}

/* Gives back the room that the packet has had so far, when its last flit has left at `when`. */
static void release_later(struct noc *noc, const struct flight *flight, uint64_t when)
{
    if (flight->holds == NO_LINK)
        return;
    struct flight *release = new_flight(noc, &(struct noc_packet){.source = flight->packet.source}, flight->sent);
    release->order = flight->order;
    release->when = when;
    release->holds = flight->holds;
    release->flits = flight->flits;
    release->releases = true;
    heap_push(noc, release);
}

/* Sends a packet over a link, from `ready` on. Returns whether it was its last one: `when` is its arrival then. */
static bool cross(struct noc *noc, struct flight *flight, enum port port, uint64_t ready)
{
    uint64_t head = take_link(noc, flight->router, port, flight->flits, ready);
    release_later(noc, flight, head - noc->config.link_cycles + flight->flits);
    flight->when = head;
    if (port == PORT_TILE) {
        flight->when += flight->flits - 1;
        return true;
    }
    noc->links[flight->router][port].room -= flight->flits;
    flight->holds = flight->router * PORTS + port;
    flight->router = neighbour(noc, flight->router, port);
    heap_push(noc, flight);
    return false;
}

static void wait_for_room(struct link *link, struct flight *flight, uint64_t ready)
{
    flight->when = ready;
    flight->next = NULL;
    *(link->first ? &link->last->next : &link->first) = flight;
    link->last = flight;
}

/* One hop of a packet whose head is at a router. Returns whether it was the last one. */
static bool hop(struct noc *noc, struct flight *flight)
{
    enum port port = route(noc, flight->router, flight->packet.destination);
    struct link *link = &noc->links[flight->router][port];
    uint64_t ready = flight->when + noc->config.router_cycles;
    if (port == PORT_TILE || (!link->first && has_room(noc, link, flight->flits)))
        return cross(noc, flight, port, ready);
    wait_for_room(link, flight, ready);
    return false;
}

/* Room behind a link is free: those that wait go on, in order. */
static void release(struct noc *noc, struct flight *event)
{
    enum port port = (enum port)(event->holds % PORTS);
    struct link *link = link_at(noc, event->holds);
    link->room += event->flits;
    while (link->first && has_room(noc, link, link->first->flits)) {
        struct flight *flight = link->first;
        uint64_t ready = flight->when > event->when ? flight->when : event->when;
        link->first = flight->next;
        noc->counters.waiting += ready - flight->when;
        cross(noc, flight, port, ready);
    }
    free_flight(noc, event);
}

/* --- the interface ------------------------------------------------------------------------------------------------ */

/* The place has no tile: the network itself answers, so that nobody waits for ever. */
static void refuse(struct noc *noc, const struct noc_packet *request, uint64_t now)
{
    const struct noc_packet answer = {.source = request->destination,
                                      .destination = request->source,
                                      .kind = NOC_RESPONSE,
                                      .error = TCU_E_TIMEOUT_NOC,
                                      .id = request->id};
    noc->counters.refused++;
    if (request->kind == NOC_RESPONSE)
        return;
    struct flight *flight = new_flight(noc, &answer, now);
    flight->router = request->source;
    flight->flits = flits_of(noc, NOC_HEADER_BYTES);
    flight->when = now + noc->config.extra_cycles + noc->config.link_cycles + noc->config.router_cycles;
    heap_push(noc, flight);
}

void noc_send(struct noc *noc, const struct noc_packet *packet, uint64_t now)
{
    assert(tile_exists(noc, packet->source));
    if (!tile_exists(noc, packet->destination)) {
        refuse(noc, packet, now);
        return;
    }
    struct flight *flight = new_flight(noc, packet, now);
    flight->router = packet->source;
    flight->flits = flits_of(noc, NOC_HEADER_BYTES + noc_packet_payload(packet));
    flight->when = take_link(noc, packet->source, PORT_ENTRY, flight->flits, now + noc->config.extra_cycles);
    heap_push(noc, flight);
}

uint64_t noc_entry_cycles(const struct noc *noc)
{
    return (uint64_t)noc->config.extra_cycles + noc->config.link_cycles;
}

uint64_t noc_exit_cycles(const struct noc *noc)
{
    return (uint64_t)noc->config.router_cycles + noc->config.link_cycles;
}

uint64_t noc_deadline(const struct noc *noc)
{
    return noc->count ? noc->heap[0]->when : ~UINT64_C(0);
}

void noc_advance(struct noc *noc, uint64_t now, noc_deliver_fn *deliver, void *context)
{
    while (noc->count > 0 && noc->heap[0]->when <= now) {
        struct flight *flight = heap_pop(noc);
        if (flight->releases) {
            release(noc, flight);
            continue;
        }
        if (!hop(noc, flight))
            continue;
        count_delivery(noc, flight->flits);
        deliver(context, &flight->packet, flight->when);
        free_flight(noc, flight);
    }
}

uint64_t noc_reserve(struct noc *noc, uint16_t source, uint16_t destination, uint32_t bytes, uint64_t now)
{
    uint32_t router = source, flits = flits_of(noc, bytes);
    uint64_t when = take_link(noc, source, PORT_ENTRY, flits, now + noc->config.extra_cycles);
    enum port port;
    do {
        port = route(noc, router, destination);
        when = take_link(noc, router, port, flits, when + noc->config.router_cycles);
        if (port != PORT_TILE)
            router = neighbour(noc, router, port);
    } while (port != PORT_TILE);
    count_delivery(noc, flits);
    return when + flits - 1;
}

uint32_t noc_hops(const struct noc *noc, uint16_t source, uint16_t destination)
{
    int32_t width = noc->config.width;
    return 1 + abs(source % width - destination % width) + abs(source / width - destination / width);
}

const struct noc_counters *noc_counters(const struct noc *noc)
{
    return &noc->counters;
}

/* --- checkpoints -------------------------------------------------------------------------------------------------- */

/* Bytes behind the data are those of earlier packets: they stay out, so that equal states make equal files. */
void noc_packet_snapshot(struct noc_packet *packet, struct snapshot *s)
{
    snapshot_number(s, packet->source);
    snapshot_number(s, packet->destination);
    snapshot_number(s, packet->kind);
    snapshot_number(s, packet->error);
    snapshot_number(s, packet->id);
    snapshot_number(s, packet->address);
    snapshot_number(s, packet->size);
    if (noc_packet_payload(packet) > NOC_MAX_DATA)
        s->failed = true;
    else
        snapshot_bytes(s, packet->data, noc_packet_payload(packet));
}

/* Places that a checkpoint names, if they are there. */
static bool is_sane(const struct noc *noc, const struct flight *flight)
{
    uint32_t routers = (uint32_t)noc->config.width * noc->config.height;
    bool holds = flight->holds < routers * PORTS || (flight->holds == NO_LINK && !flight->releases);
    return flight->router < routers && flight->packet.destination < routers && holds;
}

static void snapshot_flight(struct noc *noc, struct flight *flight, struct snapshot *s)
{
    snapshot_number(s, flight->when);
    snapshot_number(s, flight->sent);
    snapshot_number(s, flight->order);
    snapshot_number(s, flight->router);
    snapshot_number(s, flight->flits);
    snapshot_number(s, flight->holds);
    snapshot_number(s, flight->releases);
    noc_packet_snapshot(&flight->packet, s);
    if (!is_sane(noc, flight))
        s->failed = true;
}

static void snapshot_heap(struct noc *noc, struct snapshot *s)
{
    static const struct noc_packet none;
    uint32_t count = noc->count;
    snapshot_bytes(s, &count, sizeof count);
    for (uint32_t i = 0; i < count && !s->failed; i++) {
        struct flight *flight = s->saving ? noc->heap[i] : new_flight(noc, &none, 0);
        snapshot_flight(noc, flight, s);
        if (!s->saving)
            heap_push(noc, flight);
    }
}

static void snapshot_link(struct noc *noc, struct link *link, struct snapshot *s)
{
    static const struct noc_packet none;
    uint32_t count = 0;
    for (const struct flight *flight = link->first; flight; flight = flight->next)
        count++;
    snapshot_number(s, link->free_at);
    snapshot_number(s, link->room);
    snapshot_number(s, count);
    struct flight *flight = link->first;
    for (uint32_t i = 0; i < count && !s->failed; i++) {
        if (!s->saving)
            flight = new_flight(noc, &none, 0);
        snapshot_flight(noc, flight, s);
        if (!s->saving)
            wait_for_room(link, flight, flight->when);
        flight = flight->next;
    }
}

void noc_snapshot(struct noc *noc, struct snapshot *s)
{
    uint32_t links = (uint32_t)noc->config.width * noc->config.height * PORTS;
    uint64_t order = noc->order;
    snapshot_state(s, "noc", &noc->counters);
    snapshot_bytes(s, &order, sizeof order);
    if (!s->saving)
        empty(noc);
    snapshot_heap(noc, s);
    for (uint32_t i = 0; i < links && !s->failed; i++)
        snapshot_link(noc, link_at(noc, i), s);
    noc->order = order;
}
