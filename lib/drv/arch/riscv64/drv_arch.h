/* Register access on RISC-V: fences order device memory (i, o) with main memory (r, w). */
#pragma once

#include "abi/types.h"

#define MMIO_ACCESS(bits)                                                                                              \
    static inline u##bits mmio_read##bits(vaddr_t base, u64 offset)                                                    \
    {                                                                                                                  \
        u##bits value = *(volatile u##bits *)(base + offset);                                                          \
        __asm__ volatile("fence i, rw" ::: "memory");                                                                  \
        return value;                                                                                                  \
    }                                                                                                                  \
    static inline void mmio_write##bits(vaddr_t base, u64 offset, u##bits value)                                       \
    {                                                                                                                  \
        __asm__ volatile("fence rw, o" ::: "memory");                                                                  \
        *(volatile u##bits *)(base + offset) = value;                                                                  \
    }
MMIO_ACCESS(8)
MMIO_ACCESS(16)
MMIO_ACCESS(32)
MMIO_ACCESS(64)
#undef MMIO_ACCESS

static inline void drv_barrier(void)
{
    __asm__ volatile("fence rw, rw" ::: "memory");
}
