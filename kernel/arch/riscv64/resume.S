/* All registers of a thread, to memory and back: what a trap that is no invocation needs. */
#include "kernel/arch/riscv64/debug.h"
#include "kernel/arch/riscv64/offsets.h"

    .section .text.entry
/* A trap that is no invocation, of thread a2: its a2 is in sscratch; sp, gp, tp and s0 are saved. */
    .globl not_ecall
not_ecall:
    li    gp, 2 - 8                 /* illegal instruction? */
    beq   sp, gp, fpu_trap
    .globl trap_slow
trap_slow:
    mv    tp, a2
    csrrw a2, sscratch, tp
    debug_vector s0, debug_trap_entry
    csrr  s0, sstatus
    sd    s0, THREAD_STATUS(tp)
    andi  s0, s0, 1 << 8            /* SPP: a trap inside the kernel is a bug */
    csrr  sp, sepc
    sd    sp, THREAD_PC(tp)
    ld    sp, THREAD_CPU(tp)
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

/* Goes on with thread a0, all its registers from memory. */
    .globl resume_all
resume_all:
    ld    t1, THREAD_STATUS(a0)
    mv    a3, a0
    bgez  t1, 1f
    call  fpu_return
1:  ld    t0, THREAD_PC(a0)
    csrw  sepc, t0
    csrw  sstatus, t1
    csrw  sscratch, a0
    debug_vector t0, trap_entry
    ld    sp, THREAD_SP(a0)
    ld    gp, THREAD_GP(a0)
    ld    s0, THREAD_S0(a0)
    ld    tp, THREAD_TP(a0)
    ld    s2, COLD_MR + 8 * 0(a0)
    ld    s3, COLD_MR + 8 * 1(a0)
    ld    s4, COLD_MR + 8 * 2(a0)
    ld    s5, COLD_MR + 8 * 3(a0)
    ld    s6, COLD_MR + 8 * 4(a0)
    ld    s7, COLD_MR + 8 * 5(a0)
    ld    s8, COLD_MR + 8 * 6(a0)
    ld    s9, COLD_MR + 8 * 7(a0)
    ld    s1, COLD_TAG(a0)
    ld    a1, COLD_A0 + 8 * 1(a0)
    ld    a2, COLD_A0 + 8 * 2(a0)
    ld    a3, COLD_A0 + 8 * 3(a0)
    ld    a4, COLD_A0 + 8 * 4(a0)
    ld    a5, COLD_A0 + 8 * 5(a0)
    ld    a6, COLD_A0 + 8 * 6(a0)
    ld    a7, COLD_A0 + 8 * 7(a0)
    ld    ra, COLD_RA(a0)
    ld    t0, COLD_RA + 8 * 1(a0)
    ld    t1, COLD_RA + 8 * 2(a0)
    ld    t2, COLD_RA + 8 * 3(a0)
    ld    t3, COLD_RA + 8 * 4(a0)
    ld    t4, COLD_RA + 8 * 5(a0)
    ld    t5, COLD_RA + 8 * 6(a0)
    ld    t6, COLD_RA + 8 * 7(a0)
    ld    s10, COLD_RA + 8 * 8(a0)
    ld    s11, COLD_RA + 8 * 9(a0)
    ld    a0, COLD_A0(a0)
    sret

/* All registers but the hot ones and ra (which the caller saves) into thread tp. */
    .globl save_all
save_all:
    sd    s2, COLD_MR + 8 * 0(tp)
    sd    s3, COLD_MR + 8 * 1(tp)
    sd    s4, COLD_MR + 8 * 2(tp)
    sd    s5, COLD_MR + 8 * 3(tp)
    sd    s6, COLD_MR + 8 * 4(tp)
    sd    s7, COLD_MR + 8 * 5(tp)
    sd    s8, COLD_MR + 8 * 6(tp)
    sd    s9, COLD_MR + 8 * 7(tp)
    sd    s1, COLD_TAG(tp)
    sd    a0, COLD_A0 + 8 * 0(tp)
    sd    a1, COLD_A0 + 8 * 1(tp)
    sd    a2, COLD_A0 + 8 * 2(tp)
    sd    a3, COLD_A0 + 8 * 3(tp)
    sd    a4, COLD_A0 + 8 * 4(tp)
    sd    a5, COLD_A0 + 8 * 5(tp)
    sd    a6, COLD_A0 + 8 * 6(tp)
    sd    a7, COLD_A0 + 8 * 7(tp)
    sd    t0, COLD_RA + 8 * 1(tp)
    sd    t1, COLD_RA + 8 * 2(tp)
    sd    t2, COLD_RA + 8 * 3(tp)
    sd    t3, COLD_RA + 8 * 4(tp)
    sd    t4, COLD_RA + 8 * 5(tp)
    sd    t5, COLD_RA + 8 * 6(tp)
    sd    t6, COLD_RA + 8 * 7(tp)
    sd    s10, COLD_RA + 8 * 8(tp)
    sd    s11, COLD_RA + 8 * 9(tp)
    li    t0, KIND_ALL
    sd    t0, COLD_KIND(tp)
    ret

