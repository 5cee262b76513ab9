/* The ecall itself: which register carries what is written down in abi/arch/riscv64.h. */
#pragma once

#include "abi/arch/riscv64.h"
#include "abi/invoke.h"

#define SYS_MESSAGE_                                                                                                   \
    "+r"(s1), "+r"(s2), "+r"(s3), "+r"(s4), "+r"(s5), "+r"(s6), "+r"(s7), "+r"(s8), "+r"(s9)
#define SYS_CLOBBERED_                                                                                                 \
    "memory", "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a4", "a5", "a6", "a7", "s10", "s11"

/* Without timeouts and reply slot. */
static inline __attribute__((always_inline)) void sys_arch_invoke(u64 *tag, u64 *label, u64 w[MSG_REGS], u64 selector)
{
    register u64 a0 __asm__("a0") = selector;
    register u64 a1 __asm__("a1");
    register u64 s1 __asm__("s1") = *tag;
    register u64 s2 __asm__("s2") = w[0];
    register u64 s3 __asm__("s3") = w[1];
    register u64 s4 __asm__("s4") = w[2];
    register u64 s5 __asm__("s5") = w[3];
    register u64 s6 __asm__("s6") = w[4];
    register u64 s7 __asm__("s7") = w[5];
    register u64 s8 __asm__("s8") = w[6];
    register u64 s9 __asm__("s9") = w[7];
    __asm__ volatile("ecall" : "+r"(a0), "=r"(a1), SYS_MESSAGE_ : : SYS_CLOBBERED_, "a2", "a3");
    *tag = s1;
    *label = a1;
    w[0] = s2;
    w[1] = s3;
    w[2] = s4;
    w[3] = s5;
    w[4] = s6;
    w[5] = s7;
    w[6] = s8;
    w[7] = s9;
}

/* With them; the selector says so by SEL_TIMED. */
static inline __attribute__((always_inline)) void sys_arch_invoke_timed(u64 *tag, u64 *label, u64 w[MSG_REGS],
                                                                        u64 selector, u64 timeouts, u64 reply_slot)
{
    register u64 a0 __asm__("a0") = selector;
    register u64 a1 __asm__("a1");
    register u64 a2 __asm__("a2") = reply_slot;
    register u64 a3 __asm__("a3") = timeouts;
    register u64 s1 __asm__("s1") = *tag;
    register u64 s2 __asm__("s2") = w[0];
    register u64 s3 __asm__("s3") = w[1];
    register u64 s4 __asm__("s4") = w[2];
    register u64 s5 __asm__("s5") = w[3];
    register u64 s6 __asm__("s6") = w[4];
    register u64 s7 __asm__("s7") = w[5];
    register u64 s8 __asm__("s8") = w[6];
    register u64 s9 __asm__("s9") = w[7];
    __asm__ volatile("ecall" : "+r"(a0), "=r"(a1), "+r"(a2), "+r"(a3), SYS_MESSAGE_ : : SYS_CLOBBERED_);
    *tag = s1;
    *label = a1;
    w[0] = s2;
    w[1] = s3;
    w[2] = s4;
    w[3] = s5;
    w[4] = s6;
    w[5] = s7;
    w[6] = s8;
    w[7] = s9;
}
