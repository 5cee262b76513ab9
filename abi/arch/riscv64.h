/*
 * How an invocation uses the registers of RV64. `ecall` from user mode is the one system call:
 *
 *          in                                  out
 *   s1     tag                                 tag
 *   s2-s9  message words 0-7                   message words 0-7
 *   a0     selector                            0
 *   a1     -                                   label of the gate or Irq that was received from
 *   a2     slot for the reply capability of    0
 *          what is received (0 = implicit)     } these two count if the selector has SEL_TIMED
 *   a3     timeouts                            0
 *   kept   pc, sp, gp, tp, s0
 *   zeroed ra, a0, a2-a7, t0-t6, s10, s11
 *
 * The message sits in callee-saved registers because the kernel's fast path, a C function, leaves those alone.
 * The floating-point registers belong to the thread; no invocation changes them.
 */
#pragma once

#define ARCH_PAGE_SHIFT 12
#define ARCH_PAGE_SIZE  4096ull
#define ARCH_VA_BITS    38 /* Sv39, user half */

/* Message of a page fault (operation FAULT_PAGE): words. The reply maps pages by its items; word 0 != 0 = exception. */
#define FAULT_WORD_OP     0
#define FAULT_WORD_ADDR   1 /* faulting address, all bits */
#define FAULT_WORD_ACCESS 2 /* RIGHT_R, RIGHT_W or RIGHT_X: what was tried */
#define FAULT_WORD_PC     3
#define FAULT_WORDS       4

/*
 * Message of an exception (operation FAULT_EXCEPTION). A reply of as many words sets the registers; word 0 != 0 kills.
 */
#define EXC_WORD_OP    0
#define EXC_WORD_CAUSE 1 /* scause, or EXC_FORCED */
#define EXC_WORD_TVAL  2
#define EXC_WORD_PC    3
#define EXC_WORD_REGS  4 /* x1..x31 */
#define EXC_WORDS      35
#define EXC_FORCED     0x18 /* cause: forced by ex_regs */
