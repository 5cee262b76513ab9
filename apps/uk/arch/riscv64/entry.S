/* Where events enter: the stack is that of the state page; gp was the interrupted program's, so it is set anew. */
    .globl uk_entry
uk_entry:
    .option push
    .option norelax
    la    gp, __global_pointer$
    .option pop
    tail  uk_event

/* The thread pointer, for the state page. */
    .globl uk_thread_pointer
uk_thread_pointer:
    mv    a0, tp
    ret
