/*
 * Floating point in integers: see fp.h.
 *
 * A finite number is unpacked to  (-1)^sign * sig/2^63 * 2^exp  with bit 63 of sig set. Results of more bits are
 * *jammed* into 64: bits that fall off the end set the lowest one, which is far enough below the rounding position
 * (at least 10 bits) that it decides ties and inexactness correctly. fp_round() is the one place where rounding,
 * overflow and underflow happen.
 */
#include "machine/core/fp.h"

#include "machine/core/rv.h"

const struct fp_format fp32_format = {23, 8};
const struct fp_format fp64_format = {52, 11};

typedef unsigned __int128 u128;

enum kind {
    ZERO,
    FINITE,
    INFINITE,
    QUIET,
    SIGNALING,
};

struct unpacked {
    enum kind kind;
    bool sign;
    int exp;
    uint64_t sig;
};

/* ---- Formats ---- */

static uint64_t mask(unsigned bits)
{
    return (UINT64_C(1) << bits) - 1;
}

static int bias(const struct fp_format *f)
{
    return (int)mask(f->exp_bits - 1);
}

static uint64_t pack(const struct fp_format *f, bool sign, uint64_t exp, uint64_t sig)
{
    return (uint64_t)sign << (f->sig_bits + f->exp_bits) | exp << f->sig_bits | sig;
}

static uint64_t make_nan(const struct fp_format *f)
{
    return pack(f, false, mask(f->exp_bits), UINT64_C(1) << (f->sig_bits - 1));
}

static uint64_t make_inf(const struct fp_format *f, bool sign)
{
    return pack(f, sign, mask(f->exp_bits), 0);
}

static uint64_t make_zero(const struct fp_format *f, bool sign)
{
    return pack(f, sign, 0, 0);
}

static struct unpacked unpack(const struct fp_format *f, uint64_t a)
{
    uint64_t sig = a & mask(f->sig_bits);
    uint64_t exp = a >> f->sig_bits & mask(f->exp_bits);
    struct unpacked u = {.sign = a >> (f->sig_bits + f->exp_bits) & 1};

    if (exp == mask(f->exp_bits)) {
        u.kind = sig == 0 ? INFINITE : sig >> (f->sig_bits - 1) ? QUIET : SIGNALING;
    } else if (exp == 0 && sig == 0) {
        u.kind = ZERO;
    } else {
        u.kind = FINITE;
        sig |= exp ? UINT64_C(1) << f->sig_bits : 0;
        int shift = __builtin_clzll(sig);
        u.sig = sig << shift;
        u.exp = (exp ? (int)exp : 1) - bias(f) + 63 - (int)f->sig_bits - shift;
    }
    return u;
}

static bool is_nan(struct unpacked u)
{
    return u.kind >= QUIET;
}

/* The result of an operation that has a NaN among its operands. */
static uint64_t nan_result(const struct fp_format *f, struct unpacked a, struct unpacked b, uint8_t *flags)
{
    if (a.kind == SIGNALING || b.kind == SIGNALING)
        *flags |= RV_FF_NV;
    return make_nan(f);
}

static uint64_t invalid(const struct fp_format *f, uint8_t *flags)
{
    *flags |= RV_FF_NV;
    return make_nan(f);
}

/* ---- Rounding ---- */

/* Shifts right; bits shifted out set the lowest bit. */
static uint64_t shift_jam(uint64_t v, unsigned n)
{
    if (n == 0)
        return v;
    return n > 63 ? v != 0 : v >> n | ((v & mask(n)) != 0);
}

static u128 shift_jam128(u128 v, unsigned n)
{
    if (n == 0)
        return v;
    return n > 127 ? v != 0 : v >> n | ((v & (((u128)1 << n) - 1)) != 0);
}

static uint64_t jam128(u128 v)
{
    return (uint64_t)(v >> 64) | ((uint64_t)v != 0);
}

/* Whether a magnitude is to be rounded up, given its last kept bit and the `extra` bits below. */
static bool rounds_up(uint64_t sig, unsigned extra, bool sign, unsigned rm)
{
    uint64_t rest = sig & mask(extra), half = UINT64_C(1) << (extra - 1);

    switch (rm) {
    case RV_RNE:
        return rest > half || (rest == half && (sig >> extra & 1));
    case RV_RMM:
        return rest >= half;
    case RV_RDN:
        return sign && rest;
    case RV_RUP:
        return !sign && rest;
    default:
        return false;
    }
}

