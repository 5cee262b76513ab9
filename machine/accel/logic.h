/*
 * The logic inside an accelerator: a function from one input block to one output block. All streams are little-endian
 * IEEE float32; complex values are pairs (re, im); blocks have 512 samples.
 */
#ifndef MACHINE_ACCEL_LOGIC_H
#define MACHINE_ACCEL_LOGIC_H

#include <stdint.h>

#define LOGIC_SAMPLES 512

struct accel_logic {
    const char *name;
    uint32_t input_block, output_block; /* bytes */
    uint32_t table_bytes;               /* coefficients in the tile's memory, or 0 */
    uint32_t cycles;                    /* default time per block */
    void (*compute)(const void *table, const void *input, void *output);
    void (*fill_table)(void *table); /* contents after reset, or NULL */
};

/* The logic of that name, or NULL. */
const struct accel_logic *accel_logic_find(const char *name);

/* All of them; ends with a row whose name is NULL. */
extern const struct accel_logic accel_logics[];

#endif
