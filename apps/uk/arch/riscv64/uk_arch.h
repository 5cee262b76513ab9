/* Registers of a process by their place in the frame, as the calling convention has them. */
#pragma once

#include "abi/arch/riscv64.h"

#define FRAME_REGISTER(n) (EXC_WORD_REGS + (n) - 1)
#define FRAME_SP          FRAME_REGISTER(2)
#define FRAME_ARGUMENT    FRAME_REGISTER(10)
#define FRAME_WORD(i)     FRAME_REGISTER(18 + (i)) /* message words of an invocation */
