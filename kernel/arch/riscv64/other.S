/* Ways through the kernel that are neither the frequent call nor the slow path in full. Registers: see entry.S. */
#include "kernel/arch/riscv64/debug.h"
#include "kernel/arch/riscv64/offsets.h"

    .section .text.entry
/*
 * A call by thread a2 through slot a1, but no message that the fast path takes. If the slot is empty, back with an
 * error: gp, tp, s0, sepc and sstatus are still the thread's own.
 */
    .globl ipc_call_other
ipc_call_other:
    ld    t0, 0(a1)
    bnez  t0, ipc_decline
    csrw  sscratch, a2
    sd    zero, THREAD_MAP_DONE(a2)
    ld    sp, THREAD_SP(a2)
    ld    t0, THREAD_PC(a2)
    csrw  sepc, t0
    li    s1, TAG_NO_ENTRY
    li    a1, 0
    .irp  n, 2, 3, 4, 5, 6, 7, 8, 9
    li    s\n, 0
    .endr
    j     go

/* To thread a3, which goes on where it was: most likely behind a switch of its own. a1 is 0. */
    .globl quick_switch
quick_switch:
    ld    t0, COLD_KIND(a3)
    li    t1, KIND_DONE
    bne   t0, t1, 1f
    li    s1, TAG_DONE
finish_empty:                       /* with tag s1 and label a1; all words are 0 */
    .irp  n, 2, 3, 4, 5, 6, 7, 8, 9
    li    s\n, 0
    .endr
    j     ipc_finish

/* To thread a3, which receives a signal with label a1. */
    .globl quick_signal
quick_signal:
    li    s1, 0
    j     finish_empty

1:  mv    a0, a3
    j     resume

/* Goes on with thread a0, whose registers are of kind t0. */
    .globl resume_other
resume_other:
    li    t1, KIND_SIGNAL
    mv    a3, a0
    ld    a1, COLD_A0 + 8(a0)
    beq   t0, t1, quick_signal
    li    t1, KIND_DONE
    li    a1, 0
    beq   t0, t1, quick_switch
    j     resume_all
