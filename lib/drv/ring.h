/*
 * A byte ring with free-running indices: the owner puts at the head, takes at the tail. For one thread.
 *
 *     tail          head
 *      v             v
 *   ...[full][full]..[empty]...      count = head - tail, never more than RING_SIZE
 */
#pragma once

#include "abi/types.h"

#define RING_SIZE 4096u /* a power of two */

struct ring {
    u32 head, tail;
    u8 byte[RING_SIZE];
};

static inline u32 ring_count(const struct ring *ring)
{
    return ring->head - ring->tail;
}

static inline u32 ring_room(const struct ring *ring)
{
    return RING_SIZE - ring_count(ring);
}

/* False: full, the byte is not taken. */
static inline bool ring_put(struct ring *ring, u8 byte)
{
    if (ring_room(ring) == 0)
        return false;
    ring->byte[ring->head++ % RING_SIZE] = byte;
    return true;
}

/* False: empty. */
static inline bool ring_take(struct ring *ring, u8 *byte)
{
    if (ring_count(ring) == 0)
        return false;
    *byte = ring->byte[ring->tail++ % RING_SIZE];
    return true;
}