/* Too large: infinity, or the largest finite number if that is where rounding points. */
static uint64_t overflow(const struct fp_format *f, bool sign, unsigned rm, uint8_t *flags)
{
    bool finite = rm == RV_RTZ || (rm == RV_RDN && !sign) || (rm == RV_RUP && sign);

    *flags |= RV_FF_OF | RV_FF_NX;
    return finite ? make_inf(f, sign) - 1 : make_inf(f, sign);
}

/* Below the normal range even after rounding to normal precision? */
static bool is_tiny(const struct fp_format *f, bool sign, int exp, uint64_t sig, unsigned rm)
{
    unsigned extra = 63 - f->sig_bits;
    int min = 1 - bias(f);

    if (exp >= min)
        return false;
    bool carries = sig >> extra == mask(f->sig_bits + 1) && rounds_up(sig, extra, sign, rm);
    return exp < min - 1 || !carries;
}

/* Rounds (-1)^sign * sig/2^63 * 2^exp, bit 63 of sig set (and its lowest bit jammed), to the format. */
static uint64_t fp_round(const struct fp_format *f, bool sign, int exp, uint64_t sig, unsigned rm, uint8_t *flags)
{
    unsigned extra = 63 - f->sig_bits; /* bits beyond the format's */
    bool tiny = is_tiny(f, sign, exp, sig, rm);
    int biased = exp + bias(f);

    if (biased < 1) { /* subnormal: the exponent stays, the significand gives way */
        sig = shift_jam(sig, (unsigned)(1 - biased));
        biased = 0;
    } else {
        biased--; /* the implicit bit will add one */
    }
    bool inexact = sig & mask(extra);
    uint64_t kept = (sig >> extra) + rounds_up(sig, extra, sign, rm);
    uint64_t magnitude = ((uint64_t)biased << f->sig_bits) + kept;
    if (biased >= (int)mask(f->exp_bits) - 1 || magnitude >= make_inf(f, false))
        return overflow(f, sign, rm, flags);
    if (inexact)
        *flags |= (uint8_t)(RV_FF_NX | (tiny ? RV_FF_UF : 0));
    return make_zero(f, sign) | magnitude;
}

/* As fp_round() for a significand of 128 bits in any position; exp is the weight of bit 127. */
static uint64_t round128(const struct fp_format *f, bool sign, int exp, u128 sig, unsigned rm, uint8_t *flags)
{
    uint64_t high = (uint64_t)(sig >> 64);
    unsigned shift = high ? (unsigned)__builtin_clzll(high) : 64 + (unsigned)__builtin_clzll((uint64_t)sig);

    return fp_round(f, sign, exp - (int)shift, jam128(sig << shift), rm, flags);
}

/* ---- Addition ---- */

static uint64_t exact_zero(const struct fp_format *f, unsigned rm)
{
    return make_zero(f, rm == RV_RDN);
}

/* Sum of two numbers whose significands have bit 126 as their highest, or are zero; exp is that bit's weight. */
static uint64_t add128(const struct fp_format *f, bool a_sign, int a_exp, u128 a, bool b_sign, int b_exp, u128 b,
                       unsigned rm, uint8_t *flags)
{
    if (a_exp < b_exp)
        return add128(f, b_sign, b_exp, b, a_sign, a_exp, a, rm, flags);
    b = shift_jam128(b, (unsigned)(a_exp - b_exp));
    if (a_sign == b_sign)
        return round128(f, a_sign, a_exp + 1, a + b, rm, flags);
    if (a == b)
        return exact_zero(f, rm);
    return a > b ? round128(f, a_sign, a_exp + 1, a - b, rm, flags) : round128(f, b_sign, a_exp + 1, b - a, rm, flags);
}

