/*
 * A virtio-mmio device for unit tests: its registers are those of VIRTIO 1.2 §4.2.2, its memory is the test's own
 * (physical addresses are pointers). A test moves it step by step, and may make it lie.
 */
#pragma once

#include "abi/types.h"
#include "hw/virtio_ring.h"

#define SIM_QUEUES 16
#define SIM_CONFIG 64
#define SIM_CHAIN  16
#define SIM_BASE   0x10001000ull

struct sim_queue {
    u32 max, size, ready;
    u64 desc, avail, used;
    u16 avail_seen; /* how far the device has taken */
    u32 notified;
};

struct sim_virtio {
    u32 magic, version, id, status, interrupt;
    u64 offered, accepted;
    u32 offered_sel, accepted_sel, queue_sel;
    u32 generation;
    bool refuse_features; /* FEATURES_OK does not stick */
    bool hang_in_reset;
    u32 resets;
    struct sim_queue queue[SIM_QUEUES];
    u8 config[SIM_CONFIG];
};

/* The one device, behind SIM_BASE. */
extern struct sim_virtio sim;

/* A chain as the device found it. */
struct sim_chain {
    u16 head, count;
    struct virtq_desc desc[SIM_CHAIN];
};

/* A device with this id, these features and `queues` queues of up to `queue_max` descriptors. */
void sim_init(u32 id, u64 features, u32 queues, u32 queue_max);

/* Takes the next chain of a queue; false: the driver has given none. Fails the test if the chain is not well formed. */
bool sim_take(u32 queue, struct sim_chain *chain);

/* Returns a chain with `length` bytes written and raises the interrupt; id and length as the test likes. */
void sim_return(u32 queue, u32 id, u32 length);

/* Sets the used index without an entry: a lie. */
void sim_set_used_index(u32 queue, u16 index);

/* Host address of a descriptor's memory. */
void *sim_memory(const struct virtq_desc *desc);
