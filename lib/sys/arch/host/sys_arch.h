/* On the host there is no kernel: a test supplies this function, by which it plays the kernel and the partner. */
#pragma once

#include "abi/arch/riscv64.h"
#include "abi/invoke.h"

void sys_arch_invoke(u64 *tag, u64 *label, u64 w[MSG_REGS], u64 selector);
static inline void sys_arch_invoke_timed(u64 *tag, u64 *label, u64 w[MSG_REGS], u64 selector, u64 timeouts,
                                         u64 reply_slot)
{
    sys_arch_invoke(tag, label, w, selector);
}
