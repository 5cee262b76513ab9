/* Floating-point registers to memory and back, and the trap that does both. */
#include "kernel/arch/riscv64/offsets.h"

    .option arch, +d
    .macro each_register instruction, base
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \instruction f\n, 8*\n(\base)
    .endr
    .endm

    .text
    .globl fpu_store
fpu_store:
    each_register fsd, a0
    ret

/*
 * The FPU goes to the thread from the one that had it (cpu->fpu_owner): whose sstatus.FS is off from now on and whose
 * state is stored if it is dirty; then bit 63 (SD) stays set in its saved status, and says that it wants the FPU back
 * when it runs next. Uses sp, gp, tp and s0.
 */
    .macro fpu_give thread
    li    gp, SSTATUS_FS_MASK
    csrs  sstatus, gp
    ld    tp, THREAD_CPU(\thread)
    ld    sp, CPU_FPU_OWNER(tp)
    sd    \thread, CPU_FPU_OWNER(tp)
    beqz  sp, 8f
    ld    tp, THREAD_STATUS(sp)
    and   s0, tp, gp
    xor   tp, tp, s0
    sd    tp, THREAD_STATUS(sp)
    bne   s0, gp, 8f                /* all bits set: dirty */
    addi  sp, sp, THREAD_FPU
    each_register fsd, sp
    frcsr s0
    sd    s0, 8 * 32(sp)
8:  addi  sp, \thread, THREAD_FPU
    each_register fld, sp
    ld    s0, 8 * 32(sp)
    fscsr s0
    .endm

/* On the way out to thread a3, whose status t1 has SD set: it used the FPU when it ran last. */
    .section .text.entry
    .globl fpu_return
fpu_return:
    li    t2, SSTATUS_FS_MASK
    and   t2, t1, t2
    bnez  t2, 1f                    /* it still has it */
    fpu_give a3
    li    t2, SSTATUS_FS_MASK - SSTATUS_FS_DIRT
    or    t1, t1, t2                /* clean */
    sd    t1, THREAD_STATUS(a3)
1:  ret

/*
 * An illegal instruction of thread a2, most likely its first use of the FPU: sstatus.FS is off. sp, gp, tp and s0 are
 * saved; a2's own value is in sscratch. What it is not goes on to trap_slow.
 */
    .globl fpu_trap
fpu_trap:
    csrr  s0, sstatus
    li    tp, SSTATUS_FS_MASK | SSTATUS_SPP_MASK
    and   tp, tp, s0
    bnez  tp, trap_slow
    fpu_give a2
    li    gp, SSTATUS_FS_DIRT
    csrc  sstatus, gp               /* clean */
    ld    sp, THREAD_SP(a2)
    ld    gp, THREAD_GP(a2)
    ld    tp, THREAD_TP(a2)
    ld    s0, THREAD_S0(a2)
    csrrw a2, sscratch, a2
    sret
