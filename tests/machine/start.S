# Bare-metal start on QEMU's virt and on Mosaic: M-mode, at the beginning of memory. Hart 0 runs main(); the others run
# main_other(hart). The machine is powered off with what main() returns.

    .section .text.start
    .globl _start
_start:
    li t0, 3 << 13              # mstatus.FS: dirty
    csrs mstatus, t0
    la t0, trap_entry
    csrw mtvec, t0
    csrr a0, mhartid
    la sp, stacks
    addi t0, a0, 1
    slli t0, t0, 14             # 16 KiB each
    add sp, sp, t0
    csrw mscratch, zero
    bnez a0, 1f
    call main
    li t1, 0x100000             # test finisher
    slli a0, a0, 16
    li t0, 0x3333
    or t0, t0, a0
    bnez a0, 2f
    li t0, 0x5555
2:  sw t0, (t1)
3:  j 3b
1:  call main_other
4:  wfi
    j 4b

    .weak main_other
main_other:
    ret

# Traps go to the C function on_trap(struct frame *), which may change what is restored.
    .align 2
trap_entry:
    addi sp, sp, -272
    .irp r, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    sd x\r, \r * 8(sp)
    .endr
    addi t0, sp, 272
    sd t0, 16(sp)
    csrr t0, mepc
    sd t0, 256(sp)
    mv a0, sp
    call on_trap
    ld t0, 256(sp)
    csrw mepc, t0
    .irp r, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ld x\r, \r * 8(sp)
    .endr
    ld sp, 16(sp)
    mret

    .bss
    .align 14
stacks:
    .space 16384 * 8
