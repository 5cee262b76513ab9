/* The physical address space: see bus.h. Few regions, so they are searched in order. */
#include "machine/mem/bus.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "machine/core/code.h"
#include "machine/core/rv.h"

static bool range_ok(uint64_t base, uint64_t size)
{
    return size > 0 && base + size > base;
}

static bool overlaps(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

static bool is_free(const struct bus *b, uint64_t base, uint64_t size)
{
    for (unsigned i = 0; i < b->ram_count; i++)
        if (overlaps(base, size, b->rams[i].base, b->rams[i].size))
            return false;
    for (unsigned i = 0; i < b->device_count; i++)
        if (overlaps(base, size, b->devices[i].base, b->devices[i].size))
            return false;
    return true;
}

static struct ram *add_ram(struct bus *b, struct ram ram)
{
    if (b->ram_count == BUS_MAX_RAMS || ((ram.base | ram.size) & ~RV_PAGE_MASK) || !range_ok(ram.base, ram.size) ||
        !is_free(b, ram.base, ram.size))
        return NULL;
    ram.code = calloc(ram.size >> RV_PAGE_SHIFT, sizeof *ram.code);
    if (!ram.code)
        return NULL;
    b->rams[b->ram_count] = ram;
    return &b->rams[b->ram_count++];
}

struct ram *bus_add_ram(struct bus *b, const char *name, uint64_t base, uint64_t size, bool writable)
{
    if (size == 0)
        return NULL;
    void *host = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (host == MAP_FAILED)
        return NULL;
    struct ram *r =
        add_ram(b, (struct ram){.name = name, .base = base, .size = size, .host = host, .writable = writable});
    if (!r)
        munmap(host, size);
    return r;
}

struct ram *bus_borrow_ram(struct bus *b, const char *name, uint64_t base, uint64_t size, bool writable, uint8_t *host)
{
    return add_ram(
        b,
        (struct ram){.name = name, .base = base, .size = size, .host = host, .writable = writable, .borrowed = true});
}

void bus_return_ram(struct bus *b, uint64_t base)
{
    for (unsigned i = 0; i < b->ram_count; i++) {
        if (b->rams[i].base != base || !b->rams[i].borrowed)
            continue;
        free(b->rams[i].code);
        memmove(&b->rams[i], &b->rams[i + 1], (--b->ram_count - i) * sizeof b->rams[0]);
        return;
    }
}

bool bus_add_device(struct bus *b, uint64_t base, uint64_t size, const struct device_ops *ops, void *device)
{
    if (b->device_count == BUS_MAX_DEVICES || !range_ok(base, size) || !is_free(b, base, size))
        return false;
    b->devices[b->device_count++] = (struct bus_device){base, size, ops, device};
    return true;
}

void bus_free(struct bus *b)
{
    for (unsigned i = 0; i < b->ram_count; i++) {
        if (!b->rams[i].borrowed)
            munmap(b->rams[i].host, b->rams[i].size);
        free(b->rams[i].code);
    }
    b->ram_count = 0;
}

struct ram *bus_find_host(struct bus *b, const void *host)
{
    for (unsigned i = 0; i < b->ram_count; i++)
        if ((uintptr_t)host - (uintptr_t)b->rams[i].host < b->rams[i].size)
            return &b->rams[i];
    return NULL;
}

struct ram *bus_find_ram(struct bus *b, uint64_t pa, uint64_t len)
{
    for (unsigned i = 0; i < b->ram_count; i++) {
        struct ram *r = &b->rams[i];
        if (pa >= r->base && pa - r->base < r->size && len <= r->size - (pa - r->base))
            return r;
    }
    return NULL;
}

static const struct bus_device *find_device(const struct bus *b, uint64_t pa, unsigned size)
{
    for (unsigned i = 0; i < b->device_count; i++) {
        const struct bus_device *d = &b->devices[i];
        if (pa >= d->base && pa - d->base < d->size && size <= d->size - (pa - d->base))
            return d;
    }
    return NULL;
}

bool bus_has_device(const struct bus *b, uint64_t pa, unsigned size)
{
    return find_device(b, pa, size) != NULL;
}

bool bus_device_read(struct bus *b, uint64_t pa, unsigned size, uint64_t *value)
{
    const struct bus_device *d = find_device(b, pa, size);
    *value = 0;
    b->accesses++;
    return d && d->ops->read(d->device, pa - d->base, size, value);
}

bool bus_device_write(struct bus *b, uint64_t pa, unsigned size, uint64_t value)
{
    const struct bus_device *d = find_device(b, pa, size);
    b->accesses++;
    return d && d->ops->write(d->device, pa - d->base, size, value);
}

bool bus_dma_read(struct bus *b, uint64_t pa, void *out, uint64_t len)
{
    struct ram *r = bus_find_ram(b, pa, len);
    if (!r)
        return false;
    memcpy(out, r->host + (pa - r->base), len);
    return true;
}

static void write_ram(struct ram *r, uint64_t offset, const void *in, uint64_t len)
{
    memcpy(r->host + offset, in, len);
    code_invalidate(r, offset, len);
}

bool bus_dma_write(struct bus *b, uint64_t pa, const void *in, uint64_t len)
{
    struct ram *r = bus_find_ram(b, pa, len);
    if (!r || !r->writable)
        return false;
    write_ram(r, pa - r->base, in, len);
    return true;
}

bool bus_load(struct bus *b, uint64_t pa, const void *in, uint64_t len)
{
    struct ram *r = bus_find_ram(b, pa, len);
    if (!r)
        return false;
    write_ram(r, pa - r->base, in, len);
    return true;
}
