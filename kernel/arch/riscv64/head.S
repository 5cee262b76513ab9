/*
 * First instructions, at physical 0x80200000, MMU off: a0 = hart id, a1 = device tree. Switches to the kernel's window
 * on memory (KERNEL_WINDOW) by a root table of 1 GiB pages, which for a moment maps the present place as well.
 *
 * The first hart boots. The others are started later and come here too, knowing nothing but their id: when one is asked
 * for while it still sets itself up, OpenSBI 1.1 sends it off with the address and the argument of the first.
 */
#include "kernel/arch/riscv64/offsets.h"

    .section .text.head, "ax"
    .globl _start
_start:
    rdtime  s2                      /* the clock starts here */
    csrw    sie, zero
    lla     t0, boot_taken
    li      t1, 1
    amoswap.w t1, t1, (t0)
    bnez    t1, another_hart
    mv      s0, a0
    mv      s1, a1
    lla     t0, boot_table
    li      t1, 0xcf                /* D A X W R V, no U: physical 0 at the start of the window ... */
    li      t3, 1 << 28             /* ... then 1 GiB more each */
    addi    t4, t0, 2047
    addi    t4, t4, 1               /* upper half of the table */
    li      t5, 8                   /* as much as holds kernel and device tree; mmu.c maps the rest */
1:  sd      t1, (t4)
    add     t1, t1, t3
    addi    t4, t4, 8
    addi    t5, t5, -1
    bnez    t5, 1b
    li      t1, (2 << 28) | 0xcf    /* here: the gigabyte at 0x80000000 */
    sd      t1, 16(t0)

    jal     t2, to_window
    lla     sp, arch_boot_cpu
    mv      tp, sp
    mv      a0, s0
    mv      a1, s1
    mv      a2, s2
    call    boot_machine
    tail    resume                  /* to the first thread */

/* It looks for its id among those that are started: `started` holds STARTED_MAX pairs (struct cpu or zero, hart id). */
another_hart:
    lla     t0, started
    li      t1, STARTED_MAX
1:  ld      sp, (t0)
    ld      t2, 8(t0)
    beqz    sp, 2f
    beq     t2, a0, 3f
2:  addi    t0, t0, 16
    addi    t1, t1, -1
    bnez    t1, 1b
    j       another_hart
3:  mv      tp, sp
    lla     t0, boot_table
    jal     t2, to_window
    mv      a0, sp
    call    hart_main
    tail    resume

/* Returns to t2 in the window; t0 = boot_table. */
to_window:
    srli    t0, t0, 12
    li      t1, 8
    slli    t1, t1, 60
    or      t0, t0, t1
    li      t3, 0xffffffc000000000
    add     t2, t2, t3
    sfence.vma
    csrw    satp, t0
    jr      t2

/* Whether stimecmp (Sstc) can be written: a0 = 1, else the trap leads behind the attempt. */
    .text
    .globl timer_probe
    .balign 4
timer_probe:
    csrr    t0, stvec
    lla     t1, 3f
    csrw    stvec, t1
    li      a0, 0
    li      t2, -1
    csrw    0x14d, t2
    li      a0, 1
    .balign 4
3:  csrw    stvec, t0
    ret

    .bss
    .balign 4
boot_taken:
    .space 4

    .section .bss.page, "aw", @nobits
    .globl boot_table
    .balign 4096
boot_table:
    .space 4096
    .balign 2 * STACK_SIZE
    .space STACK_SIZE               /* the stack lies below struct cpu */
    .globl arch_boot_cpu
arch_boot_cpu:
    .space 8192
