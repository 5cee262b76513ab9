/* The stream that decode, fft, mul, ifft and encode pass along: blocks of BLOCK_SAMPLES samples, each sample a
 * little-endian IEEE float32, or a pair of them (re, im) where the samples are complex. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define BLOCK_SAMPLES 512

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "samples are stored as the machine stores them");

struct complex_sample {
    float re, im;
};

#define BLOCK_REAL_SIZE    (BLOCK_SAMPLES * sizeof(float))
#define BLOCK_COMPLEX_SIZE (BLOCK_SAMPLES * sizeof(struct complex_sample))

/* Reads what stdin has, in whole blocks of block_size bytes, into a buffer with room for capacity blocks; waits for at
 * least one. Returns their number, 0 at the end of input. Exits with a message if the input ends within a block. */
size_t block_read(void *buffer, size_t block_size, size_t capacity);

/* Writes size bytes to stdout, whose buffer makes large pieces of small rows; exits with a message if that fails. */
void block_write(const void *buffer, size_t size);

/* Turns one block of input into one block of output; the two do not overlap. */
typedef void block_function(const void *in, void *out, void *context);

/* Passes stdin to stdout through function, block by block, until the end of input. Exits with a message on errors. */
void block_filter(size_t in_size, size_t out_size, block_function *function, void *context);