static uint64_t add(const struct fp_format *f, struct unpacked a, struct unpacked b, unsigned rm, uint8_t *flags)
{
    if (is_nan(a) || is_nan(b))
        return nan_result(f, a, b, flags);
    if (a.kind == INFINITE)
        return b.kind == INFINITE && a.sign != b.sign ? invalid(f, flags) : make_inf(f, a.sign);
    if (b.kind == INFINITE)
        return make_inf(f, b.sign);
    if (a.kind == ZERO && b.kind == ZERO)
        return a.sign == b.sign ? make_zero(f, a.sign) : exact_zero(f, rm);
    if (a.kind == ZERO)
        return fp_round(f, b.sign, b.exp, b.sig, rm, flags);
    if (b.kind == ZERO)
        return fp_round(f, a.sign, a.exp, a.sig, rm, flags);
    return add128(f, a.sign, a.exp, (u128)a.sig << 63, b.sign, b.exp, (u128)b.sig << 63, rm, flags);
}

uint64_t fp_add(const struct fp_format *f, uint64_t a, uint64_t b, unsigned rm, uint8_t *flags)
{
    return add(f, unpack(f, a), unpack(f, b), rm, flags);
}

uint64_t fp_sub(const struct fp_format *f, uint64_t a, uint64_t b, unsigned rm, uint8_t *flags)
{
    struct unpacked minus_b = unpack(f, b);

    minus_b.sign = !minus_b.sign;
    return add(f, unpack(f, a), minus_b, rm, flags);
}

/* ---- Multiplication, division, square root ---- */

uint64_t fp_mul(const struct fp_format *f, uint64_t a, uint64_t b, unsigned rm, uint8_t *flags)
{
    struct unpacked x = unpack(f, a), y = unpack(f, b);
    bool sign = x.sign != y.sign;

    if (is_nan(x) || is_nan(y))
        return nan_result(f, x, y, flags);
    if (x.kind == INFINITE || y.kind == INFINITE)
        return x.kind == ZERO || y.kind == ZERO ? invalid(f, flags) : make_inf(f, sign);
    if (x.kind == ZERO || y.kind == ZERO)
        return make_zero(f, sign);
    return round128(f, sign, x.exp + y.exp + 1, (u128)x.sig * y.sig, rm, flags);
}

/* One more bit of quotient than fits would be lost, so the dividend is halved: the quotient has 63 or 64 bits. */
static uint64_t divide(const struct fp_format *f, struct unpacked x, struct unpacked y, unsigned rm, uint8_t *flags)
{
    u128 dividend = (u128)x.sig << 63;
    uint64_t quotient = (uint64_t)(dividend / y.sig);
    bool rest = dividend % y.sig != 0;

    return round128(f, x.sign != y.sign, x.exp - y.exp, (u128)quotient << 64 | rest, rm, flags);
}

uint64_t fp_div(const struct fp_format *f, uint64_t a, uint64_t b, unsigned rm, uint8_t *flags)
{
    struct unpacked x = unpack(f, a), y = unpack(f, b);
    bool sign = x.sign != y.sign;

    if (is_nan(x) || is_nan(y))
        return nan_result(f, x, y, flags);
    if (x.kind == y.kind && x.kind != FINITE)
        return invalid(f, flags); /* 0/0, inf/inf */
    if (x.kind == INFINITE)
        return make_inf(f, sign);
    if (x.kind == ZERO || y.kind == INFINITE)
        return make_zero(f, sign);
    if (y.kind == ZERO) {
        *flags |= RV_FF_DZ;
        return make_inf(f, sign);
    }
    return divide(f, x, y, rm, flags);
}

/* The integer square root, bit by bit. */
static uint64_t isqrt(u128 v, bool *exact)
{
    u128 root = 0, rest = 0;

    for (unsigned i = 0; i < 64; i++) {
        rest = rest << 2 | v >> 126;
        v <<= 2;
        root <<= 1;
        if (rest > root << 1) {
            rest -= (root << 1) + 1;
            root++;
        }
    }
    *exact = rest == 0;
    return (uint64_t)root;
}

uint64_t fp_sqrt(const struct fp_format *f, uint64_t a, unsigned rm, uint8_t *flags)
{
    struct unpacked x = unpack(f, a);

    if (is_nan(x))
        return nan_result(f, x, x, flags);
    if (x.kind == ZERO)
        return a;
    if (x.sign)
        return invalid(f, flags);
    if (x.kind == INFINITE)
        return a;
    /* sig/2^63 * 2^exp with an even exponent, as an integer of 127 or 128 bits: the root has 64 bits, the first set */
    bool exact, odd = x.exp & 1;
    uint64_t root = isqrt((u128)x.sig << (odd ? 64 : 63), &exact);
    return fp_round(f, false, (x.exp - odd) / 2, root | !exact, rm, flags);
}

