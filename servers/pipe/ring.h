/*
 * What a pipe is, without memory and messages: counters of bytes, who holds a piece, how many ends are open. Bytes lie
 * in a ring of RING_SIZE bytes that clients see twice in a row, so that every piece is in one run:
 *
 *      0          read            written   RING_SIZE                                 2 RING_SIZE
 *      |   free    |  full .........|  free  |   the same bytes again                 |
 *
 * Pieces are at most RING_PIECE long. A reader may keep what it has not consumed; even then the ring has room for as
 * much again, so a pipe always takes RING_SIZE - RING_PIECE bytes before its writer waits.
 */
#pragma once

#include "abi/types.h"

#define RING_ORDER  17
#define RING_SIZE   (1ull << RING_ORDER)
#define RING_PIECE  (RING_SIZE / 2)
#define RING_ATOMIC 4096 /* bytes: writes up to here are in one piece */

/* One direction: the piece that somebody works on now. */
struct ring_piece {
    const void *holder; /* NULL = nobody */
    u64 length;
};

struct ring {
    u64 read, written;    /* bytes since the beginning; read <= written <= read + RING_SIZE */
    u32 readers, writers; /* open ends */
    struct ring_piece in, out;
};

/*
 * The next piece for reader `who`: *at = offset in the ring, *length = 0 at the end of input. What `who` held before
 * counts as consumed. AGAIN: nothing there, or another reader is at work.
 */
err_t ring_next_in(struct ring *ring, const void *who, u64 *at, u64 *length);

/* n bytes of the piece of `who` are consumed. INVAL: it has no piece, or not that much. */
err_t ring_commit_in(struct ring *ring, const void *who, u64 n);

/*
 * Room for writer `who`, who has `hint` bytes. What it held before counts as written. PIPE: nobody reads. AGAIN: not
 * enough room (all of them if they are at most RING_ATOMIC), or another writer is at work.
 */
err_t ring_next_out(struct ring *ring, const void *who, u64 hint, u64 *at, u64 *length);
err_t ring_commit_out(struct ring *ring, const void *who, u64 n);

/* `who` is gone: what it held does not count. */
void ring_drop(struct ring *ring, const void *who);

/* What is so now: FILE_EVENT_* for readers and writers. */
u32 ring_events_in(const struct ring *ring);
u32 ring_events_out(const struct ring *ring);
