/* For assembly at which programs and threads begin: what all of them do first. */
#pragma once

    .macro set_global_pointer
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    .endm

/* A passive thread's first message comes in registers (abi/arch/riscv64.h): onto the stack, as a struct msg at sp. */
    .macro push_first_message
    addi sp, sp, -80
    sd s1, 0(sp)
    sd a1, 8(sp)
    sd s2, 16(sp)
    sd s3, 24(sp)
    sd s4, 32(sp)
    sd s5, 40(sp)
    sd s6, 48(sp)
    sd s7, 56(sp)
    sd s8, 64(sp)
    sd s9, 72(sp)
    .endm
