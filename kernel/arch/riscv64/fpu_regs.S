/* Floating-point registers to memory (a0) and back. */
    .option arch, +d
    .text
    .globl fpu_store
fpu_store:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fsd   f\n, 8*\n(a0)
    .endr
    ret
    .globl fpu_load
fpu_load:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fld   f\n, 8*\n(a0)
    .endr
    ret