/* ---- Fused multiplication and addition ---- */

static uint64_t fma_finite(const struct fp_format *f, struct unpacked x, struct unpacked y, struct unpacked z,
                           unsigned rm, uint8_t *flags)
{
    bool sign = x.sign != y.sign;
    u128 product = (u128)x.sig * y.sig; /* bit 126 or 127 is the highest; the lowest bits are zero */
    int exp = x.exp + y.exp;

    if (z.kind == ZERO)
        return round128(f, sign, exp + 1, product, rm, flags);
    if (product >> 127) {
        product >>= 1;
        exp++;
    }
    return add128(f, sign, exp, product, z.sign, z.exp, (u128)z.sig << 63, rm, flags);
}

uint64_t fp_fma(const struct fp_format *f, uint64_t a, uint64_t b, uint64_t c, unsigned rm, uint8_t *flags)
{
    struct unpacked x = unpack(f, a), y = unpack(f, b), z = unpack(f, c);
    bool sign = x.sign != y.sign;
    bool no_product = (x.kind == INFINITE && y.kind == ZERO) || (x.kind == ZERO && y.kind == INFINITE);

    if (is_nan(x) || is_nan(y) || is_nan(z)) {
        if (no_product || x.kind == SIGNALING)
            *flags |= RV_FF_NV;
        return nan_result(f, y, z, flags);
    }
    if (no_product)
        return invalid(f, flags);
    if (x.kind == INFINITE || y.kind == INFINITE)
        return z.kind == INFINITE && z.sign != sign ? invalid(f, flags) : make_inf(f, sign);
    if (z.kind == INFINITE)
        return c;
    if (x.kind == ZERO || y.kind == ZERO)
        return add(f, (struct unpacked){.kind = ZERO, .sign = sign}, z, rm, flags);
    return fma_finite(f, x, y, z, rm, flags);
}

/* ---- Comparisons ---- */

/* Orders two numbers that are not NaN: negative, zero, positive as a is below, equal to, above b. */
static int order(const struct fp_format *f, uint64_t a, uint64_t b)
{
    uint64_t sign = make_zero(f, true);
    int64_t x = a & sign ? -(int64_t)(a & ~sign) : (int64_t)a;
    int64_t y = b & sign ? -(int64_t)(b & ~sign) : (int64_t)b;

    return (x > y) - (x < y);
}

static bool is_nan_bits(const struct fp_format *f, uint64_t a)
{
    return (a & ~make_zero(f, true)) > make_inf(f, false);
}

static bool is_signaling(const struct fp_format *f, uint64_t a)
{
    return unpack(f, a).kind == SIGNALING;
}

static bool unordered(const struct fp_format *f, uint64_t a, uint64_t b, bool quiet, uint8_t *flags)
{
    if (!is_nan_bits(f, a) && !is_nan_bits(f, b))
        return false;
    if (!quiet || is_signaling(f, a) || is_signaling(f, b))
        *flags |= RV_FF_NV;
    return true;
}

bool fp_eq(const struct fp_format *f, uint64_t a, uint64_t b, uint8_t *flags)
{
    return !unordered(f, a, b, true, flags) && order(f, a, b) == 0;
}

bool fp_lt(const struct fp_format *f, uint64_t a, uint64_t b, uint8_t *flags)
{
    return !unordered(f, a, b, false, flags) && order(f, a, b) < 0;
}

bool fp_le(const struct fp_format *f, uint64_t a, uint64_t b, uint8_t *flags)
{
    return !unordered(f, a, b, false, flags) && order(f, a, b) <= 0;
}

/* The lesser number, -0 below +0; a number if only one operand is NaN. */
static uint64_t lesser(const struct fp_format *f, uint64_t a, uint64_t b, bool greater, uint8_t *flags)
{
    if (is_signaling(f, a) || is_signaling(f, b))
        *flags |= RV_FF_NV;
    if (is_nan_bits(f, a))
        return is_nan_bits(f, b) ? make_nan(f) : b;
    if (is_nan_bits(f, b))
        return a;
    int o = order(f, a, b);
    bool a_is_less = o < 0 || (o == 0 && (a & make_zero(f, true)));
    return a_is_less != greater ? a : b;
}

