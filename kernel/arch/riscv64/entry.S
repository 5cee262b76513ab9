/*
 * From user mode into the kernel and back. While user code runs, sscratch holds the running thread; on the fast path,
 * tp does; behind it, tp is the CPU (arch_cpu_self). The kernel runs with interrupts off and takes no traps of its own.
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
    csrrw tp, sscratch, tp          /* tp = thread, sscratch = its tp */
    sd    sp, THREAD_SP(tp)
    sd    gp, THREAD_GP(tp)
    sd    s0, THREAD_S0(tp)
    csrr  gp, scause
    csrr  sp, sepc
    addi  gp, gp, -8                /* environment call from user mode? */
    csrr  s0, sscratch
    sd    s0, THREAD_TP(tp)
    debug_vector s0, debug_trap_entry
    csrr  s0, sstatus
    sd    s0, THREAD_STATUS(tp)
    bnez  gp, not_ecall
    addi  sp, sp, 4                 /* behind the ecall */
    sd    sp, THREAD_PC(tp)
    ld    sp, THREAD_CPU(tp)        /* the stack lies below struct cpu */
    or    gp, a2, a3                /* timeouts or a reply slot? */
    bnez  gp, invoke_slow
    mv    s1, a0
    mv    s10, a1
    mv    a2, tp
    call  ipc_fast
    beqz  a0, fast_failed
    li    t0, 8
    bgtu  s1, t0, fast_long

fast_done:
    /* To thread a0 with label a1; the tag is in s1, message words are in place. */
    ld    t0, THREAD_PC(a0)
    ld    t1, THREAD_STATUS(a0)
    csrw  sepc, t0
    csrw  sstatus, t1
    csrw  sscratch, a0
    debug_vector t0, trap_entry
    ld    sp, THREAD_SP(a0)
    ld    gp, THREAD_GP(a0)
    ld    s0, THREAD_S0(a0)
    ld    tp, THREAD_TP(a0)
    mv    a0, s1
    li    ra, 0
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
    li    s1, 0
    li    s10, 0
    li    s11, 0
    sret

fast_long:                          /* words that are not in registers */
    mv    s10, a0
    mv    s11, a1
    mv    a1, a0
    mv    a0, tp
    mv    a2, s1
    call  ipc_copy_words
    mv    a0, s10
    mv    a1, s11
    j     fast_done

fast_failed:
    sd    s1, COLD_A0 + 8 * 0(tp)
    sd    s10, COLD_A0 + 8 * 1(tp)
    sd    zero, COLD_A0 + 8 * 2(tp)
    sd    zero, COLD_A0 + 8 * 3(tp)
    j     save_words
invoke_slow:                        /* what the invocation says, no more: the other registers are dead */
    sd    a0, COLD_A0 + 8 * 0(tp)
    sd    a1, COLD_A0 + 8 * 1(tp)
    sd    a2, COLD_A0 + 8 * 2(tp)
    sd    a3, COLD_A0 + 8 * 3(tp)
save_words:
    sd    s2, COLD_MR + 8 * 0(tp)
    sd    s3, COLD_MR + 8 * 1(tp)
    sd    s4, COLD_MR + 8 * 2(tp)
    sd    s5, COLD_MR + 8 * 3(tp)
    sd    s6, COLD_MR + 8 * 4(tp)
    sd    s7, COLD_MR + 8 * 5(tp)
    sd    s8, COLD_MR + 8 * 6(tp)
    sd    s9, COLD_MR + 8 * 7(tp)
    sd    zero, COLD_TRAPPED(tp)
    mv    a0, tp
    mv    tp, sp                    /* struct cpu */
    call  trap_invoke

/* Goes on with thread a0. */
    .globl resume
resume:
    ld    t0, COLD_TRAPPED(a0)
    bnez  t0, resume_all
    ld    s2, COLD_MR + 8 * 0(a0)
    ld    s3, COLD_MR + 8 * 1(a0)
    ld    s4, COLD_MR + 8 * 2(a0)
    ld    s5, COLD_MR + 8 * 3(a0)
    ld    s6, COLD_MR + 8 * 4(a0)
    ld    s7, COLD_MR + 8 * 5(a0)
    ld    s8, COLD_MR + 8 * 6(a0)
    ld    s9, COLD_MR + 8 * 7(a0)
    ld    s1, COLD_A0(a0)
    ld    a1, COLD_A0 + 8(a0)
    j     fast_done

not_ecall:
    sd    sp, THREAD_PC(tp)
    ld    sp, THREAD_CPU(tp)
    andi  s0, s0, 1 << 8            /* SPP: a trap inside the kernel is a bug */
    bnez  s0, kernel_trap
    mv    s0, ra
    call  save_all
    sd    s0, COLD_RA(tp)
    mv    a0, tp
    mv    tp, sp
    call  trap_other
    j     resume

kernel_trap:
    csrr  a0, scause
    csrr  a1, sepc
    csrr  a2, stval
    call  trap_in_kernel
