/* RV64: where the first task begins. a0 = boot information, a1 = UTCB, sp set. */
    .section .text.start, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    tail root_start
