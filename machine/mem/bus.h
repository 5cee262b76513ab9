/*
 * The physical address space of one system: RAM and devices, found by address.
 *
 * Cores, devices that access memory by themselves, loaders and debuggers all come through here. Every address and
 * length may stem from a guest, so everything is checked, and nothing is found at an address is an answer, not a
 * crash. All addresses are physical, in bytes.
 */
#ifndef MACHINE_MEM_BUS_H
#define MACHINE_MEM_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUS_MAX_RAMS    8
#define BUS_MAX_DEVICES 64

struct code_page;

struct ram {
    const char *name;
    uint64_t base, size; /* page aligned */
    uint8_t *host;
    bool writable;           /* by guests; loaders may write anyway */
    bool borrowed;           /* the host memory is somebody else's */
    struct code_page **code; /* one pointer per page: decoded instructions, owned by core/code.c */
};

/* A device's registers. Functions return false to answer with an access fault. Offsets are within the region. */
struct device_ops {
    const char *name;
    bool (*read)(void *device, uint64_t offset, unsigned size, uint64_t *value);
    bool (*write)(void *device, uint64_t offset, unsigned size, uint64_t value);
};

struct bus_device {
    uint64_t base, size;
    const struct device_ops *ops;
    void *device;
};

struct bus {
    struct ram rams[BUS_MAX_RAMS];
    unsigned ram_count;
    struct bus_device devices[BUS_MAX_DEVICES];
    unsigned device_count;
    uint64_t accesses; /* to devices, for statistics */
    /* A core has found nothing at `pa`, or nothing writable, and takes an access fault. NULL: nobody wants to know. */
    void (*refused)(void *context, uint64_t pa, bool write);
    void *refused_context;
};

/*
 * Adds zeroed RAM of `size` bytes at `base`. Returns it, or NULL if the range is not page aligned, overlaps another
 * one, or the host has no memory for it.
 */
struct ram *bus_add_ram(struct bus *b, const char *name, uint64_t base, uint64_t size, bool writable);

/* The same with host memory that the caller keeps: a window onto memory elsewhere. */
struct ram *bus_borrow_ram(struct bus *b, const char *name, uint64_t base, uint64_t size, bool writable, uint8_t *host);

void bus_return_ram(struct bus *b, uint64_t base);

/* Adds the registers of a device. Returns false if the range overlaps or the table is full. */
bool bus_add_device(struct bus *b, uint64_t base, uint64_t size, const struct device_ops *ops, void *device);

/* Releases the RAM of the bus. */
void bus_free(struct bus *b);

/* The RAM that holds all of [pa, pa + len), or NULL. */
struct ram *bus_find_ram(struct bus *b, uint64_t pa, uint64_t len);

/* The RAM whose host memory holds this byte, or NULL. */
struct ram *bus_find_host(struct bus *b, const void *host);

/* Reads or writes a device register of `size` bytes (1, 2, 4, 8). Returns false for an access fault. */
bool bus_device_read(struct bus *b, uint64_t pa, unsigned size, uint64_t *value);
bool bus_device_write(struct bus *b, uint64_t pa, unsigned size, uint64_t value);
bool bus_has_device(const struct bus *b, uint64_t pa, unsigned size);

/* Tells whoever wants to know that a core's access to `pa` was in vain. */
static inline void bus_tell_refused(const struct bus *b, uint64_t pa, bool write)
{
    if (b->refused)
        b->refused(b->refused_context, pa, write);
}

/*
 * Memory accesses by devices: copy between RAM and a buffer. All or nothing: false if the range is not RAM (or not
 * writable). Writes make cores forget decoded instructions there.
 */
bool bus_dma_read(struct bus *b, uint64_t pa, void *out, uint64_t len);
bool bus_dma_write(struct bus *b, uint64_t pa, const void *in, uint64_t len);

/* As bus_dma_write(), but also into read-only memory; for loaders and debuggers. */
bool bus_load(struct bus *b, uint64_t pa, const void *in, uint64_t len);

#endif
