/*
 * window_copy(a0 = to, a1 = from, a2 = n) -> bytes not copied: 128 bytes a round with 64-bit loads and stores. a2
 * counts down only when a piece is complete, so wherever one faults, window_copy_fault returns a bound of what is
 * missing. Where source and destination are not aligned to each other, words are put together from two halves: that
 * reads no word that has no byte of the source in it.
 */
    .text
    .globl window_copy, window_copy_begin, window_copy_end, window_copy_fault

window_copy:
window_copy_begin:
    li t0, 16
    bltu a2, t0, .Lbytes
.Lalign: /* until the destination is aligned */
    andi t1, a0, 7
    beqz t1, .Laligned
    lbu t2, 0(a1)
    sb t2, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    addi a2, a2, -1
    j .Lalign
.Laligned:
    andi t1, a1, 7
    bnez t1, .Lshifted
    li t0, 128
    bltu a2, t0, .Lwords
.Lblock:
    ld a3, 0(a1)
    ld a4, 8(a1)
    ld a5, 16(a1)
    ld a6, 24(a1)
    ld a7, 32(a1)
    ld t1, 40(a1)
    ld t2, 48(a1)
    ld t3, 56(a1)
    sd a3, 0(a0)
    sd a4, 8(a0)
    sd a5, 16(a0)
    sd a6, 24(a0)
    sd a7, 32(a0)
    sd t1, 40(a0)
    sd t2, 48(a0)
    sd t3, 56(a0)
    ld a3, 64(a1)
    ld a4, 72(a1)
    ld a5, 80(a1)
    ld a6, 88(a1)
    ld a7, 96(a1)
    ld t1, 104(a1)
    ld t2, 112(a1)
    ld t3, 120(a1)
    sd a3, 64(a0)
    sd a4, 72(a0)
    sd a5, 80(a0)
    sd a6, 88(a0)
    sd a7, 96(a0)
    sd t1, 104(a0)
    sd t2, 112(a0)
    sd t3, 120(a0)
    addi a1, a1, 128
    addi a0, a0, 128
    addi a2, a2, -128
    bgeu a2, t0, .Lblock
.Lwords:
    li t0, 8
    bltu a2, t0, .Lbytes
    ld a3, 0(a1)
    sd a3, 0(a0)
    addi a1, a1, 8
    addi a0, a0, 8
    addi a2, a2, -8
    j .Lwords
.Lbytes:
    beqz a2, .Ldone
    lbu t2, 0(a1)
    sb t2, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    addi a2, a2, -1
    j .Lbytes
.Ldone:
    li a0, 0
    ret

.Lshifted: /* t1 = bytes that the source is off: low half from word t2 >> t3, high half from the next << t4 */
    slli t3, t1, 3
    neg t4, t3
    andi t5, a1, -8
    ld t2, 0(t5)
    li t0, 16
.Lshift:
    ld t6, 8(t5)
    srl a3, t2, t3
    sll a4, t6, t4
    or a3, a3, a4
    sd a3, 0(a0)
    mv t2, t6
    addi t5, t5, 8
    addi a0, a0, 8
    addi a1, a1, 8
    addi a2, a2, -8
    bgeu a2, t0, .Lshift
    j .Lbytes
window_copy_end:
window_copy_fault:
    mv a0, a2
    ret
