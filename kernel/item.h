/* Map items of messages. */
#pragma once

#include "kernel/thread.h"

/* How many a message with this tag has. */
static inline u32 tag_items(u64 tag)
{
    u32 items = tag >> TAG_ITEMS_SHIFT & TAG_ITEMS_MASK;
    return items < MSG_ITEMS_MAX ? items : MSG_ITEMS_MAX;
}

#define ITEMS_EVERYWHERE 0x1 /* the receiver is a faulting thread: its window is its whole address space */
#define ITEMS_IN_STEPS   0x2 /* s can execute its invocation again */

/*
 * Sees to it that the items of a request, which is not interrupted, find zeroed pages for the tables that they need.
 * False: interrupted, call again.
 */
bool item_prepare(void);

/*
 * Maps the first `count` items of s into the receive windows of r, up to the first that fails. An item and its window
 * are read at a time, and anew when the invocation is executed again: sibling threads can write the UTCBs at any time.
 * *done: how many arrived. With ITEMS_EVERYWHERE the receiver's UTCB stays untouched. INVOKE_RESTART: interrupted, s
 * keeps how far it came. Without ITEMS_IN_STEPS, only the first two items can be memory, each one mapping: more is
 * E_MSGSIZE.
 */
err_t item_transfer(struct thread *s, struct thread *r, u32 count, u32 how, u32 *done);
