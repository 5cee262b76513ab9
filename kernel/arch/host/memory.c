/*
 * Watches over kernel memory on the host: what is free is poisoned, so that the address sanitizer stops who touches
 * it, and any page may be made to be missing. The linker is told to lead the allocations through here (--wrap).
 *
 * The first word of what is free stays readable: free lists of pool.c and factory.c run through it.
 */
#include "kernel/arch/host/host.h"
#include "kernel/factory.h"
#include "kernel/panic.h"
#include "kernel/pool.h"
#include <string.h>

#if defined __SANITIZE_ADDRESS__ || defined __clang__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, size)   ((void)(start), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#endif

#define UNIT      32 /* sizes are remembered per this many bytes; no object is smaller */
#define LINK_SIZE sizeof(void *)

u64 host_fail_page, host_fail_allocation;
u64 host_failed_at[HOST_SITES];
extern const u8 __executable_start[];
static u16 size_at[HOST_RAM_BYTES / UNIT];

void *__real_pool_alloc(void);
void *__wrap_pool_alloc(void);
void *__real_pool_alloc_zeroed(void);
void *__wrap_pool_alloc_zeroed(void);
void __real_pool_free(void *page);
void __wrap_pool_free(void *page);
void __real_pool_free_zeroed(void *page);
void __wrap_pool_free_zeroed(void *page);
void *__real_factory_alloc_table(struct factory *f);
void *__wrap_factory_alloc_table(struct factory *f);
void *__real_factory_alloc_page(struct factory *f);
void *__wrap_factory_alloc_page(struct factory *f);
void *__real_factory_take(struct factory *f, size_t size, u32 class);
void *__wrap_factory_take(struct factory *f, size_t size, u32 class);
void *__real_factory_pick(struct factory *f, size_t size, u32 class);
void *__wrap_factory_pick(struct factory *f, size_t size, u32 class);
void *__wrap_factory_take_zeroed(struct factory *f, size_t size, u32 class);
struct factory *__real_factory_create(struct factory *parent, u64 quota, u32 priority_max);
struct factory *__wrap_factory_create(struct factory *parent, u64 quota, u32 priority_max);
void __real_factory_free(void *object);
void __wrap_factory_free(void *object);

void host_memory_reset(u64 bytes)
{
    ASAN_UNPOISON_MEMORY_REGION(host_ram, bytes);
}

/* Whether the allocation that returns to `site` is the one to fail; then the site is remembered. */
static bool fails_at(const void *site)
{
    if (!host_fail_allocation || --host_fail_allocation)
        return false;
    u64 offset = (const u8 *)site - __executable_start;
    for (u32 i = 0; i < HOST_SITES; i++) {
        if (host_failed_at[i] && host_failed_at[i] != offset)
            continue;
        host_failed_at[i] = offset;
        break;
    }
    return true;
}

void *__wrap_pool_alloc(void)
{
    if (host_fail_page && --host_fail_page == 0)
        return NULL;
    void *page = __real_pool_alloc();
    if (page)
        ASAN_UNPOISON_MEMORY_REGION(page, PAGE_SIZE);
    return page;
}

void *__wrap_pool_alloc_zeroed(void)
{
    if (host_fail_page && --host_fail_page == 0)
        return NULL;
    void *page = __real_pool_alloc_zeroed();
    ASAN_UNPOISON_MEMORY_REGION(page, PAGE_SIZE);
    return page;
}

void __wrap_pool_free(void *page)
{
    if (arch_virt_to_phys(page) == (host_root & ~(PAGE_SIZE - 1)))
        kernel_panic("the page table in use is freed");
    __real_pool_free(page);
    ASAN_POISON_MEMORY_REGION((u8 *)page + LINK_SIZE, PAGE_SIZE - LINK_SIZE);
}

void __wrap_pool_free_zeroed(void *page)
{
    __real_pool_free_zeroed(page);
    ASAN_POISON_MEMORY_REGION((u8 *)page + LINK_SIZE, PAGE_SIZE - LINK_SIZE);
}

static void remember_size(void *object, size_t size)
{
    size_at[((u8 *)object - host_ram) / UNIT] = size;
}

void *__wrap_factory_alloc_page(struct factory *f)
{
    return fails_at(__builtin_return_address(0)) ? NULL : __real_factory_alloc_page(f);
}

void *__wrap_factory_alloc_table(struct factory *f)
{
    return fails_at(__builtin_return_address(0)) ? NULL : __real_factory_alloc_table(f);
}

/* The object, NULL or of `size` bytes, may be used. */
static void *open_object(void *object, size_t size)
{
    if (!object)
        return NULL;
    ASAN_UNPOISON_MEMORY_REGION(object, size);
    remember_size(object, size);
    return object;
}

/* Whoever finds nothing here asks factory_take, which then is the allocation that fails. */
void *__wrap_factory_pick(struct factory *f, size_t size, u32 class)
{
    if (host_fail_allocation == 1)
        return NULL;
    void *object = open_object(__real_factory_pick(f, size, class), size);
    if (object && host_fail_allocation)
        host_fail_allocation--;
    return object;
}

static void *allocate(struct factory *f, size_t size, u32 class)
{
    return open_object(__real_factory_take(f, size, class), size);
}

void *__wrap_factory_take(struct factory *f, size_t size, u32 class)
{
    return fails_at(__builtin_return_address(0)) ? NULL : allocate(f, size, class);
}

void *__wrap_factory_take_zeroed(struct factory *f, size_t size, u32 class)
{
    void *object = fails_at(__builtin_return_address(0)) ? NULL : allocate(f, size, class);
    return object ? memset(object, 0, size) : NULL;
}

/* It allocates within factory.c, behind our back: its parent's slabs must be open. */
struct factory *__wrap_factory_create(struct factory *parent, u64 quota, u32 priority_max)
{
    if (fails_at(__builtin_return_address(0)))
        return NULL;
    for (u32 i = 0; i < SLAB_CLASSES; i++)
        if (!list_empty(&parent->slabs[i])) /* the link stands at the start of the page */
            ASAN_UNPOISON_MEMORY_REGION(parent->slabs[i].next, PAGE_SIZE);
    struct factory *f = __real_factory_create(parent, quota, priority_max);
    if (f)
        remember_size(f, sizeof *f);
    return f;
}

void __wrap_factory_free(void *object)
{
    u64 size = size_at[((u8 *)object - host_ram) / UNIT];
    __real_factory_free(object);
    ASAN_POISON_MEMORY_REGION((u8 *)object + LINK_SIZE, size - LINK_SIZE);
}
