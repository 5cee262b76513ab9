/* The state of a pipe: see ring.h. */
#include "servers/pipe/ring.h"

#include "abi/error.h"
#include "proto/file.h"

static u64 least(u64 a, u64 b)
{
    return a < b ? a : b;
}

static u64 full(const struct ring *ring)
{
    return ring->written - ring->read;
}

static bool busy(const struct ring_piece *piece, const void *who)
{
    return piece->holder && piece->holder != who;
}

static err_t end_piece(struct ring_piece *piece, const void *who, u64 n)
{
    if (piece->holder != who || n > piece->length)
        return E_INVAL;
    *piece = (struct ring_piece){0};
    return E_OK;
}

err_t ring_commit_in(struct ring *ring, const void *who, u64 n)
{
    err_t error = end_piece(&ring->in, who, n);
    if (!error)
        ring->read += n;
    return error;
}

err_t ring_commit_out(struct ring *ring, const void *who, u64 n)
{
    err_t error = end_piece(&ring->out, who, n);
    if (!error)
        ring->written += n;
    return error;
}

err_t ring_next_in(struct ring *ring, const void *who, u64 *at, u64 *length)
{
    if (busy(&ring->in, who))
        return E_AGAIN;
    if (ring->in.holder)
        ring_commit_in(ring, who, ring->in.length);
    *at = ring->read % RING_SIZE;
    *length = least(full(ring), RING_PIECE);
    if (!*length)
        return ring->writers ? E_AGAIN : E_OK;
    ring->in = (struct ring_piece){who, *length};
    return E_OK;
}

err_t ring_next_out(struct ring *ring, const void *who, u64 hint, u64 *at, u64 *length)
{
    if (!ring->readers)
        return E_PIPE;
    if (busy(&ring->out, who))
        return E_AGAIN;
    if (ring->out.holder)
        ring_commit_out(ring, who, ring->out.length);
    u64 room = RING_SIZE - full(ring);
    if (room < (hint ? least(hint, RING_ATOMIC) : 1))
        return E_AGAIN;
    *at = ring->written % RING_SIZE;
    *length = least(least(room, RING_PIECE), hint ? hint : RING_PIECE);
    ring->out = (struct ring_piece){who, *length};
    return E_OK;
}

void ring_drop(struct ring *ring, const void *who)
{
    if (ring->in.holder == who)
        ring->in = (struct ring_piece){0};
    if (ring->out.holder == who)
        ring->out = (struct ring_piece){0};
}

u32 ring_events_in(const struct ring *ring)
{
    return (full(ring) || !ring->writers ? FILE_EVENT_IN : 0) | (ring->writers ? 0 : FILE_EVENT_HUP);
}

u32 ring_events_out(const struct ring *ring)
{
    bool room = RING_SIZE - full(ring) >= RING_ATOMIC;
    return (room || !ring->readers ? FILE_EVENT_OUT : 0) | (ring->readers ? 0 : FILE_EVENT_HUP);
}
