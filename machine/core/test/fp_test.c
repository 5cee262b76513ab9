/*
 * Floating point in integers (core/fp.c) against the host's FPU, bit for bit and flag for flag, in the four rounding
 * modes that it has; and against MPFR in the fifth, to nearest with ties away from zero. x86 detects tininess after
 * rounding, as RISC-V does. NaN results are compared as the canonical NaN.
 */
#include <fenv.h>
#include <math.h>
#include <mpfr.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "machine/core/fp.h"
#include "machine/core/rv.h"
#include "machine/core/test/random.h"

#define ROUNDS 200000 /* random operand triples per format; each goes through every operation and mode */

/* ---- Operands ---- */

/* Significands that provoke carries, ties and cancellation. */
static uint64_t rnd_sig(unsigned bits)
{
    uint64_t m = (UINT64_C(1) << bits) - 1;

    switch (rnd() % 8) {
    case 0:
        return 0;
    case 1:
        return m;
    case 2:
        return 1;
    case 3:
        return UINT64_C(1) << rnd() % bits;
    case 4:
        return m & ~(UINT64_C(1) << rnd() % bits);
    case 5:
        return (m << rnd() % bits) & m;
    default:
        return rnd() & m;
    }
}

/* Exponents near the ends, near the middle, and anywhere. */
static uint64_t rnd_exp(unsigned bits)
{
    uint64_t m = (UINT64_C(1) << bits) - 1;

    switch (rnd() % 8) {
    case 0:
        return rnd() % 3;
    case 1:
        return m - rnd() % 3;
    case 2:
    case 3:
        return m / 2 - 60 + rnd() % 120;
    default:
        return rnd() & m;
    }
}

static uint64_t rnd_value(const struct fp_format *f)
{
    return (rnd() & 1) << (f->sig_bits + f->exp_bits) | rnd_exp(f->exp_bits) << f->sig_bits | rnd_sig(f->sig_bits);
}

/* ---- The host ---- */

static double to_double(uint64_t v)
{
    double d;
    memcpy(&d, &v, sizeof d);
    return d;
}

static uint64_t from_double(double d)
{
    uint64_t v;
    memcpy(&v, &d, sizeof v);
    return isnan(d) ? FP64_NAN : v;
}

static float to_float(uint64_t v)
{
    uint32_t bits = (uint32_t)v;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static uint64_t from_float(float f)
{
    uint32_t v;
    memcpy(&v, &f, sizeof v);
    return isnan(f) ? FP32_NAN : v;
}

static const int host_modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};

static uint8_t host_flags(void)
{
    int e = fetestexcept(FE_ALL_EXCEPT);
    return (uint8_t)((e & FE_INEXACT ? RV_FF_NX : 0) | (e & FE_UNDERFLOW ? RV_FF_UF : 0) |
                     (e & FE_OVERFLOW ? RV_FF_OF : 0) | (e & FE_DIVBYZERO ? RV_FF_DZ : 0) |
                     (e & FE_INVALID ? RV_FF_NV : 0));
}

enum operation { ADD, SUB, MUL, DIV, SQRT, FMA, OPERATIONS };

/* host_double_op() and host_float_op(): an operation of the host's FPU on bit patterns, with flags cleared before. */
#define HOST_OPERATION(type, square_root, fused)                                                                       \
    static uint64_t host_##type##_op(enum operation op, uint64_t ua, uint64_t ub, uint64_t uc)                         \
    {                                                                                                                  \
        volatile type a = to_##type(ua), b = to_##type(ub), c = to_##type(uc), r = 0;                                  \
        feclearexcept(FE_ALL_EXCEPT);                                                                                  \
        switch (op) {                                                                                                  \
        case ADD:                                                                                                      \
            r = a + b;                                                                                                 \
            break;                                                                                                     \
        case SUB:                                                                                                      \
            r = a - b;                                                                                                 \
            break;                                                                                                     \
        case MUL:                                                                                                      \
            r = a * b;                                                                                                 \
            break;                                                                                                     \
        case DIV:                                                                                                      \
            r = a / b;                                                                                                 \
            break;                                                                                                     \
        case SQRT:                                                                                                     \
            r = square_root(a);                                                                                        \
            break;                                                                                                     \
        default:                                                                                                       \
            r = fused(a, b, c);                                                                                        \
            break;                                                                                                     \
        }                                                                                                              \
        return from_##type(r);                                                                                         \
    }
HOST_OPERATION(double, sqrt, fma)
HOST_OPERATION(float, sqrtf, fmaf)

