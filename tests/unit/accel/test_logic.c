/* The logics against definitions written down naively, in long double. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "abi/error.h"
#include "hw/accel.h"
#include "machine/accel/logic.h"

#define N     512
#define BOUND 1e-5 /* of the block's largest magnitude */

typedef void fill_fn(float *samples, uint32_t count);

static void fill_grey(float *samples, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        samples[i] = rand() % 256;
}

static void fill_wide(float *samples, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        samples[i] = (rand() - RAND_MAX / 2) * powf(10, rand() % 20 - 20);
}

static void fill_impulse(float *samples, uint32_t count)
{
    memset(samples, 0, count * sizeof *samples);
    samples[rand() % count] = 255;
}

static void fill_constant(float *samples, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        samples[i] = 77;
}

static fill_fn *const fills[] = {fill_grey, fill_wide, fill_impulse, fill_constant};

/* sum over n of in[n] e^(sign 2 pi i k n / N) */
static void naive(const float *in, int complex_input, int sign, uint32_t k, long double *re, long double *im)
{
    *re = *im = 0;
    for (uint32_t n = 0; n < N; n++) {
        long double angle = sign * 2 * 3.14159265358979323846264338327950288L * ((uint64_t)k * n % N) / N;
        long double x = in[complex_input ? 2 * n : n], y = complex_input ? in[2 * n + 1] : 0;
        *re += x * cosl(angle) - y * sinl(angle);
        *im += x * sinl(angle) + y * cosl(angle);
    }
}

static void check(const float *got, const long double *wanted, uint32_t count)
{
    long double largest = 0;
    for (uint32_t i = 0; i < count; i++)
        largest = fmaxl(largest, fabsl(wanted[i]));
    for (uint32_t i = 0; i < count; i++)
        assert_true(fabsl(got[i] - wanted[i]) <= BOUND * largest);
}

static void test_fft(void **state)
{
    float in[N], out[2 * N];
    static long double wanted[2 * N];
    for (int f = 0; f < 4; f++) {
        fills[f](in, N);
        accel_logic_find("fft")->compute(NULL, in, out);
        for (uint32_t k = 0; k < N; k++)
            naive(in, 0, -1, k, &wanted[2 * k], &wanted[2 * k + 1]);
        check(out, wanted, 2 * N);
    }
}

static void test_ifft(void **state)
{
    float in[2 * N], out[N];
    static long double wanted[N];
    for (int f = 0; f < 4; f++) {
        long double unused;
        fills[f](in, 2 * N);
        accel_logic_find("ifft")->compute(NULL, in, out);
        for (uint32_t k = 0; k < N; k++) {
            naive(in, 1, 1, k, &wanted[k], &unused);
            wanted[k] /= N;
        }
        check(out, wanted, N);
    }
}

static void test_mul(void **state)
{
    float in[2 * N], table[2 * N], out[2 * N];
    static long double wanted[2 * N];
    fill_wide(in, 2 * N);
    fill_grey(table, 2 * N);
    accel_logic_find("mul")->compute(table, in, out);
    for (uint32_t k = 0; k < 2 * N; k += 2) {
        wanted[k] = (long double)in[k] * table[k] - (long double)in[k + 1] * table[k + 1];
        wanted[k + 1] = (long double)in[k] * table[k + 1] + (long double)in[k + 1] * table[k];
    }
    check(out, wanted, 2 * N);
}

static void test_low_pass(void **state)
{
    float table[2 * N];
    accel_logic_find("mul")->fill_table(table);
    for (uint32_t k = 0; k < N; k++) {
        double m = k < N - k ? k : N - k;
        assert_true(fabs(table[2 * k] - exp(-0.5 * pow(m / 32, 2))) < 1e-7);
        assert_true(table[2 * k + 1] == 0);
    }
}

static void test_names(void **state)
{
    assert_null(accel_logic_find("no such"));
    for (const struct accel_logic *logic = accel_logics; logic->name; logic++) {
        assert_ptr_equal(accel_logic_find(logic->name), logic);
        assert_true(logic->input_block <= ACCEL_MAX_BLOCK && logic->output_block <= ACCEL_MAX_BLOCK);
        assert_true(logic->table_bytes <= ACCEL_MEMORY - ACCEL_TABLE);
    }
}

static void test_error_numbers(void **state)
{
    assert_int_equal(ACCEL_E_OK, E_OK);
    assert_int_equal(ACCEL_E_IO, E_IO);
    assert_int_equal(ACCEL_E_BUSY, E_BUSY);
    assert_int_equal(ACCEL_E_INVAL, E_INVAL);
    assert_int_equal(ACCEL_E_NOSPC, E_NOSPC);
    assert_int_equal(ACCEL_E_PIPE, E_PIPE);
    assert_int_equal(ACCEL_E_NOSYS, E_NOSYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fft),      cmocka_unit_test(test_ifft),  cmocka_unit_test(test_mul),
        cmocka_unit_test(test_low_pass), cmocka_unit_test(test_names), cmocka_unit_test(test_error_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
