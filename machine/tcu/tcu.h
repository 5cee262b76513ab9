/*
 * The trusted communication unit of a tile, as a pure step function over a state struct: an event goes in, effects come
 * out, and nothing else in the world is touched. The tile (machine/tile) turns effects into memory accesses, packets
 * and interrupts, and their outcomes into events. A TCU can therefore be copied, saved, compared and explored.
 *
 * Time is in cycles of the tile's clock and never runs backwards. commands.def says what each command does.
 */
#ifndef MACHINE_TCU_TCU_H
#define MACHINE_TCU_TCU_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/tcu.h"
#include "machine/noc/packet.h"

#define TCU_MAX_EPS    192
#define TCU_RX_PACKETS 4 /* transfer buffers for requests of other tiles */
#define TCU_NEVER      (~UINT64_C(0))

struct tcu_costs { /* cycles */
#define TCU_COST(name, cycles, text) uint32_t name;
#include "machine/tcu/commands.def"
};

struct tcu_config {
    uint16_t tile;
    uint16_t endpoints; /* 1..TCU_MAX_EPS */
    uint32_t features;  /* TCU_FEATURE_* after reset */
    uint64_t tile_desc;
    uint64_t memory_base; /* physical address where the core's protected memory begins */
    uint32_t region_log2; /* bytes of a protection region, as a power of two */
    uint32_t mhz;         /* clock, to convert nanoseconds */
    struct tcu_costs costs;
};

struct tcu_ep {
    uint64_t r[3];
};

struct tcu_tlb_entry {
    uint16_t asid;
    uint8_t flags; /* TCU_TLB_*; without R and W the entry is free */
    uint64_t virt; /* page address */
    uint64_t phys; /* page address */
    uint64_t used; /* higher = more recently */
};

enum tcu_op_phase {
    TCU_OP_NONE,
    TCU_OP_START,  /* until `due`, then the checks */
    TCU_OP_LOAD,   /* waits for local data */
    TCU_OP_REMOTE, /* waits for a response */
    TCU_OP_STORE,  /* waits for a local write */
    TCU_OP_SLEEP,  /* the core is suspended until an event or `due` */
    TCU_OP_FINISH, /* until `due`, then ends with `error` */
};

/* A command under way, or a view of another unit's work for the shared checks. */
struct tcu_op {
    enum tcu_op_phase phase;
    uint64_t due;
    uint32_t id; /* of the awaited local access or response; any other is stale */
    uint8_t opcode;
    uint8_t error;
    uint8_t slot;
    bool write;
    bool took_credit;
    bool was_unread;
    uint16_t ep;
    uint16_t send_ep; /* SEND: ep; REPLY: the slot's reply endpoint */
    uint32_t send_epoch, recv_epoch;
    uint32_t size;  /* bytes of this packet */
    uint32_t delay; /* cycles of lookups, added before the next access */
    uint64_t arg0;
    uint64_t local; /* local address of the data: virtual, or physical without VM */
    uint64_t phys;
    struct tcu_ep reply_ep; /* REPLY: to restore on failure */
};

/* Requests of other tiles, served strictly one after the other: that order is the lock of the endpoint table. */
struct tcu_rx {
    struct noc_packet packet[TCU_RX_PACKETS];
    uint32_t head, count;
    bool storing; /* the head waits for a local access `id`, else for `due` */
    uint64_t due;
    uint32_t id;
    uint8_t slot;
    bool failed;
};

/* Core requests: each foreign message that the multiplexer has not been told of is counted at its endpoint. */
struct tcu_requests {
    uint64_t visible;    /* CU_REQ */
    uint16_t visible_ep; /* whose message it reports, or TCU_NO_EP */
    uint16_t queue[TCU_MAX_EPS + 1];
    uint16_t count;
    uint64_t pmp_failure; /* one that waits, or 0 */
};

struct tcu {
    struct tcu_config config;
    uint32_t features;
    uint64_t data_addr, data_size, arg1, command, ext_cmd, print;
    uint64_t priv_ctrl, priv_cmd, priv_arg, cur_act;
    struct tcu_ep ep[TCU_MAX_EPS];
    uint64_t print_buffer[TCU_PRINT_BYTES / 8];