static uint64_t our_op(const struct fp_format *f, enum operation op, uint64_t a, uint64_t b, uint64_t c, unsigned rm,
                       uint8_t *flags)
{
    *flags = 0;
    switch (op) {
    case ADD:
        return fp_add(f, a, b, rm, flags);
    case SUB:
        return fp_sub(f, a, b, rm, flags);
    case MUL:
        return fp_mul(f, a, b, rm, flags);
    case DIV:
        return fp_div(f, a, b, rm, flags);
    case SQRT:
        return fp_sqrt(f, a, rm, flags);
    default:
        return fp_fma(f, a, b, c, rm, flags);
    }
}

static void assert_same(const char *what, uint64_t a, uint64_t b, uint64_t c, unsigned rm, uint64_t ours,
                        uint8_t our_flags, uint64_t theirs, uint8_t their_flags)
{
    if (ours == theirs && our_flags == their_flags)
        return;
    fesetround(FE_TONEAREST);
    fail_msg("%s(%#llx, %#llx, %#llx) rm %u: %#llx flags %#x, expected %#llx flags %#x", what, (unsigned long long)a,
             (unsigned long long)b, (unsigned long long)c, rm, (unsigned long long)ours, our_flags,
             (unsigned long long)theirs, their_flags);
}

/* Evaluates `ours` before it reads the flags that this sets. */
#define CHECK(what, a, b, c, rm, ours, flags, theirs, their_flags)                                                     \
    do {                                                                                                               \
        uint64_t ours_ = (ours);                                                                                       \
        assert_same(what, a, b, c, rm, ours_, flags, theirs, their_flags);                                             \
    } while (0)

static const char *const names[] = {"add", "sub", "mul", "div", "sqrt", "fma"};

static bool is_nan(const struct fp_format *f, uint64_t v)
{
    return fp_classify(f, v) >= 1u << 8;
}

static void check_arithmetic(const struct fp_format *f, uint64_t a, uint64_t b, uint64_t c)
{
    for (unsigned rm = 0; rm < 4; rm++) {
        for (enum operation op = 0; op < OPERATIONS; op++) {
            uint8_t flags;
            if (op == FMA && is_nan(f, c))
                continue; /* 0 * inf + NaN: the standard leaves `invalid` open; see test_fma_invalid() */
            fesetround(host_modes[rm]);
            uint64_t theirs = f == &fp64_format ? host_double_op(op, a, b, c) : host_float_op(op, a, b, c);
            uint8_t their_flags = host_flags();
            uint64_t ours = our_op(f, op, a, b, c, rm, &flags);
            assert_same(names[op], a, b, c, rm, ours, flags, theirs, their_flags);
        }
    }
    fesetround(FE_TONEAREST);
}

static void test_arithmetic(void **state)
{
    static const struct fp_format *const formats[] = {&fp32_format, &fp64_format};

    for (unsigned i = 0; i < 2; i++)
        for (unsigned n = 0; n < ROUNDS; n++)
            check_arithmetic(formats[i], rnd_value(formats[i]), rnd_value(formats[i]), rnd_value(formats[i]));
}

/* Products close to the addend: cancellation in fused multiplication and addition. */
static void test_fma_cancellation(void **state)
{
    for (unsigned n = 0; n < ROUNDS; n++) {
        uint64_t a = rnd_value(&fp64_format), b = rnd_value(&fp64_format);
        uint8_t flags = 0;
        uint64_t c = fp_mul(&fp64_format, a, b, (unsigned)(rnd() % 4), &flags) ^ UINT64_C(1) << 63;
        check_arithmetic(&fp64_format, a, b, c + rnd() % 3 - 1);
    }
}

static void test_fma_invalid(void **state)
{
    uint64_t inf = UINT64_C(0x7ff) << 52;
    uint8_t flags = 0;

    assert_int_equal(fp_fma(&fp64_format, inf, 0, FP64_NAN, RV_RNE, &flags), FP64_NAN);
    assert_int_equal(flags, RV_FF_NV);
}

/* ---- Rounding to nearest with ties away, by MPFR: of the two neighbours, the nearer or the greater magnitude ---- */

static void exact(mpfr_t r, enum operation op, uint64_t ua, uint64_t ub, uint64_t uc)
{
    mpfr_t a, b, c;

    mpfr_inits2(60, a, b, c, (mpfr_ptr)0);
    mpfr_set_d(a, to_double(ua), MPFR_RNDN);
    mpfr_set_d(b, to_double(ub), MPFR_RNDN);
    mpfr_set_d(c, to_double(uc), MPFR_RNDN);
    switch (op) {
    case ADD:
        mpfr_add(r, a, b, MPFR_RNDN);
        break;
    case SUB:
        mpfr_sub(r, a, b, MPFR_RNDN);
        break;
    case MUL:
        mpfr_mul(r, a, b, MPFR_RNDN);
        break;
    case DIV:
        mpfr_div(r, a, b, MPFR_RNDN);
        break;
    case SQRT:
        mpfr_sqrt(r, a, MPFR_RNDN);
        break;
    default:
        mpfr_fma(r, a, b, c, MPFR_RNDN);
        break;
    }
    mpfr_clears(a, b, c, (mpfr_ptr)0);
}

