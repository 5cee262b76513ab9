/* Integer multiplication and division. Division never traps: by zero gives all ones, overflow the dividend. */
#include <stdint.h>

static inline uint64_t mul_high_signed_unsigned(int64_t a, uint64_t b)
{
    return (uint64_t)(((__int128)a * (__int128)b) >> 64);
}

/* INT64_MIN / -1 is computed in unsigned arithmetic, where it wraps as the specification says. */
static inline int64_t div_signed(int64_t a, int64_t b)
{
    if (b == 0)
        return -1;
    return b == -1 ? (int64_t) - (uint64_t)a : a / b;
}

static inline int64_t rem_signed(int64_t a, int64_t b)
{
    if (b == 0)
        return a;
    return b == -1 ? 0 : a % b;
}

/* A divider that computes a bit a cycle begins where the divisor's first bit meets the dividend's. */
static inline uint8_t quotient_bits(uint64_t dividend, uint64_t divisor)
{
    int bits = __builtin_clzll(divisor | 1) - __builtin_clzll(dividend | 1);

    return bits > 0 ? (uint8_t)bits : 0;
}

static inline uint64_t magnitude(int64_t v)
{
    return v < 0 ? -(uint64_t)v : (uint64_t)v;
}

#define UNSIGNED(a, b) h->quotient_bits = quotient_bits(a, b)
#define SIGNED(a, b)   h->quotient_bits = quotient_bits(magnitude(a), magnitude(b))

#define INSN_FILE "machine/core/rv_m.def"
#include "machine/core/table.h"

const struct isa_extension isa_ext_m = {.name = "m", .insns = insn_table, .insn_count = INSN_COUNT};
