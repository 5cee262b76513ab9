/*
 * What the tests of the kernel on the host share: the first task's invocations, and threads, gates and tasks made by
 * them. Slots are numbers that the test chooses.
 */
#pragma once

#include "kernel/arch/host/host.h"
#include "kernel/factory.h"
#include "kernel/pool.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { TASK = 1, THREAD, FACTORY, LOG, ICU, SCHEDULER, SC, SLOT_FREE }; /* slots of the first task after host_boot */

/* cmocka set-up: boots a machine of 4 MiB pool and 4 MiB user memory. */
int boot(void **unused);

struct thread *root(void);

/* The current thread calls the kernel object in the slot; gives the error. */
u64 call(u64 slot, u64 tag, u64 w0, u64 w1, u64 w2, u64 w3);

/* Error of t's last invocation: of the kernel in the tag, else word 0. */
u64 result(const struct thread *t);

/* Item i of the first thread's next message: the capability in `slot`. */
void item(u32 i, u64 slot);

u64 create(u64 factory, u64 slot, u64 kind, u64 parameter);

/* Deletes what stands in the first task's slot. */
void destroy(u64 slot);

/* host_check finds nothing. */
void check(void);

/* The object in a slot of the first task. */
struct object *object_in(u64 slot);

/* A thread of the first task in slot n, with a UTCB of its own; passive unless `sc` names a slot for an SC. */
struct thread *make_thread(u64 n, u64 sc);

/* The same from another factory than the first one. */
struct thread *make_thread_from(u64 factory, u64 n, u64 sc);

/*
 * A task in slot n, its thread in n+1 (running), SC in n+2, all from the factory in `factory`; its slot 1 holds the
 * first task's capability to itself, with which it can do anything. Its UTCB stands at HOST_UTCB.
 */
struct thread *make_task(u64 factory, u64 n);

/* A gate to the thread, its label the slot. */
void make_gate(u64 slot, u64 thread);

/* Thread.ex_regs with a pc. */
void start(u64 thread, u64 flags);

/* t, which must be running, invokes with words 0. */
void invoke_as(struct thread *t, u64 tag, u64 selector, u64 timeouts);

/* The same without time limits, by the fast path where that takes it. */
void invoke_fast_as(struct thread *t, u64 tag, u64 selector);
#define AT(slot) ((u64)(slot))

/* Tables are in stock: where it is looked for interrupts, and which pages are taken, is the operation's own doing. */
void fill_stock(void);

/* What must be as before after objects have gone: charged bytes and the pool. */
struct holdings {
    u64 used, pool;
};
struct holdings holdings(void);
void assert_holdings(struct holdings before);
