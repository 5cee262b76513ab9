/* Counting bits on machines without an instruction for it. */
#pragma once

#include "abi/types.h"

/*
 * Index of the lowest set bit of x, which is not 0. The lowest bit alone, times a de Bruijn sequence, has in its upper
 * six bits a number that is different for each of the 64 cases.
 */
static inline u32 bits_lowest(u64 x)
{
    static const u8 index[64] = {
        0,  1,  2,  7,  3,  13, 8,  19, 4,  25, 14, 28, 9,  34, 20, 40, 5,  17, 26, 38, 15, 46,
        29, 48, 10, 31, 35, 54, 21, 50, 41, 57, 63, 6,  12, 18, 24, 27, 33, 39, 16, 37, 45, 47,
        30, 53, 49, 56, 62, 11, 23, 32, 36, 44, 52, 55, 61, 22, 43, 51, 60, 42, 59, 58,
    };
    return index[(x & -x) * 0x0218a392cd3d5dbfull >> 58];
}
