/* Entry of the demonstration programs: one hart, M-mode, at the start of memory. main's result is the exit status. */
    .section .text.start, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    la      sp, demo_stack_top
    la      t0, demo_bss
    la      t1, demo_bss_end
1:  bgeu    t0, t1, 2f
    sd      zero, 0(t0)
    addi    t0, t0, 8
    j       1b
2:  call    main
    call    demo_exit