static void check_away(enum operation op, uint64_t a, uint64_t b, uint64_t c)
{
    uint8_t flags, ignored;
    uint64_t toward_zero = our_op(&fp64_format, op, a, b, c, RV_RTZ, &ignored);
    uint64_t ours = our_op(&fp64_format, op, a, b, c, RV_RMM, &flags);

    if (!isfinite(to_double(toward_zero)) || !isfinite(to_double(toward_zero + 1)) || (flags & RV_FF_OF))
        return;
    mpfr_t r, middle, other;
    mpfr_inits2(5000, r, middle, other, (mpfr_ptr)0);
    exact(r, op, a, b, c);
    mpfr_set_d(middle, to_double(toward_zero), MPFR_RNDN);
    mpfr_set_d(other, to_double(toward_zero + 1), MPFR_RNDN);
    mpfr_add(middle, middle, other, MPFR_RNDN);
    mpfr_div_2ui(middle, middle, 1, MPFR_RNDN);
    bool away = mpfr_cmpabs(r, middle) >= 0;
    bool inexact = mpfr_cmp_d(r, to_double(ours)) != 0;
    mpfr_clears(r, middle, other, (mpfr_ptr)0);
    assert_same(names[op], a, b, c, RV_RMM, ours, flags & RV_FF_NX, toward_zero + away, inexact ? RV_FF_NX : 0);
}

static void test_ties_away(void **state)
{
    for (unsigned n = 0; n < 3000; n++)
        for (enum operation op = 0; op < OPERATIONS; op++)
            check_away(op, rnd_value(&fp64_format), rnd_value(&fp64_format), rnd_value(&fp64_format));
}

/* ---- Conversions and comparisons ---- */

static void check_convert(uint64_t d, uint64_t s)
{
    for (unsigned rm = 0; rm < 4; rm++) {
        uint8_t flags = 0;
        volatile double wide = to_double(d);
        volatile float narrow = to_float(s);

        fesetround(host_modes[rm]);
        feclearexcept(FE_ALL_EXCEPT);
        volatile float narrowed = (float)wide;
        uint8_t host = host_flags();
        CHECK("d to s", d, 0, 0, rm, fp_convert(&fp32_format, &fp64_format, d, rm, &flags), flags, from_float(narrowed),
              host);
        feclearexcept(FE_ALL_EXCEPT);
        volatile double widened = narrow;
        host = host_flags();
        flags = 0;
        CHECK("s to d", s, 0, 0, rm, fp_convert(&fp64_format, &fp32_format, s, rm, &flags), flags, from_double(widened),
              host);
    }
    fesetround(FE_TONEAREST);
}

/* The specification's table of conversions, from the value rounded by the host. */
static uint64_t expected_int(double rounded, bool nan, double lowest, double limit, uint64_t min, uint64_t max,
                             bool inexact, uint8_t *flags)
{
    *flags = RV_FF_NV;
    if (nan || rounded >= limit)
        return max;
    if (rounded < lowest)
        return min;
    *flags = inexact ? RV_FF_NX : 0;
    return lowest < 0 ? (uint64_t)(int64_t)rounded : (uint64_t)rounded;
}

static void check_to_int(uint64_t v)
{
    double d = to_double(v);

    for (unsigned rm = 0; rm <= RV_RMM; rm++) {
        fesetround(rm < 4 ? host_modes[rm] : FE_TONEAREST);
        volatile double in = d;
        double r = rm < 4 ? rint(in) : round(in);
        fesetround(FE_TONEAREST);
        uint8_t flags, want;
        uint64_t expected = expected_int(r, isnan(d), -0x1p31, 0x1p31, (uint64_t)INT32_MIN, INT32_MAX, r != d, &want);
        flags = 0;
        CHECK("to i32", v, 0, 0, rm, fp_to_int(&fp64_format, v, 32, true, rm, &flags), flags, expected, want);
        expected = (uint64_t)(int32_t)expected_int(r, isnan(d), 0, 0x1p32, 0, UINT64_MAX, r != d, &want);
        flags = 0;
        CHECK("to u32", v, 0, 0, rm, fp_to_int(&fp64_format, v, 32, false, rm, &flags), flags, expected, want);
        expected = expected_int(r, isnan(d), -0x1p63, 0x1p63, (uint64_t)INT64_MIN, INT64_MAX, r != d, &want);
        flags = 0;
        CHECK("to i64", v, 0, 0, rm, fp_to_int(&fp64_format, v, 64, true, rm, &flags), flags, expected, want);
        expected = expected_int(r, isnan(d), 0, 0x1p64, 0, UINT64_MAX, r != d, &want);
        flags = 0;
        CHECK("to u64", v, 0, 0, rm, fp_to_int(&fp64_format, v, 64, false, rm, &flags), flags, expected, want);
    }
}

