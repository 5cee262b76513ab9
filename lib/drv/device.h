/*
 * What a driver is given of the machine, over its hw session (proto/hw.idl; capability "hw"): registers, interrupts,
 * and memory that devices may access.
 */
#pragma once

#include "abi/types.h"

/* Maps the registers of device `index` (in the order of the hw session). E_NOENT: there is no such device. */
err_t device_map(u32 index, vaddr_t *registers);

/* Undoes device_map. */
void device_unmap(u32 index, vaddr_t registers);

/* The Irq of device `index`, masked: serve_irq makes it a message, irq_unmask lets it come. */
err_t device_irq(u32 index, cap_t *irq);

/*
 * The first device from *index on whose registers `probe` accepts (E_OK); *index: which, *registers: where they are
 * mapped. E_NODEV: none. So a driver finds its device among several transports of one kind.
 */
err_t device_find(u32 *index, vaddr_t *registers, err_t (*probe)(vaddr_t registers));

/* Memory that the driver shares with its device: physically contiguous, zeroed, pinned. */
struct dma {
    u8 *memory;
    paddr_t phys;
    u64 size; /* bytes: a power of two, at least a page; memory and phys are multiples of it */
    cap_t dataspace;
};

/* At least `bytes` of such memory. Errors: E_NOMEM. */
err_t dma_alloc(struct dma *dma, u64 bytes);
