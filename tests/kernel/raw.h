/* Single instructions with every register given and seen, for tests of what the kernel leaves in them. */
#pragma once

#include "lib/test/test.h"

struct raw {
    u64 x[32]; /* x0 and x2 (sp) are not touched */
    u64 f[32];
    u64 fcsr;
};

/* Numbers of registers of an invocation, abi/arch/riscv64.h. */
enum {
    RAW_GP = 3,
    RAW_TP = 4,
    RAW_T0 = 5,
    RAW_S0 = 8,
    RAW_TAG = 9,
    RAW_SELECTOR,
    RAW_LABEL,
    RAW_REPLY_SLOT,
    RAW_TIMEOUTS,
    RAW_WORDS = 18,
};

void raw_invoke(struct raw *r);
void raw_load(struct raw *r); /* a load from the address in t0 */
void raw_trap(struct raw *r); /* an illegal instruction, four bytes long */
