/* Traps inside the kernel, which are bugs: all registers go to debug_trap_report, on a stack of its own. */
    .text
    .globl debug_trap_entry
    .balign 4
debug_trap_entry:
    csrw    sscratch, t0
    lla     t0, frame
    sd      zero, 0(t0)
    .irp    n, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26
    sd      x\n, 8 * \n(t0)
    .endr
    .irp    n, 27, 28, 29, 30, 31
    sd      x\n, 8 * \n(t0)
    .endr
    csrr    t1, sscratch
    sd      t1, 8 * 5(t0)
    mv      a0, t0
    lla     sp, stack_top
    li      s0, 0
    call    debug_trap_report

    .bss
    .balign 16
frame:
    .space  8 * 32
    .space  8192
stack_top:
