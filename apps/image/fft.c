/* fft: each block of real samples to its complex spectrum, the unnormalised forward transform. */
#include <stddef.h>
#include <kissfft/kiss_fftr.h>

#include "apps/image/block.h"
#include "apps/lib/app.h"

static void transform_block(const void *in, void *out, void *plan)
{
    kiss_fft_cpx *spectrum = out;
    kiss_fftr(plan, in, spectrum);
    /* The transform of real samples is symmetric, so the library computes only its first half. */
    for (int k = 1; k < BLOCK_SAMPLES / 2; k++)
        spectrum[BLOCK_SAMPLES - k] = (kiss_fft_cpx){.r = spectrum[k].r, .i = -spectrum[k].i};
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    if (argc != 1)
        app_usage("fft < REAL > COMPLEX");
    kiss_fftr_cfg plan = kiss_fftr_alloc(BLOCK_SAMPLES, 0, NULL, NULL);
    if (!plan)
        app_die("out of memory");
    block_filter(BLOCK_REAL_SIZE, BLOCK_COMPLEX_SIZE, transform_block, plan);
    return app_finish(0);
}
