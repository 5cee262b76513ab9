/*
 * One instruction with all registers as the test wants them, and all as they are behind it: struct raw of raw.h. Only
 * sp stays the test's own.
 */
#define FRAME   128
#define SAVED   112 /* where the frame keeps the address of struct raw */
#define SCRATCH 120
#define F(n)    (256 + 8 * (n))

    .macro all_x op, base
    .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \op   x\n, 8 * \n(\base)
    .endr
    .endm

    .macro all_f op, base
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, \
            29, 30, 31
    \op   f\n, F(\n)(\base)
    .endr
    .endm

    .macro raw name, instruction:vararg
    .globl \name
\name:
    addi  sp, sp, -FRAME
    sd    ra, 0(sp)
    sd    gp, 8(sp)
    sd    tp, 16(sp)
    sd    s0, 24(sp)
    sd    s1, 32(sp)
    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10
    sd    s\n, 24 + 8 * \n(sp)
    .endr
    sd    a0, SAVED(sp)
    sd    s11, SCRATCH(sp)
    addi  sp, sp, -16
    sd    s11, 0(sp)
    ld    t0, F(32)(a0)
    fscsr t0
    all_f fld, a0
    all_x ld, a0
    ld    a0, 80(a0)
    \instruction
    sd    a0, SCRATCH + 16(sp)
    ld    a0, SAVED + 16(sp)
    all_x sd, a0
    all_f fsd, a0
    frcsr t0
    sd    t0, F(32)(a0)
    ld    t0, SCRATCH + 16(sp)
    sd    t0, 80(a0)
    ld    s11, 0(sp)
    addi  sp, sp, 16
    ld    ra, 0(sp)
    ld    gp, 8(sp)
    ld    tp, 16(sp)
    ld    s0, 24(sp)
    ld    s1, 32(sp)
    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10
    ld    s\n, 24 + 8 * \n(sp)
    .endr
    addi  sp, sp, FRAME
    ret
    .endm

    .text
    raw raw_invoke, ecall
    raw raw_load, lbu zero, 0(t0)
    raw raw_trap, .word 0