static void check_from_int(uint64_t v)
{
    bool negative = (int64_t)v < 0;

    for (unsigned rm = 0; rm < 4; rm++) {
        uint8_t flags = 0;
        fesetround(host_modes[rm]);
        volatile int64_t in = (int64_t)v;
        feclearexcept(FE_ALL_EXCEPT);
        volatile double d = (double)in;
        uint8_t host = host_flags();
        CHECK("i64 to d", v, 0, 0, rm, fp_from_int(&fp64_format, negative, negative ? -v : v, rm, &flags), flags,
              from_double(d), host);
        feclearexcept(FE_ALL_EXCEPT);
        volatile float f = (float)in;
        host = host_flags();
        flags = 0;
        CHECK("i64 to s", v, 0, 0, rm, fp_from_int(&fp32_format, negative, negative ? -v : v, rm, &flags), flags,
              from_float(f), host);
    }
    fesetround(FE_TONEAREST);
}

static void test_conversions(void **state)
{
    for (unsigned n = 0; n < ROUNDS; n++) {
        check_convert(rnd_value(&fp64_format), rnd_value(&fp32_format));
        check_convert((UINT64_C(1023 - 130) + rnd() % 10) << 52 | rnd_sig(52), 0); /* around single's smallest */
        check_to_int(rnd_value(&fp64_format));
        check_to_int((rnd() & 1) << 63 | (UINT64_C(1023 - 3) + rnd() % 70) << 52 | rnd_sig(52));
        check_from_int(rnd_sig(63) >> rnd() % 64);
        check_from_int(rnd());
    }
}

static void test_comparisons(void **state)
{
    for (unsigned n = 0; n < ROUNDS; n++) {
        uint64_t ua = rnd_value(&fp64_format), ub = n % 4 ? rnd_value(&fp64_format) : ua;
        volatile double a = to_double(ua), b = to_double(ub);
        uint8_t flags = 0;
        feclearexcept(FE_ALL_EXCEPT);
        bool r = a < b;
        CHECK("lt", ua, ub, 0, 0, fp_lt(&fp64_format, ua, ub, &flags), flags, r, host_flags());
        feclearexcept(FE_ALL_EXCEPT);
        flags = 0;
        r = a <= b;
        CHECK("le", ua, ub, 0, 0, fp_le(&fp64_format, ua, ub, &flags), flags, r, host_flags());
        feclearexcept(FE_ALL_EXCEPT);
        flags = 0;
        r = a == b;
        CHECK("eq", ua, ub, 0, 0, fp_eq(&fp64_format, ua, ub, &flags), flags, r, host_flags());
    }
}

static void test_min_max(void **state)
{
    uint64_t one = UINT64_C(0x3ff) << 52, minus_zero = UINT64_C(1) << 63, signaling = FP64_NAN ^ UINT64_C(3) << 50;
    uint8_t flags = 0;

    assert_int_equal(fp_min(&fp64_format, 0, minus_zero, &flags), minus_zero);
    assert_int_equal(fp_max(&fp64_format, minus_zero, 0, &flags), 0);
    assert_int_equal(fp_min(&fp64_format, FP64_NAN, one, &flags), one);
    assert_int_equal(fp_max(&fp64_format, FP64_NAN, FP64_NAN | 5, &flags), FP64_NAN);
    assert_int_equal(flags, 0);
    assert_int_equal(fp_max(&fp64_format, signaling, one, &flags), one);
    assert_int_equal(flags, RV_FF_NV);
}

static void test_classify(void **state)
{
    static const struct {
        uint32_t value;
        unsigned mask;
    } cases[] = {{0xff800000, 0x001}, {0xbf800000, 0x002}, {0x80000001, 0x004}, {0x80000000, 0x008},
                 {0x00000000, 0x010}, {0x007fffff, 0x020}, {0x00800000, 0x040}, {0x7f800000, 0x080},
                 {0x7fa00000, 0x100}, {0x7fc00000, 0x200}};

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(fp_classify(&fp32_format, cases[i].value), cases[i].mask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arithmetic), cmocka_unit_test(test_fma_cancellation), cmocka_unit_test(test_fma_invalid),
        cmocka_unit_test(test_ties_away),  cmocka_unit_test(test_conversions),      cmocka_unit_test(test_comparisons),
        cmocka_unit_test(test_min_max),    cmocka_unit_test(test_classify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
