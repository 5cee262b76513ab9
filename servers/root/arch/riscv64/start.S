/* RV64: where the first task begins. a0 = boot information, a1 = UTCB, sp set. */
#include "lib/sys/arch/riscv64/start.h"

    .section .text.start, "ax"
    .globl _start
_start:
    set_global_pointer
    tail root_start
