/* RV64: where further threads of a native program begin. */

    .section .text.arch_thread_entry, "ax"
    .globl arch_thread_entry
arch_thread_entry: /* a0 = struct thread_start, sp set */
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    tail thread_begin
