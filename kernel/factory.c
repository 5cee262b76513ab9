/*
 * Kernel memory under quotas. Pages come from the pool, are charged to one factory, and hold either one thing (a page
 * table, a leaf of slots, kernel-user memory) or objects of one size class (a slab, with its header at the start).
 *
 *   slab page:  | header | object | object | ... |     header.free chains those that are free
 */
#include "kernel/factory.h"
#include "kernel/cold.h"
#include "kernel/cpu.h"
#include "kernel/map.h"
#include "kernel/panic.h"
#include "kernel/pool.h"
#include "lib/base/string.h"

struct slab {
    struct list_link link; /* in factory->slabs[class] while there is room */
    struct factory *factory;
    void *free;  /* chain of objects */
    u32 used;
    u32 class;
};

static const u16 class_size[SLAB_CLASSES] = {64, 96, 128, 192, 288, 448, 1008, CLASS_THREAD};
_Static_assert(CLASS_THREAD % 64 == 0 && PAGE_SIZE % 64 == 0, "objects end where their page does");

struct factory factory_root;

static bool charge(struct factory *f, u64 bytes)
{
    if (bytes > f->quota - f->used)
        return false;
    f->used += bytes;
    return true;
}

static void *take_page(struct factory *f, bool zeroed)
{
    if (!charge(f, PAGE_SIZE))
        return NULL;
    void *page = zeroed ? pool_alloc_zeroed() : pool_alloc();
    if (!page)
        f->used -= PAGE_SIZE;
    return page;
}

void *factory_alloc_page(struct factory *f)
{
    void *page = take_page(f, false);
    if (page)
        memset(page, 0, PAGE_SIZE);
    return page;
}

COLD void *factory_alloc_table(struct factory *f)
{
    return pool_zeroed ? take_page(f, true) : factory_alloc_page(f);
}

COLD bool factory_fill_stock(u32 count)
{
    while (pool_zeroed < count && pool_zeroed < pool_available() / PAGE_SIZE) {
        void *page = pool_alloc();
        if (!page)
            break;
        memset(page, 0, PAGE_SIZE);
        pool_free_zeroed(page);
        if (kernel_preempted())
            return false;
    }
    return true;
}

void factory_free_page(struct factory *f, void *page)
{
    f->used -= PAGE_SIZE;
    pool_free(page);
}

static COLD struct slab *slab_create(struct factory *f, u32 class)
{
    u32 size = class_size[class];
    struct slab *slab = take_page(f, false);
    if (!slab)
        return NULL;
    *slab = (struct slab){.factory = f, .class = class};
    for (u8 *object = (u8 *)slab + PAGE_SIZE - size; object >= (u8 *)(slab + 1); object -= size) {
        *(void **)object = slab->free;
        slab->free = object;
    }
    list_push_front(&f->slabs[class], &slab->link);
    return slab;
}

/* An object of a slab that has room. */
static inline void *slab_take(struct slab *slab)
{
    void *object = slab->free;
    slab->free = *(void **)object;
    slab->used++;
    if (!slab->free)
        list_remove(&slab->link);
    return object;
}

static COLD void *take_from_new(struct factory *f, u32 class)
{
    struct slab *slab = slab_create(f, class);
    return slab ? slab_take(slab) : NULL;
}

void *factory_pick(struct factory *f, size_t size, u32 class)
{
    struct list_link *first = f->slabs[class].next;
    kernel_assert(size <= class_size[class]);
    return first != &f->slabs[class] ? slab_take(container_of(first, struct slab, link)) : NULL;
}

void *factory_take(struct factory *f, size_t size, u32 class)
{
    void *object = factory_pick(f, size, class);
    return object ? object : take_from_new(f, class);
}

void *factory_take_zeroed(struct factory *f, size_t size, u32 class)
{
    void *object = factory_take(f, size, class);
    if (object)
        memset(object, 0, size);
    return object;
}

void factory_free(void *object)
{
    struct slab *slab = (struct slab *)((u64)object & ~(PAGE_SIZE - 1));
    if (!slab->free)
        list_push_front(&slab->factory->slabs[slab->class], &slab->link);
    *(void **)object = slab->free;
    slab->free = object;
    if (--slab->used == 0) {
        list_remove(&slab->link);
        factory_free_page(slab->factory, slab);
    }
}

static void setup(struct factory *f, struct factory *parent, u64 quota, u32 priority_max)
{
    f->parent = parent;
    f->quota = quota;
    f->priority_max = priority_max;
    list_init(&f->objects);
    for (u32 i = 0; i < SLAB_CLASSES; i++)
        list_init(&f->slabs[i]);
}

COLD void factory_init(void)
{
    factory_root = (struct factory){0};
    setup(&factory_root, NULL, pool_size(), PRIORITY_MAX);
    object_init(&factory_root.object, OBJ_FACTORY, NULL);
}

COLD struct factory *factory_create(struct factory *parent, u64 quota, u32 priority_max)
{
    if (!charge(parent, quota))
        return NULL;
    struct factory *f = factory_alloc(parent, sizeof *f);
    if (!f) {
        parent->used -= quota;
        return NULL;
    }
    setup(f, parent, quota, priority_max);
    object_init(&f->object, OBJ_FACTORY, parent);
    return f;
}

COLD bool factory_destroy(struct factory *f)
{
    while (!list_empty(&f->objects)) {
        struct object *o = list_first(&f->objects, struct object, siblings);
        if (o->first && !node_revoke(o->first))
            return false;
        if (!o->dying) /* it had no capability */
            object_kill(o);
        if (kernel_preempted())
            return false;
    }
    return true;
}

void factory_return_quota(struct factory *f)
{
    f->parent->used -= f->quota;
}
