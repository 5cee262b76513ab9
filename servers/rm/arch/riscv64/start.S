/*
 * RV64: the two ways into the region manager's image. Its own thread is passive: the first message arrives here in
 * registers. The program's first thread comes RM_MAIN_ENTRY (16) bytes behind: without a stack yet, it asks the region
 * manager to load the program, and goes there.
 */
#include "lib/sys/arch/riscv64/start.h"

    .section .text.start, "ax"
    .option norvc
    .globl _start
_start:
    j rm_entry
    .balign 16
main_entry:
    li s1, 1                /* TAG(1, 0) */
    li a0, 7                /* SEL(SLOT_RM, SEL_OP_CALL) */
    li s2, 16               /* REGION_OP_LOAD */
    ecall
    li t0, 0x800            /* TAG_ERROR */
    and t0, t0, s1
    or t0, t0, s2
    bnez t0, 1f
    mv sp, s4
    mv a0, s5               /* the start block */
    jr s3
1:  li s1, 0                /* not loaded; the supervisor has been told */
    li a0, 3 << 20          /* SEL(0, SEL_OP_RECV): sleep */
    ecall
    j 1b

rm_entry:                   /* stores the message as a struct msg, which begins below the parameters */
    push_first_message
    set_global_pointer
    mv a0, sp
    tail rm_begin
