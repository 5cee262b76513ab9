/*
 * Access to device registers and the order of such accesses. `base` is where the registers are mapped, `offset` is in
 * bytes and naturally aligned. On the target these are plain loads and stores between fences; on the host a test
 * supplies them and plays the device.
 */
#pragma once

#include "abi/types.h"

#include "drv_arch.h" /* in lib/drv/arch/, chosen by the include path */

/*
 * u8 mmio_read8(vaddr_t base, u64 offset), mmio_read16, mmio_read32, mmio_read64: the register, ordered before every
 * later access to memory.
 * void mmio_write8(vaddr_t base, u64 offset, u8 value), mmio_write16, mmio_write32, mmio_write64: ordered behind every
 * earlier access to memory.
 *
 * void drv_barrier(void): orders all earlier accesses to memory that a device shares before all later ones.
 */
