/*
 * Entries of test programs: the first thread (a0 = boot information, a1 = UTCB), further threads, and passive threads,
 * whose first message arrives in registers (abi/arch/riscv64.h) and is stored as a struct msg for C.
 */
.section .text.start, "ax"
.global _start
_start:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la tp, test_tls
    tail test_start

.global test_thread_entry
test_thread_entry:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    tail test_thread_main

.global test_passive_entry
test_passive_entry:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
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
    mv a0, sp
    tail test_passive_main