uint64_t fp_min(const struct fp_format *f, uint64_t a, uint64_t b, uint8_t *flags)
{
    return lesser(f, a, b, false, flags);
}

uint64_t fp_max(const struct fp_format *f, uint64_t a, uint64_t b, uint8_t *flags)
{
    return lesser(f, a, b, true, flags);
}

unsigned fp_classify(const struct fp_format *f, uint64_t a)
{
    struct unpacked u = unpack(f, a);
    bool subnormal = u.kind == FINITE && u.exp < 1 - bias(f);

    switch (u.kind) {
    case QUIET:
        return 1u << 9;
    case SIGNALING:
        return 1u << 8;
    case INFINITE:
        return u.sign ? 1u << 0 : 1u << 7;
    case ZERO:
        return u.sign ? 1u << 3 : 1u << 4;
    default:
        return subnormal ? (u.sign ? 1u << 2 : 1u << 5) : (u.sign ? 1u << 1 : 1u << 6);
    }
}

/* ---- Conversions ---- */

uint64_t fp_convert(const struct fp_format *to, const struct fp_format *from, uint64_t a, unsigned rm, uint8_t *flags)
{
    struct unpacked u = unpack(from, a);

    if (is_nan(u))
        return nan_result(to, u, u, flags);
    if (u.kind == INFINITE)
        return make_inf(to, u.sign);
    if (u.kind == ZERO)
        return make_zero(to, u.sign);
    return fp_round(to, u.sign, u.exp, u.sig, rm, flags);
}

/* The limits of integers of `bits` as registers hold them. */
static uint64_t int_limit(unsigned bits, bool is_signed, bool lowest)
{
    if (!is_signed)
        return lowest ? 0 : UINT64_MAX; /* 32 bits: sign-extended */
    return lowest ? (uint64_t) - (int64_t)mask(bits - 1) - 1 : mask(bits - 1);
}

static uint64_t out_of_range(unsigned bits, bool is_signed, bool lowest, uint8_t *flags)
{
    *flags |= RV_FF_NV;
    return int_limit(bits, is_signed, lowest);
}

/* The magnitude rounded to an integer; exponents up to 63 only. */
static uint64_t round_to_int(struct unpacked u, unsigned rm, bool *inexact)
{
    if (u.exp == 63) {
        *inexact = false;
        return u.sig;
    }
    /* position the binary point above bit 2, so that rounding sees a half and a rest */
    u128 fixed = shift_jam128((u128)u.sig << 2, u.exp < -2 ? 127 : (unsigned)(63 - u.exp));
    *inexact = fixed & 3;
    return (uint64_t)(fixed >> 2) + rounds_up((uint64_t)fixed, 2, u.sign, rm);
}

uint64_t fp_to_int(const struct fp_format *f, uint64_t a, unsigned bits, bool is_signed, unsigned rm, uint8_t *flags)
{
    struct unpacked u = unpack(f, a);
    bool inexact;

    if (u.kind == ZERO)
        return 0;
    if (is_nan(u))
        return out_of_range(bits, is_signed, false, flags);
    if (u.kind == INFINITE || u.exp > 63)
        return out_of_range(bits, is_signed, u.sign, flags);
    uint64_t magnitude = round_to_int(u, rm, &inexact);
    uint64_t limit = !is_signed ? (u.sign ? 0 : bits == 32 ? UINT32_MAX : UINT64_MAX) : mask(bits - 1) + u.sign;
    if (magnitude > limit)
        return out_of_range(bits, is_signed, u.sign, flags);
    if (inexact)
        *flags |= RV_FF_NX;
    uint64_t value = u.sign ? -magnitude : magnitude;
    return bits == 32 ? (uint64_t)(int64_t)(int32_t)value : value;
}

uint64_t fp_from_int(const struct fp_format *f, bool negative, uint64_t magnitude, unsigned rm, uint8_t *flags)
{
    if (magnitude == 0)
        return 0;
    int shift = __builtin_clzll(magnitude);
    return fp_round(f, negative, 63 - shift, magnitude << shift, rm, flags);
}
