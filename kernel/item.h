/* Map items of messages. */
#pragma once

#include "kernel/thread.h"

/*
 * Maps the first `count` items of s into the receive windows of r, up to the first that fails. Each item and window is
 * read once: sibling threads can write the UTCBs at any time. `everywhere`: the receiver is a faulting thread, whose
 * window is its whole address space and whose UTCB stays untouched. *done: how many arrived.
 */
err_t item_transfer(struct thread *s, struct thread *r, u32 count, bool everywhere, u32 *done);
