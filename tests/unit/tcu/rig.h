/*
 * A small world for TCU tests: some tiles with a TCU and memory each, one tile that is memory only, and a network that
 * delivers in order of time, or in any order a test chooses. Everything is plain data, so a world can be copied.
 */
#ifndef TESTS_TCU_RIG_H
#define TESTS_TCU_RIG_H

#include "machine/tcu/tcu.h"

#define RIG_TILES         3
#define RIG_MEMORY        RIG_TILES /* number of the memory tile */
#define RIG_BYTES         0x10000   /* memory of each tile */
#define RIG_PENDING       64
#define RIG_ACT           7 /* the activity of the tests */
#define RIG_LOCAL_LATENCY 4
#define RIG_OUTSIDE       (RIG_MEMORY + 1) /* the source of rig_request */

struct rig_pending { /* an effect on its way */
    uint64_t due;
    uint64_t order;           /* of creation; decides between equal times */
    uint16_t tile;            /* whose event it becomes */
    enum tcu_event_kind kind; /* PACKET or LOCAL */
    bool failed;
    struct noc_packet packet;
};

struct rig {
    uint64_t now, order;
    uint32_t latency; /* of the network, cycles */
    struct tcu tcu[RIG_TILES];
    uint8_t memory[RIG_TILES + 1][RIG_BYTES];
    struct rig_pending pending[RIG_PENDING];
    uint32_t count;
    uint32_t irq[RIG_TILES][2]; /* levels */
    bool suspended[RIG_TILES], running[RIG_TILES];
    struct noc_packet cache_answer;
    uint32_t cache_answers;
    struct noc_packet answer; /* to rig_request */
    bool answered;
    char printed[TCU_PRINT_BYTES + 1];
};

void rig_init(struct rig *rig);

/* One register access of tile's core, at the present time. */
void rig_write(struct rig *rig, uint16_t tile, uint64_t offset, uint64_t value);
uint64_t rig_read(const struct rig *rig, uint16_t tile, uint64_t offset);

/* Any other event, at the present time. */
void rig_event(struct rig *rig, uint16_t tile, struct tcu_event event);

/* Lets the world run until nothing is left to do but timers later than `limit`; returns the cycles that passed. */
uint64_t rig_run(struct rig *rig);
void rig_run_until(struct rig *rig, uint64_t limit);

/* Single steps, for tests that choose the order: event `i` of rig->pending, or the tick of one tile. */
void rig_deliver(struct rig *rig, uint32_t i);
void rig_tick(struct rig *rig, uint16_t tile);
bool rig_deliverable(const struct rig *rig, uint32_t i);

/* Starts a command, runs until it ends, returns its error. */
enum tcu_error rig_command(struct rig *rig, uint16_t tile, enum tcu_opcode opcode, uint16_t ep, uint64_t arg0);
void rig_start(struct rig *rig, uint16_t tile, enum tcu_opcode opcode, uint16_t ep, uint64_t arg0);
enum tcu_error rig_error(const struct rig *rig, uint16_t tile);
bool rig_is_idle(const struct rig *rig, uint16_t tile);

/* Privileged command: error; *result is its argument field. */
enum tcu_error rig_priv(struct rig *rig, uint16_t tile, enum tcu_opcode opcode, uint64_t arg, uint64_t *result);

/* A request from tile `source` over the network, and its answer. */
void rig_request_begin(struct rig *rig, const struct noc_packet *request);
struct noc_packet rig_request_end(struct rig *rig);
struct noc_packet rig_request(struct rig *rig, const struct noc_packet *request);
enum tcu_error rig_noc_write(struct rig *rig, uint16_t tile, uint64_t address, const uint64_t *words, uint32_t count);
enum tcu_error rig_ext(struct rig *rig, uint16_t tile, enum tcu_opcode opcode, uint64_t arg, uint64_t *result);

/* Endpoints, written directly into the state. */
struct rig_recv {
    uint32_t slots_log2, slot_log2;
    uint16_t replies; /* first reply endpoint or TCU_NO_EP */
    uint64_t buffer;
};
void rig_set_send(struct rig *rig, uint16_t tile, uint16_t ep, uint16_t to_tile, uint16_t to_ep, uint32_t credits,
                  uint32_t msg_log2, uint64_t label);
void rig_set_recv(struct rig *rig, uint16_t tile, uint16_t ep, struct rig_recv recv);
void rig_set_memory(struct rig *rig, uint16_t tile, uint16_t ep, uint16_t to_tile, uint64_t address, uint64_t size,
                    uint32_t flags);
void rig_map(struct rig *rig, uint16_t tile, uint64_t virt, uint64_t phys, uint32_t flags);
void rig_set_field_(uint64_t *word, uint32_t first, uint32_t width, uint64_t value);
#define rig_set_field(word, field, value) rig_set_field_(&(word), field, value)

uint32_t rig_credits(const struct rig *rig, uint16_t tile, uint16_t ep);
uint32_t rig_occupied(const struct rig *rig, uint16_t tile, uint16_t ep);
uint32_t rig_unread(const struct rig *rig, uint16_t tile, uint16_t ep);
uint32_t rig_messages(const struct rig *rig, uint16_t tile);

#endif
