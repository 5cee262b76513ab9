/* ifft: each complex block to the real parts of its inverse transform, scaled so that fft | ifft is the identity. */
#include <stddef.h>
#include <kissfft/kiss_fft.h>

#include "apps/image/block.h"
#include "apps/lib/app.h"

static void transform_block(const void *in, void *out, void *plan)
{
    kiss_fft_cpx samples[BLOCK_SAMPLES];
    float *real = out;
    kiss_fft(plan, in, samples);
    for (int i = 0; i < BLOCK_SAMPLES; i++)
        real[i] = samples[i].r / BLOCK_SAMPLES;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    if (argc != 1)
        app_usage("ifft < COMPLEX > REAL");
    kiss_fft_cfg plan = kiss_fft_alloc(BLOCK_SAMPLES, 1, NULL, NULL);
    if (!plan)
        app_die("out of memory");
    block_filter(BLOCK_COMPLEX_SIZE, BLOCK_REAL_SIZE, transform_block, plan);
    return app_finish(0);
}
