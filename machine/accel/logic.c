/*
 * The logics: copy, fft (512 reals to 512 complex, unnormalised), mul (512 complex times a table) and ifft (512 complex
 * to 512 real parts, scaled by 1/512). They compute in double precision, so that a result is the exactly rounded one in
 * nearly all cases and the same on every host.
 */
#include "machine/accel/logic.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define N      LOGIC_SAMPLES
#define LOG2_N 9

struct complex_value {
    double re, im;
};

static double get_float(const uint8_t *bytes)
{
    uint32_t word = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

static void put_float(uint8_t *bytes, double wide)
{
    float value = (float)wide;
    uint32_t word;
    memcpy(&word, &value, sizeof word);
    for (int i = 0; i < 4; i++)
        bytes[i] = word >> 8 * i;
}

static uint32_t reverse_bits(uint32_t i)
{
    uint32_t reversed = 0;
    for (int bit = 0; bit < LOG2_N; bit++)
        reversed |= (i >> bit & 1) << (LOG2_N - 1 - bit);
    return reversed;
}

static void butterfly(struct complex_value *a, struct complex_value *b, struct complex_value w)
{
    struct complex_value t = {b->re * w.re - b->im * w.im, b->re * w.im + b->im * w.re};
    *b = (struct complex_value){a->re - t.re, a->im - t.im};
    *a = (struct complex_value){a->re + t.re, a->im + t.im};
}

/* Radix-2, decimation in time, in place; the input is in bit-reversed order. */
static void transform(struct complex_value *v, bool inverse)
{
    for (uint32_t half = 1; half < N; half *= 2)
        for (uint32_t k = 0; k < half; k++) {
            double angle = (inverse ? 1 : -1) * M_PI * k / half;
            struct complex_value w = {cos(angle), sin(angle)};
            for (uint32_t i = k; i < N; i += 2 * half)
                butterfly(&v[i], &v[i + half], w);
        }
}

static void compute_copy(const void *table, const void *input, void *output)
{
    memcpy(output, input, 4 * N);
}

static void compute_fft(const void *table, const void *input, void *output)
{
    struct complex_value v[N];
    const uint8_t *in = input;
    uint8_t *out = output;
    for (uint32_t i = 0; i < N; i++)
        v[reverse_bits(i)] = (struct complex_value){get_float(in + 4 * i), 0};
    transform(v, false);
    for (uint32_t i = 0; i < N; i++) {
        put_float(out + 8 * i, v[i].re);
        put_float(out + 8 * i + 4, v[i].im);
    }
}

static void compute_ifft(const void *table, const void *input, void *output)
{
    struct complex_value v[N];
    const uint8_t *in = input;
    uint8_t *out = output;
    for (uint32_t i = 0; i < N; i++)
        v[reverse_bits(i)] = (struct complex_value){get_float(in + 8 * i), get_float(in + 8 * i + 4)};
    transform(v, true);
    for (uint32_t i = 0; i < N; i++)
        put_float(out + 4 * i, v[i].re / N);
}

static void compute_mul(const void *table, const void *input, void *output)
{
    const uint8_t *in = input, *factors = table;
    uint8_t *out = output;
    for (uint32_t i = 0; i < 8 * N; i += 8) {
        double re = get_float(in + i), im = get_float(in + i + 4);
        double factor_re = get_float(factors + i), factor_im = get_float(factors + i + 4);
        put_float(out + i, re * factor_re - im * factor_im);
        put_float(out + i + 4, re * factor_im + im * factor_re);
    }
}

/* The real low pass of the program mul: H[k] = exp(-0.5 (m/32)^2), m = min(k, 512 - k). */
static void fill_table_mul(void *table)
{
    uint8_t *factors = table;
    for (uint32_t k = 0; k < N; k++) {
        double m = k < N - k ? k : N - k;
        put_float(factors + 8 * k, exp(-0.5 * (m / 32) * (m / 32)));
        put_float(factors + 8 * k + 4, 0);
    }
}

#define fill_table_copy NULL
#define fill_table_fft  NULL
#define fill_table_ifft NULL

const struct accel_logic accel_logics[] = {
#define LOGIC(name, in, out, table, cycles) {#name, in, out, table, cycles, compute_##name, fill_table_##name},
#include "machine/accel/logics.def"
    {.name = NULL}};

const struct accel_logic *accel_logic_find(const char *name)
{
    for (const struct accel_logic *logic = accel_logics; logic->name; logic++)
        if (strcmp(logic->name, name) == 0)
            return logic;
    return NULL;
}
