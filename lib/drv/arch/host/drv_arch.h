/* On the host there are no devices: a test supplies these functions, by which it plays one. */
#pragma once

#include "abi/types.h"

u64 mmio_sim_read(vaddr_t base, u64 offset, unsigned bytes);
void mmio_sim_write(vaddr_t base, u64 offset, unsigned bytes, u64 value);

#define MMIO_ACCESS(bits)                                                                                              \
    static inline u##bits mmio_read##bits(vaddr_t base, u64 offset)                                                    \
    {                                                                                                                  \
        return (u##bits)mmio_sim_read(base, offset, bits / 8);                                                         \
    }                                                                                                                  \
    static inline void mmio_write##bits(vaddr_t base, u64 offset, u##bits value)                                       \
    {                                                                                                                  \
        mmio_sim_write(base, offset, bits / 8, value);                                                                 \
    }
MMIO_ACCESS(8)
MMIO_ACCESS(16)
MMIO_ACCESS(32)
MMIO_ACCESS(64)
#undef MMIO_ACCESS

static inline void drv_barrier(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
