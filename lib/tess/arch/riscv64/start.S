/* RV64: where a native program and its further threads begin. */

    .section .text.start, "ax"
    .globl _start
_start: /* a0 = start block, sp set; everything else is 0 */
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    tail program_start
