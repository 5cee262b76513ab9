/* What threads do wrong, or cannot do alone: page faults and exceptions become messages to their pager or handler. */
#pragma once

#include "kernel/thread.h"

/*
 * Page fault at `address`; access: RIGHT_R, RIGHT_W or RIGHT_X. `cause`, `value`: the exception it is if nobody helps.
 */
void fault_page(struct thread *t, vaddr_t address, u32 access, u64 cause, u64 value);

/* Exception: goes to the handler; without one the thread stops. */
void fault_exception(struct thread *t, u64 cause, u64 value);

/* The pager has given up the page fault of t: it becomes an exception. */
void fault_unresolved(struct thread *t);
