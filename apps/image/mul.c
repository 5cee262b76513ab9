/* mul: multiplies each complex block by one block of complex coefficients, from a file or a Gaussian low pass. */
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#include "apps/image/block.h"
#include "apps/lib/app.h"

#define LOW_PASS_WIDTH 32.0f /* in bins of the spectrum */

static void read_coefficients(const char *name, struct complex_sample *coefficients)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        app_die_errno("%s", name);
    ssize_t got = io_read_full(fd, coefficients, BLOCK_COMPLEX_SIZE);
    char beyond;
    ssize_t more = got < 0 ? -1 : io_read(fd, &beyond, 1);
    if (more < 0)
        app_die_errno("%s", name);
    if (got != BLOCK_COMPLEX_SIZE || more > 0)
        app_die("%s: not %d complex coefficients (%zu bytes)", name, BLOCK_SAMPLES, BLOCK_COMPLEX_SIZE);
    close(fd);
}

static void make_low_pass(struct complex_sample *coefficients)
{
    for (int k = 0; k < BLOCK_SAMPLES; k++) {
        int m = k < BLOCK_SAMPLES - k ? k : BLOCK_SAMPLES - k;
        float x = m / LOW_PASS_WIDTH;
        coefficients[k] = (struct complex_sample){.re = expf(-0.5f * x * x)};
    }
}

static void multiply_block(const void *in, void *out, void *context)
{
    const struct complex_sample *a = in, *b = context;
    struct complex_sample *product = out;
    for (int k = 0; k < BLOCK_SAMPLES; k++) {
        product[k].re = a[k].re * b[k].re - a[k].im * b[k].im;
        product[k].im = a[k].re * b[k].im + a[k].im * b[k].re;
    }
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    if (argc > 2)
        app_usage("mul [COEFFICIENTS] < COMPLEX > COMPLEX");
    static struct complex_sample coefficients[BLOCK_SAMPLES];
    if (argc == 2)
        read_coefficients(argv[1], coefficients);
    else
        make_low_pass(coefficients);
    block_filter(BLOCK_COMPLEX_SIZE, BLOCK_COMPLEX_SIZE, multiply_block, coefficients);
    return app_finish(0);
}
