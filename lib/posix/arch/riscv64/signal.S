/*
 * RV64: an interrupted thread comes here from the region manager, which keeps its integer registers and gives them back
 * at arch_signal_back; those of the FPU are kept here, as far as a function may change them.
 */
    .text
    .globl arch_signal_entry, arch_signal_back
arch_signal_entry:
    andi sp, sp, -16
    addi sp, sp, -176
    fsd ft0, 0(sp)
    fsd ft1, 8(sp)
    fsd ft2, 16(sp)
    fsd ft3, 24(sp)
    fsd ft4, 32(sp)
    fsd ft5, 40(sp)
    fsd ft6, 48(sp)
    fsd ft7, 56(sp)
    fsd ft8, 64(sp)
    fsd ft9, 72(sp)
    fsd ft10, 80(sp)
    fsd ft11, 88(sp)
    fsd fa0, 96(sp)
    fsd fa1, 104(sp)
    fsd fa2, 112(sp)
    fsd fa3, 120(sp)
    fsd fa4, 128(sp)
    fsd fa5, 136(sp)
    fsd fa6, 144(sp)
    fsd fa7, 152(sp)
    frcsr t0
    sd t0, 160(sp)
    call posix_signal_forced
    ld t0, 160(sp)
    fscsr t0
    fld ft0, 0(sp)
    fld ft1, 8(sp)
    fld ft2, 16(sp)
    fld ft3, 24(sp)
    fld ft4, 32(sp)
    fld ft5, 40(sp)
    fld ft6, 48(sp)
    fld ft7, 56(sp)
    fld ft8, 64(sp)
    fld ft9, 72(sp)
    fld ft10, 80(sp)
    fld ft11, 88(sp)
    fld fa0, 96(sp)
    fld fa1, 104(sp)
    fld fa2, 112(sp)
    fld fa3, 120(sp)
    fld fa4, 128(sp)
    fld fa5, 136(sp)
    fld fa6, 144(sp)
    fld fa7, 152(sp)
    .option push
    .option norvc
arch_signal_back:
    ebreak
    .option pop
