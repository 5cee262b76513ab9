/*
 * What an architecture supplies. arch_types.h (found by the include path) has the types and what must be inlined;
 * the functions below are the rest. docs/porting.md walks through them.
 */
#pragma once

#include "abi/types.h"
#include <arch_types.h>

struct cpu;
struct thread;

/*
 * Inlined by arch_types.h:
 *   struct arch_hot_regs     registers of a thread that survive an invocation (first member: pc), and status
 *   struct arch_cold_regs    all others: mr[8], tag, selector/label, timeouts, reply_slot, and what the ABI zeroes
 *   struct arch_fpu          FPU state
 *   arch_regs_result(cold)   the registers are an invocation's result: all beyond words, tag and label come back zero
 *   arch_regs_done(cold)     they are the result of an operation that succeeded and has none
 *   arch_regs_signal(cold, label)         they are a signal: words and tag 0
 *   arch_regs_complete(cold) writes out words, tag and label that are implied only
 *   arch_fast_tag(), arch_fast_word()      on the fast path: tag and word 0 of the message
 *   arch_cpu_self()          the struct cpu of the executing CPU
 *   arch_time()              ticks of the time source
 *   arch_relax()             between two looks at what another CPU writes
 *   arch_space_switch(root)  loads the MMU register
 *   arch_pte_make(phys, rights), arch_pte_table(phys), arch_pte_valid, arch_pte_leaf,
 *   arch_pte_is_table, arch_pte_below (the table it leads to), arch_pte_step(size), arch_pte_phys
 *   arch_phys_to_virt, arch_virt_to_phys   the kernel's window on physical memory
 */

/* --- time and interrupts --- */
void arch_timer_set(u64 ticks);      /* the timer interrupt comes at this time (at once if it has passed) */
bool arch_irq_pending(void);         /* an interrupt waits to be taken: long operations stop */
void arch_wait(void);                /* until an interrupt is pending */
void arch_serve(void);               /* serves all that are pending */

/* --- other CPUs --- */
bool arch_cpu_start(struct cpu *cpu); /* it takes the lock, which is not free, and calls sched_exit */
void arch_ipi_send(u64 cpu);         /* an interrupt for the CPU with this index */
void arch_ipi_clear(void);           /* those that have come are served */
void arch_rest(struct cpu *cpu);     /* others may change what is the CPU's: FPU to memory, MMU to the kernel's root */
void arch_nap(void);                 /* a longer arch_relax: sleeps for some microseconds; uses the timer */

/* --- interrupt lines, routed to one CPU each --- */
void arch_line_enable(u64 cpu, u32 line, bool on);
void arch_line_complete(u64 cpu, u32 line);  /* the interrupt was served: the line may signal again */

/* --- address spaces --- */
void arch_space_init_root(u64 *table); /* enters the kernel's own mappings into a new root table */
u64 arch_space_root(u64 *table, u64 asid);
u64 arch_kernel_root(void);          /* a root with the kernel's mappings only */
u64 arch_asid_count(void);           /* 1: the MMU has none, the TLB is flushed at each switch */
void arch_tlb_flush_page(u64 asid, vaddr_t address);
void arch_tlb_flush_asid(u64 asid);
void arch_tlb_flush_all(void);
void arch_code_changed(void);        /* this CPU's instruction fetches see all earlier stores */

/* --- threads --- */
void arch_thread_init(struct thread *t);
void arch_regs_restart(struct thread *t);       /* the invocation is executed again when t runs next */
void arch_regs_argument(struct thread *t, u64 first, u64 second); /* arguments of the function at its pc */
void arch_exception_read(struct thread *t, u64 words[]);        /* EXC_WORD_PC and all registers */
void arch_registers_start(u64 words[], u64 pc, u64 sp, u64 tp); /* the same words: a function begins, all else is 0 */
void arch_exception_write(struct thread *t, const u64 words[]); /* the same back; privileged bits are ignored */
void arch_fpu_leave(struct thread *t);          /* its home rests or is this CPU: the state is in memory only */

/* --- console and end --- */
void arch_console_put(char c);
int arch_console_get(void);          /* -1: none */
_Noreturn void arch_halt(void);