    uint32_t epoch[TCU_MAX_EPS];     /* counts how often software wrote or invalidated the endpoint */
    uint8_t unreported[TCU_MAX_EPS]; /* foreign messages not yet shown in CU_REQ */
    struct tcu_requests requests;
    struct tcu_tlb_entry tlb[TCU_TLB_ENTRIES];
    uint64_t tlb_clock;
    uint32_t irqs;        /* pending, one bit per enum tcu_irq */
    uint64_t timer;       /* when it fires, or TCU_NEVER */
    bool abort_waits;     /* ABORT_CMD waits for a packet under way */
    uint32_t packets_out; /* READ, WRITE and cache packets without response yet */
    uint32_t next_id;
    struct tcu_op op;
    uint8_t op_data[TCU_MAX_DATA];
    struct tcu_rx rx;
};

enum tcu_event_kind {
    TCU_EV_TICK,      /* `now` has come (see tcu_deadline) */
    TCU_EV_WRITE,     /* the core writes a register */
    TCU_EV_PACKET,    /* from the network; requests only while tcu_accepts */
    TCU_EV_LOCAL,     /* a LOCAL_READ or LOCAL_WRITE has ended */
    TCU_EV_CACHE,     /* a cache of the core misses */
    TCU_EV_INTERRUPT, /* the core has an interrupt from elsewhere: it is not to sleep */
};

struct tcu_event {
    enum tcu_event_kind kind;
    uint64_t now;
    uint64_t address; /* WRITE: register offset; CACHE: physical address */
    uint64_t value;   /* WRITE */
    uint32_t id;      /* LOCAL: that of the effect; CACHE: 24 bits of the core's choice */
    uint32_t size;    /* LOCAL reads, CACHE: bytes, at most TCU_MAX_DATA */
    bool write;       /* CACHE */
    bool failed;      /* LOCAL: there is no memory */
    const void *data; /* LOCAL reads, CACHE writes */
    const struct noc_packet *packet;
};

enum tcu_effect_kind {
    TCU_FX_PACKET,      /* send `packet` */
    TCU_FX_LOCAL_READ,  /* read packet.size bytes at physical packet.address; then TCU_EV_LOCAL with packet.id */
    TCU_FX_LOCAL_WRITE, /* write packet.data there; then TCU_EV_LOCAL with packet.id */
    TCU_FX_CACHE_DONE,  /* answer to TCU_EV_CACHE packet.id: packet.error, packet.data */
    TCU_FX_IRQ,         /* set interrupt line packet.id to packet.size (0 or 1) */
    TCU_FX_SUSPEND,     /* the core stops after its store to COMMAND */
    TCU_FX_WAKE,        /* the suspended core goes on */
    TCU_FX_CORE_START,
    TCU_FX_CORE_STOP,
    TCU_FX_PRINT, /* packet.size characters in packet.data */
};

struct tcu_effect {
    enum tcu_effect_kind kind;
    uint32_t delay; /* cycles after the event */
    struct noc_packet packet;
};

#define TCU_MAX_EFFECTS 8
struct tcu_out {
    uint64_t now;
    uint32_t count;
    struct tcu_effect effect[TCU_MAX_EFFECTS];
};

/* The costs of commands.def: cycles as in the reference TCU. */
struct tcu_costs tcu_default_costs(void);

/* Fills in a TCU after reset of the machine: FEATURES as configured, all endpoints invalid, no current activity. */
void tcu_init(struct tcu *tcu, const struct tcu_config *config);

/* Advances the state by one event; `out` is overwritten with the effects, in order. */
void tcu_step(struct tcu *tcu, const struct tcu_event *event, struct tcu_out *out);

/* When the next TCU_EV_TICK is due, or TCU_NEVER. */
uint64_t tcu_deadline(const struct tcu *tcu);

/* Whether a request packet may be given to tcu_step now; responses always may. */
bool tcu_accepts(const struct tcu *tcu);

/* What the core reads from the 8-byte aligned register at `offset` at time `now`; 0 where there is none. */
uint64_t tcu_core_read(const struct tcu *tcu, uint64_t offset, uint64_t now);

/*
 * Protection of a cache miss without the packets, for cores that account for time themselves: which tile and address
 * serve `size` bytes at physical address `phys`; TCU_E_NONE or the error. No side effect.
 */
enum tcu_error tcu_protect(struct tcu *tcu, uint64_t phys, uint32_t size, bool write, uint16_t *tile,
                           uint64_t *address);

#endif
