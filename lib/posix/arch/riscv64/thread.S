/* RV64: where threads of a POSIX program begin and end. */
    .text
    .globl arch_posix_thread_entry
arch_posix_thread_entry: /* a0 = struct posix_thread, sp and tp set */
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    tail posix_thread_begin

    .globl arch_posix_thread_leave
arch_posix_thread_leave: /* a0 = struct posix_thread, a1 = stack, a2 = thread pointer */
    mv sp, a1
    mv tp, a2
    tail posix_thread_finish
