/* Registers, interrupts and device memory, from the hw session and the memory allocator: see device.h. */
#include "lib/drv/device.h"

#include "lib/tess/tess.h"
#include "proto/dataspace.h"
#include "proto/hw.h"
#include "proto/mem.h"

#define PAGE_SIZE 4096ull

static u64 page_round(u64 bytes)
{
    return (bytes + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

static cap_t hw_session(void)
{
    return env_cap("hw");
}

/* Where the registers stand and how many pages they are on. */
static err_t describe(u32 index, u64 *in_page, u64 *size)
{
    char compatible[HW_DEVICE_COMPATIBLE_MAX];
    size_t length = sizeof compatible;
    u64 address, bytes;
    u32 line;
    err_t error = hw_device(hw_session(), index, compatible, &length, &address, &bytes, &line);
    if (error)
        return error;
    *in_page = address % PAGE_SIZE;
    *size = page_round(*in_page + bytes);
    return E_OK;
}

err_t device_map(u32 index, vaddr_t *registers)
{
    u64 in_page, size;
    err_t error = describe(index, &in_page, &size);
    if (error)
        return error;
    cap_t dataspace = slot_alloc();
    if (!dataspace)
        return E_NOMEM;
    *registers = 0;
    error = hw_memory(hw_session(), index, dataspace);
    if (!error)
        error = rm_attach(registers, size, dataspace, 0, RIGHT_R | RIGHT_W, RM_POPULATE);
    slot_free(dataspace);
    *registers += in_page;
    return error;
}

void device_unmap(u32 index, vaddr_t registers)
{
    u64 in_page, size;
    if (describe(index, &in_page, &size) == E_OK)
        rm_detach(registers - in_page, size);
}

err_t device_irq(u32 index, cap_t *irq)
{
    *irq = slot_alloc();
    if (!*irq)
        return E_NOMEM;
    err_t error = hw_irq(hw_session(), index, *irq);
    if (error)
        slot_free(*irq);
    return error;
}

err_t device_find(u32 *index, vaddr_t *registers, err_t (*probe)(vaddr_t registers))
{
    for (;; ++*index) {
        err_t error = device_map(*index, registers);
        if (error)
            return error == E_NOENT ? E_NODEV : error;
        if (probe(*registers) == E_OK)
            return E_OK;
        device_unmap(*index, *registers);
    }
}

static u64 power_of_two(u64 bytes)
{
    u64 size = PAGE_SIZE;
    while (size < bytes)
        size *= 2;
    return size;
}

/* The memory must be one run, aligned to its size: so that a buffer in it that is so aligned is one piece to map on. */
static err_t check_run(cap_t dataspace, u64 size, paddr_t *phys)
{
    u64 length;
    err_t error = dataspace_phys(dataspace, 0, phys, &length);
    if (error)
        return error;
    return length < size || *phys % size ? E_NOMEM : E_OK;
}

/* Maps all of the dataspace at `at`, in pieces as large as its server gives them. */
static err_t map_all(cap_t dataspace, vaddr_t at, u64 size)
{
    const u32 order = (u32)__builtin_ctzll(size), access = RIGHT_R | RIGHT_W;
    for (u64 done = 0; done < size;) {
        err_t error = dataspace_map(dataspace, done, at + done, order, access, FPAGE_MEM(at, order, access));
        if (error)
            return error;
        done += 1ull << (sys_utcb->item[0].what >> FPAGE_ORDER_SHIFT & FPAGE_ORDER_MASK);
    }
    return E_OK;
}

static err_t map_aligned(cap_t dataspace, u64 size, vaddr_t *at)
{
    *at = 0;
    err_t error = rm_reserve(at, size, size);
    if (error)
        return error;
    error = map_all(dataspace, *at, size);
    if (error)
        rm_detach(*at, size);
    return error;
}

err_t dma_alloc(struct dma *dma, u64 bytes)
{
    u64 size = power_of_two(bytes);
    vaddr_t at = 0;
    cap_t dataspace = slot_alloc();
    err_t error = dataspace ? mem_alloc(SLOT_MEM, size, MEM_CONTIGUOUS | MEM_EAGER, dataspace) : E_NOMEM;
    if (!error)
        error = check_run(dataspace, size, &dma->phys);
    if (!error)
        error = map_aligned(dataspace, size, &at);
    if (error) {
        slot_drop(dataspace);
        return error;
    }
    dma->memory = (u8 *)at;
    dma->size = size;
    dma->dataspace = dataspace;
    return E_OK;
}
