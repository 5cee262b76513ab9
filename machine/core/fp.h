/*
 * IEEE 754 binary32 and binary64 arithmetic in integers, with RISC-V's choices where the standard leaves some:
 * results that are NaN are the canonical NaN, tininess is detected after rounding, min and max are minimumNumber and
 * maximumNumber, conversions to integers saturate.
 *
 * Values are bit patterns. `rm` is an enum rv_rounding other than RV_DYN; exceptions are or-ed into *flags (RV_FF_*).
 */
#ifndef MACHINE_CORE_FP_H
#define MACHINE_CORE_FP_H

#include <stdbool.h>
#include <stdint.h>

#define FP32_NAN UINT32_C(0x7fc00000)
#define FP64_NAN UINT64_C(0x7ff8000000000000)

struct fp_format {
    unsigned sig_bits; /* stored bits of the significand */
    unsigned exp_bits;
};

extern const struct fp_format fp32_format, fp64_format;

/* Arithmetic in format `f`; binary32 values stand in the low half, the high half of results is zero. */
uint64_t fp_add(const struct fp_format *f, uint64_t a, uint64_t b, unsigned rm, uint8_t *flags);
uint64_t fp_sub(const struct fp_format *f, uint64_t a, uint64_t b, unsigned rm, uint8_t *flags);
uint64_t fp_mul(const struct fp_format *f, uint64_t a, uint64_t b, unsigned rm, uint8_t *flags);
uint64_t fp_div(const struct fp_format *f, uint64_t a, uint64_t b, unsigned rm, uint8_t *flags);
uint64_t fp_sqrt(const struct fp_format *f, uint64_t a, unsigned rm, uint8_t *flags);

/* a * b + c, rounded once. */
uint64_t fp_fma(const struct fp_format *f, uint64_t a, uint64_t b, uint64_t c, unsigned rm, uint8_t *flags);

uint64_t fp_min(const struct fp_format *f, uint64_t a, uint64_t b, uint8_t *flags);
uint64_t fp_max(const struct fp_format *f, uint64_t a, uint64_t b, uint8_t *flags);

/* Comparisons; eq is quiet (only signaling NaNs are invalid), lt and le are not. */
bool fp_eq(const struct fp_format *f, uint64_t a, uint64_t b, uint8_t *flags);
bool fp_lt(const struct fp_format *f, uint64_t a, uint64_t b, uint8_t *flags);
bool fp_le(const struct fp_format *f, uint64_t a, uint64_t b, uint8_t *flags);

/* The mask of fclass. */
unsigned fp_classify(const struct fp_format *f, uint64_t a);

/* From one format to another. */
uint64_t fp_convert(const struct fp_format *to, const struct fp_format *from, uint64_t a, unsigned rm, uint8_t *flags);

/* To an integer of `bits` (32, 64), sign-extended from 32 bits even if unsigned, as registers hold it. */
uint64_t fp_to_int(const struct fp_format *f, uint64_t a, unsigned bits, bool is_signed, unsigned rm, uint8_t *flags);

/* From an integer given by sign and magnitude. */
uint64_t fp_from_int(const struct fp_format *f, bool negative, uint64_t magnitude, unsigned rm, uint8_t *flags);

#endif
