/*
 * The network on chip: a two-dimensional mesh of routers with XY routing. Events are processed in order of time (ties
 * by time and tile of sending), so the same packets at the same times always give the same arrivals.
 *
 *   tile -> [port] -> router --link--> router --link--> router -> [port] -> tile
 *
 * A packet's head needs `router_cycles` in each router and `link_cycles` on each link; the link is taken for as many
 * cycles as the packet has flits, and others wait in order of arrival (virtual cut-through). A link between routers
 * takes a packet when the buffer behind it has room for all its flits, and packets that wait for room hold back those
 * behind them: a hot spot fills the network backwards. Tiles take what arrives; XY routing then cannot deadlock.
 * Packets between the same two tiles never overtake each other. Ports are links too, so a tile sends and receives one
 * packet at a time.
 */
#ifndef MACHINE_NOC_NOC_H
#define MACHINE_NOC_NOC_H

#include "machine/noc/packet.h"

struct noc_config {
    uint16_t width, height; /* routers; tile number = y * width + x */
    uint32_t link_bytes;    /* width of a link, bytes per cycle */
    uint32_t router_cycles; /* head latency of a router */
    uint32_t link_cycles;   /* head latency of a link or port */
    uint32_t buffer_flits;  /* of the buffer behind each link between routers; 0: without bound */
    uint32_t extra_cycles;  /* added to each packet before it enters: a slower or longer interconnect */
};

struct noc_counters {
    uint64_t packets, bytes; /* delivered; bytes on the wire, headers included */
    uint64_t flit_hops;      /* cycles of all links that were used */
    uint64_t waiting;        /* cycles that heads waited for links taken by others */
    uint64_t refused;        /* requests to tiles that do not exist */
};

struct noc;

/* 16-byte links, three cycles per hop: as the published hardware network, with a router of two stages. */
struct noc_config noc_default_config(uint16_t width, uint16_t height);

/* NULL if a size or link_cycles is 0, or the mesh has more than 16384 tiles. Free with noc_destroy. */
struct noc *noc_create(const struct noc_config *config);
void noc_destroy(struct noc *noc);

/* Says that a tile answers at this place. Requests to places without tile are answered with TCU_E_TIMEOUT_NOC. */
void noc_attach(struct noc *noc, uint16_t tile);

/* Takes a copy of the packet at its source at time `now` (cycles), not before any event already processed. */
void noc_send(struct noc *noc, const struct noc_packet *packet, uint64_t now);

/*
 * How far one can look ahead: a packet sent at s takes part in no event before s + entry, and one whose next event is
 * at h does not arrive before h + exit.
 */
uint64_t noc_entry_cycles(const struct noc *noc);
uint64_t noc_exit_cycles(const struct noc *noc);

/* Time of the next event, or ~0 if all packets are delivered. */
uint64_t noc_deadline(const struct noc *noc);

/*
 * Processes events up to `now`. `deliver` gets each packet as soon as nothing can delay it any more, with the time
 * `when` (not before now) at which its last flit arrives; those for the same tile in order.
 */
typedef void noc_deliver_fn(void *context, const struct noc_packet *packet, uint64_t when);
void noc_advance(struct noc *noc, uint64_t now, noc_deliver_fn *deliver, void *context);

/*
 * For cores that account for time themselves: takes the links on the way of a packet of `bytes` (header included) that
 * leaves at `now`, and returns when its last flit arrives.
 */
uint64_t noc_reserve(struct noc *noc, uint16_t source, uint16_t destination, uint32_t bytes, uint64_t now);

/* Number of routers a packet passes. */
uint32_t noc_hops(const struct noc *noc, uint16_t source, uint16_t destination);

const struct noc_counters *noc_counters(const struct noc *noc);

/* Saves or restores links, counters and all packets under way. */
struct snapshot;
void noc_snapshot(struct noc *noc, struct snapshot *s);

/* Saves or restores a packet: its head, and as many bytes of data as it says. */
void noc_packet_snapshot(struct noc_packet *packet, struct snapshot *s);

#endif
