/*
 * Steps made of random bytes, and the corpus that the coverage-guided fuzzer has found: needs no other compiler than
 * everything else does.
 *
 *   kernel_fuzz [INVOCATIONS [FIRST SEED [CHECK EVERY]]]     FUZZ_TRACE=1 shows every step
 *
 * The corpus is one file: inputs behind one another, each with its length in front (u32, little endian).
 */
#include "tests/fuzz/kernel/world.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define STEPS 300
#define CORPUS "tests/fuzz/kernel/corpus"

static u64 invocations = 100000, seed = 1, check_every = 1;

static void random_bytes(u8 *bytes, u64 size, u64 state)
{
    for (u64 i = 0; i < size; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[i] = state * 0x2545f4914f6cdd1dull >> 56;
    }
}

/* So that the run that failed can be had again: FUZZ_TRACE=1 kernel_fuzz 1 SEED */
static void tell_seed(int signal)
{
    fprintf(stderr, "seed %lu\n", seed - 1);
}

static void test_random_steps(void **unused)
{
    static u8 bytes[STEPS * sizeof(struct step)];
    u64 first = seed;
    signal(SIGABRT, tell_seed);
    while (world_invocations < invocations) {
        random_bytes(bytes, sizeof bytes, seed++ * 0x9e3779b97f4a7c15ull | 1);
        world_run(bytes, sizeof bytes, check_every);
        if (seed % 100000 == 0)
            print_message("%lu invocations, seeds %lu-%lu\n", world_invocations, first, seed - 1);
    }
    print_message("%lu invocations, seeds %lu-%lu\n", world_invocations, first, seed - 1);
}

static void test_corpus(void **unused)
{
    static u8 bytes[1 << 16];
    FILE *file = fopen(CORPUS, "rb");
    u32 size, inputs = 0;
    assert_non_null(file);
    for (; fread(&size, sizeof size, 1, file) == 1; inputs++) {
        assert_true(size <= sizeof bytes && fread(bytes, 1, size, file) == size);
        world_run(bytes, size, 1);
    }
    fclose(file);
    assert_true(inputs > 0);
}

int main(int argc, char **argv)
{
    u64 *options[] = {&invocations, &seed, &check_every};
    for (int i = 1; i < argc && i <= 3; i++)
        *options[i - 1] = strtoull(argv[i], NULL, 0);
    const struct CMUnitTest usual[] = {cmocka_unit_test(test_corpus), cmocka_unit_test(test_random_steps)};
    const struct CMUnitTest asked_for[] = {cmocka_unit_test(test_random_steps)};
    return argc > 1 ? cmocka_run_group_tests(asked_for, NULL, NULL) : cmocka_run_group_tests(usual, NULL, NULL);
}
