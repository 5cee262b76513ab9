/*
 * From user mode into the kernel and back. While user code runs, sscratch holds the running thread; on the fast path,
 * a2 does; behind it, sscratch again, and tp is the CPU (arch_cpu_self). The kernel runs with interrupts off and takes
 * no traps of its own.
 *
 * An invocation saves only what survives it (struct arch_hot_regs) and tries the fast path, with the message words left
 * in s2-s9. What the fast path leaves saves the words besides; only other traps save all registers.
 */
#include "kernel/arch/riscv64/debug.h"
#include "kernel/arch/riscv64/offsets.h"

    .section .text.entry
    .globl trap_entry
    .balign 64
trap_entry:
    csrrw a2, sscratch, a2          /* a2 = thread, sscratch = its a2 */
    sd    sp, THREAD_SP(a2)
    csrr  sp, scause
    addi  sp, sp, -8                /* environment call from user mode? */
    sd    gp, THREAD_GP(a2)
    sd    tp, THREAD_TP(a2)
    sd    s0, THREAD_S0(a2)
    bnez  sp, not_ecall
    debug_vector t0, debug_trap_entry
    csrr  t0, sstatus
    sd    t0, THREAD_STATUS(a2)
    csrr  t0, sepc
    addi  t0, t0, 4                 /* behind the ecall */
    sd    t0, THREAD_PC(a2)
    li    t0, 8
    bltu  t0, s1, fast_long         /* items, flags, or words that are not in registers */
    srli  t0, a0, SEL_SLOT_BITS
    beqz  t0, ipc_fast_call         /* (selector, -, thread) */
    li    t0, SEL_REPLY_WAIT
    beq   a0, t0, ipc_fast_reply_wait

    .macro save_message reply_slot, timeouts
    sd    s1, COLD_TAG(a2)
    sd    a0, COLD_A0 + 8 * 0(a2)
    sd    \reply_slot, COLD_A0 + 8 * 2(a2)
    sd    \timeouts, COLD_A0 + 8 * 3(a2)
    sd    s2, COLD_MR + 8 * 0(a2)
    sd    s3, COLD_MR + 8 * 1(a2)
    sd    s4, COLD_MR + 8 * 2(a2)
    sd    s5, COLD_MR + 8 * 3(a2)
    sd    s6, COLD_MR + 8 * 4(a2)
    sd    s7, COLD_MR + 8 * 5(a2)
    sd    s8, COLD_MR + 8 * 6(a2)
    sd    s9, COLD_MR + 8 * 7(a2)
    sd    zero, COLD_KIND(a2)
    ld    tp, THREAD_CPU(a2)
    mv    sp, tp                    /* the stack lies below struct cpu */
    .endm

/* The slow path, for thread a2 with selector a0: saves what the invocation says, the rest is dead. */
    .globl ipc_decline
ipc_decline:
    csrrw t1, sscratch, a2
    slli  t0, a0, 63 - SEL_TIMED_BIT
    bltz  t0, 1f
    li    t1, 0
    li    a3, 0
1:  save_message t1, a3
    mv    a0, a2
    call  trap_invoke
    j     resume

/* Operation a3 on object a1, for thread a2, which called by the selector a0. */
    .globl quick_operate
quick_operate:
    csrw  sscratch, a2
    save_message zero, zero
    mv    s0, a2
    mv    s1, a1
    mv    a0, a2
    addi  a2, a2, COLD_MR
    jalr  a3
    lhu   t0, CPU_NEWS(tp)          /* or there are other CPUs */
    bnez  a0, operated
    debug_operated
    bnez  t0, operated
/* Back to thread s0 from its operation, which succeeded. gp, s10, s11, sepc and sstatus are still its own. */
answered:
    ld    t0, THREAD_PC(s0)
    csrw  sepc, t0
    ld    s3, COLD_MR + 8 * 1(s0)
    ld    s4, COLD_MR + 8 * 2(s0)
    ld    s5, COLD_MR + 8 * 3(s0)
    ld    s6, COLD_MR + 8 * 4(s0)
    ld    sp, THREAD_SP(s0)
    ld    tp, THREAD_TP(s0)
    ld    s0, THREAD_S0(s0)
    li    s1, TAG_DONE
    li    a1, 0
    li    s2, 0
    li    s7, 0
    li    s8, 0
    li    s9, 0
    j     go

operated:
    mv    a2, a0
    mv    a1, s1
    mv    a0, s0
    call  trap_operated
    beqz  a0, answered

/* Goes on with thread a0. */
    .globl resume
resume:
    ld    t0, COLD_KIND(a0)
    bnez  t0, resume_other
    ld    s2, COLD_MR + 8 * 0(a0)
    ld    s3, COLD_MR + 8 * 1(a0)
    ld    s4, COLD_MR + 8 * 2(a0)
    ld    s5, COLD_MR + 8 * 3(a0)
    ld    s6, COLD_MR + 8 * 4(a0)
    ld    s7, COLD_MR + 8 * 5(a0)
    ld    s8, COLD_MR + 8 * 6(a0)
    ld    s9, COLD_MR + 8 * 7(a0)
    ld    s1, COLD_TAG(a0)
    ld    a1, COLD_A0 + 8(a0)
    mv    a3, a0

/* To thread a3 with label a1; tag and message words are in place. */
    .globl ipc_finish
ipc_finish:
    ld    t1, THREAD_STATUS(a3)
    ld    t0, THREAD_PC(a3)
    bltz  t1, 2f
1:  csrw  sepc, t0
    csrw  sstatus, t1
    csrw  sscratch, a3
    ld    sp, THREAD_SP(a3)
    ld    gp, THREAD_GP(a3)
    ld    s0, THREAD_S0(a3)
    ld    tp, THREAD_TP(a3)
    .globl go
go:                                 /* the rest: all that carries no meaning comes back zero */
    debug_vector t0, trap_entry
    li    ra, 0
    li    a0, 0
    li    t0, 0
    li    t1, 0
    li    t2, 0
    li    t3, 0
    li    t4, 0
    li    t5, 0
    li    t6, 0
    li    a2, 0
    li    a3, 0
    li    a4, 0
    li    a5, 0
    li    a6, 0
    li    a7, 0
    li    s10, 0
    li    s11, 0
    sret

2:  call  fpu_return
    j     1b

/* Messages of more words, or with items or flags. a3 still holds the timeouts that a timed invocation has. */
fast_long:
    srli  t0, a0, SEL_SLOT_BITS
    bnez  t0, 1f
    mv    a3, s1
    j     ipc_fast_call_long        /* (selector, -, thread, tag) */
1:  li    t0, SEL_REPLY_WAIT
    bne   a0, t0, ipc_decline
    mv    a3, s1
    j     ipc_fast_reply_wait_long
