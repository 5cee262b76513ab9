/*
 * A machine of tiles: a network on chip, and at each place of it a core, an accelerator or memory, with a TCU between
 * network and tile (memory tiles answer by themselves). This is the part that turns a TCU's effects into packets,
 * memory accesses and signals to the core, and lets time pass in order of events. Cores are attached from outside
 * (machine/tile/core.c); everything else is here.
 */
#ifndef MACHINE_TILE_MESH_H
#define MACHINE_TILE_MESH_H

#include "machine/accel/accel.h"
#include "machine/noc/noc.h"
#include "machine/tcu/tcu.h"

enum tile_kind { TILE_NONE, TILE_CORE, TILE_ACCEL, TILE_MEMORY };

struct tile_config {
    enum tile_kind kind;
    const struct accel_logic *logic; /* TILE_ACCEL */
    uint32_t compute_cycles;         /* TILE_ACCEL: per block; 0: the logic's default */
    uint64_t memory;                 /* bytes; of a core tile with a core, the core has the memory */
    uint16_t endpoints;
};

/* Time of memory accesses by the TCU or the network, in cycles. */
struct memory_costs {
    uint32_t latency; /* until the first byte */
    uint32_t bytes_per_cycle;
};

struct mesh_config {
    struct noc_config noc;
    struct tile_config *tiles; /* noc.width * noc.height of them */
    struct tcu_costs tcu;
    struct memory_costs local; /* memory of accelerators */
    struct memory_costs cache; /* of core tiles: the level of their caches that the TCU accesses */
    struct memory_costs dram;  /* of memory tiles */
    uint64_t memory_base;      /* where a core's protection regions begin */
    uint32_t region_log2;
    uint32_t mhz;
};

/* What a core tile's core is told. All may be called during any mesh function. */
struct core_ops {
    void (*irq)(void *core, enum tcu_irq irq, bool level, uint64_t when);
    void (*suspend)(void *core);
    void (*wake)(void *core, uint64_t when);
    void (*start)(void *core, uint64_t when);
    void (*stop)(void *core);
    void (*print)(void *core, const char *text, uint32_t length);
    /* Reads or writes the core's physical memory from outside; false if there is none. */
    bool (*access)(void *core, bool write, uint64_t address, uint32_t length, uint8_t *data);
};

struct tile_event { /* a packet or an effect, with a time */
    uint64_t when;
    enum tcu_effect_kind kind;
    struct tile_event *next;
    struct noc_packet packet;
};

struct tile {
    _Alignas(64) struct mesh *mesh; /* neighbours may be simulated by other threads: no line in common */
    uint16_t id;
    enum tile_kind kind;
    uint64_t memory_size;
    uint8_t *memory;
    struct memory_costs costs;
    uint64_t memory_free; /* when the memory's port is free again */
    struct tcu tcu;       /* not in memory tiles */
    struct accel accel;   /* TILE_ACCEL */
    void *core;           /* TILE_CORE */
    const struct core_ops *core_ops;
    struct tile_event *arrivals; /* packets from the network, ordered by time, as all of these are */
    struct tile_event *events;   /* effects that wait for their time */
    struct tile_event *inbox;    /* requests that have arrived and that the TCU has no buffer for */
    struct tile_event *outbox;   /* packets that have left and that the network does not know yet */
    struct tile_event *spare;
    uint64_t bytes_read, bytes_written; /* by TCU or network */
};

/* Who watches, for traces. Functions may be NULL; they must not change anything. */
struct mesh_observer {
    void *context;
    void (*effect)(void *context, const struct tile *tile, const struct tcu_effect *effect, uint64_t when);
    void (*packet)(void *context, const struct noc_packet *packet, bool arrives, uint64_t when);
    void (*stepped)(void *context, const struct tile *tile, uint64_t when); /* after each event of the tile */
};

struct mesh {
    struct mesh_config config;
    struct noc *noc;
    uint32_t count;
    struct tile *tiles;
    uint64_t now;     /* time of the event being processed */
    uint64_t reached; /* tiles at which packets are sure to arrive, since it was last asked */
    struct mesh_observer observer;
};

/* Default costs: TCU and network as documented there, 1 GHz; sources of the memory's stand beside the values. */
struct mesh_config mesh_default_config(uint16_t width, uint16_t height, struct tile_config *tiles);

/* NULL and a text in *error if the configuration makes no sense or memory is short. Free with mesh_destroy. */
struct mesh *mesh_create(const struct mesh_config *config, const char **error);
void mesh_destroy(struct mesh *mesh);

/* The next event, or ~0; and processing all events up to `until`, in order. */
uint64_t mesh_deadline(const struct mesh *mesh);
void mesh_advance(struct mesh *mesh, uint64_t until);

/*
 * The same in parts, for those who look ahead (machine/tile/system.c). A tile's next event, and processing one that is
 * due at `now`, touch nothing but the tile itself, so different tiles may do so in different threads. Exchange gives
 * what tiles have sent to the network; foresee lets the network decide about its events up to `until`, and returns
 * the set of tiles (of the first 64) at which packets are now sure to arrive.
 */
uint64_t tile_deadline(const struct tile *tile);
void tile_advance(struct tile *tile, uint64_t now);
void tile_exchange(struct tile *tile);
void mesh_exchange(struct mesh *mesh);
uint64_t mesh_foresee(struct mesh *mesh, uint64_t until);

/* Register accesses of a tile's core or support module at time `now`, which may not lie before processed events. */
uint64_t tile_read(struct tile *tile, uint64_t reg, uint64_t now);
void tile_write(struct tile *tile, uint64_t reg, uint64_t value, uint64_t now);

/* The tile's core has an interrupt that does not come from the TCU: ends its SLEEP. */
void tile_interrupt(struct tile *tile, uint64_t now);

/*
 * A line of 64 bytes between a core's caches and its windows, for cores that account for time themselves: checks the
 * protection endpoint, takes network and memory, and returns the cycles from `now` until the line is there; 0 if the
 * endpoint forbids it.
 */
uint32_t tile_cache_line(struct tile *tile, uint64_t phys, bool write, uint64_t now);

/* The core's access to that line was in vain: tells the TCU, which asks the core to see to it if PRIV_CTRL says so. */
void tile_refuse_line(struct tile *tile, uint64_t phys, bool write, uint64_t now);

/*
 * The host memory behind window `index` (0 to 3) of a core tile: how many bytes of it there are, and whether they may
 * be written. NULL if its endpoint gives none, or not whole pages.
 */
uint8_t *tile_window(struct tile *tile, uint32_t index, uint64_t *size, bool *writable);

#endif
