/* How a test drives the kernel on the host. */
#pragma once

#include "kernel/sched.h"
#include "kernel/task.h"

#define HOST_RAM_BYTES (64ull << 20)

/* Boots: a first task with all capabilities (abi/boot_info.h), its thread running, its UTCB at HOST_UTCB; memory of
 * `user_bytes` mapped for it at HOST_MEMORY. Everything of an earlier boot is forgotten. */
void host_boot(u64 pool_bytes, u64 user_bytes);
#define HOST_UTCB   0x1ffff000ull
#define HOST_MEMORY 0x40000000ull

struct task *host_root_task(void);
struct thread *host_root_thread(void);

/* The running thread; NULL: all wait. */
struct thread *host_current(void);

/*
 * The running thread invokes: message words, tag, selector, timeouts and reply slot as in its registers. Then the
 * kernel chooses who runs next.
 */
void host_invoke(u64 tag, u64 selector, u64 timeouts, u64 reply_slot, const u64 words[MSG_REGS]);

/* The same by way of the fast path where that takes it. */
void host_invoke_fast(u64 tag, u64 selector, const u64 words[MSG_REGS]);

/* The running thread faults. */
void host_page_fault(vaddr_t address, u32 access);
void host_exception(u64 cause);

/* Time passes, and the timer interrupt comes if it is due. */
void host_advance(u64 microseconds);

/* What the kernel told the interrupt controller of each line. */
#define HOST_LINES 64
extern struct host_line {
    bool enabled;
    u32 completed; /* how often */
} host_lines[HOST_LINES];

/* Interrupt line `line` fires. */
void host_interrupt(u32 line);

/* The next `n` looks for pending interrupts find one: exercises preemption points. */
extern u32 host_pending_after;
extern bool host_pending_enabled;

/* Every look finds one, for ever. */
extern bool host_pending_always;

/* An interrupted invocation is not executed again by itself: the thread does something else instead. */
extern bool host_no_restart;

/* What the kernel prints is dropped (not its panics). */
extern bool host_quiet;

/* The n-th allocation of a page from now on fails; 0: none. */
extern u64 host_fail_page;

/* The n-th allocation of any kind from now on fails; 0: none. Where in the program (offsets of returns) some did. */
extern u64 host_fail_allocation;
#define HOST_SITES 64
extern u64 host_failed_at[HOST_SITES];

/* At boot: the first `bytes` of memory may be touched again. */
void host_memory_reset(u64 bytes);

/*
 * Checks the kernel's invariants: derivation trees, page tables, slots, quotas, queues. Gives NULL or what is wrong.
 */
const char *host_check(void);
