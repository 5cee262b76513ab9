/*
 * A little of everything for the tests of Mosaic's tools: a region of interest with loops, calls, memory, floating
 * point, and a checkpoint in its middle.
 */
#include "tests/machine/bare.h"

#include "hw/mosaic_marks.h"

#define SIZE 4096

static uint32_t table[SIZE];

__attribute__((noinline)) static uint64_t fill(uint64_t seed)
{
    for (unsigned i = 0; i < SIZE; i++)
        table[i] = (uint32_t)bare_random(&seed);
    return seed;
}

__attribute__((noinline)) static uint64_t sort(void)
{
    for (unsigned gap = SIZE / 2; gap; gap /= 2)
        for (unsigned i = gap; i < SIZE; i++)
            for (unsigned j = i; j >= gap && table[j - gap] > table[j]; j -= gap) {
                uint32_t t = table[j];
                table[j] = table[j - gap];
                table[j - gap] = t;
            }
    return table[0];
}

__attribute__((noinline)) static double sum(void)
{
    double s = 0;
    for (unsigned i = 1; i < SIZE; i++)
        s += (double)table[i] / i;
    return s;
}

int main(void)
{
    uint64_t seed = 88172645463325252u;

    MOSAIC_MARK(MOSAIC_MARK_ROI_BEGIN);
    for (unsigned round = 0; round < 4; round++) {
        seed = fill(seed);
        report("least", sort());
        union {
            double d;
            uint64_t u;
        } s = {sum()};
        report("sum", s.u);
        if (round == 1)
            MOSAIC_MARK(MOSAIC_MARK_CHECKPOINT);
    }
    MOSAIC_MARK(MOSAIC_MARK_ROI_END);
    for (unsigned i = 0; i < 10; i++)
        report("line", i);
    return 0;
}
