/*
 * Factories: kernel memory under a quota. Every page the kernel uses for somebody is charged to a factory, and each
 * factory has slabs of its own, so that destroying it gives back whole pages.
 */
#pragma once

#include "kernel/object.h"

#define SLAB_CLASSES 8
#define CLASS_THREAD 1984 /* the largest: threads start with a cache line */

/* Smallest class that holds `size` bytes; sizes are constants, so nothing of this is left. */
static inline u32 factory_class(size_t size)
{
    return size <= 64 ? 0 : size <= 96 ? 1 : size <= 128 ? 2 : size <= 192 ? 3 : size <= 288 ? 4 : size <= 448 ? 5
           : size <= 1008 ? 6 : 7;
}

struct factory {
    struct object object;
    struct factory *parent;     /* NULL: the first */
    u64 quota, used;            /* bytes; `used` counts pages taken and quotas given to children */
    u32 priority_max;           /* of scheduling contexts that are charged here */
    struct list_link objects;   /* everything created from it */
    struct list_link slabs[SLAB_CLASSES]; /* pages with room, per size class */
};

static inline struct factory *factory_of(struct object *o)
{
    return container_of(o, struct factory, object);
}

struct factory *factory_create(struct factory *parent, u64 quota, u32 priority_max);

/* Destroys all that was created from it, step by step. False: interrupted, call again. */
bool factory_destroy(struct factory *f);

/* The dead factory's quota goes back to its parent. */
void factory_return_quota(struct factory *f);

/* An object of the class for `size` bytes, undefined or zeroed. NULL: quota or pool exhausted. */
void *factory_take(struct factory *f, size_t size, u32 class);
void *factory_take_zeroed(struct factory *f, size_t size, u32 class);

/* The same if a slab has one ready; NULL: it needs a page. */
void *factory_pick(struct factory *f, size_t size, u32 class);

/* Zeroed memory of `size` bytes (at most CLASS_THREAD). NULL: quota or pool exhausted. */
static inline void *factory_alloc(struct factory *f, size_t size)
{
    return factory_take_zeroed(f, size, factory_class(size));
}

/* The same for who initialises it all: what it holds is undefined. */
static inline void *factory_alloc_raw(struct factory *f, size_t size)
{
    return factory_take(f, size, factory_class(size));
}

/* The same, but only if that is quick; NULL: factory_alloc_raw may still have one. */
static inline void *factory_at_hand(struct factory *f, size_t size)
{
    return factory_pick(f, size, factory_class(size));
}

/* A zeroed page. NULL as above. */
void *factory_alloc_page(struct factory *f);

/* The same for page tables and slots, several of which may be needed at once: from the stock if there are any. */
void *factory_alloc_table(struct factory *f);

/*
 * Sees to it that the next `count` of them need not be zeroed first, or all that the pool has. False: interrupted, call
 * again. The stock is free memory, charged to nobody.
 */
bool factory_fill_stock(u32 count);

/* Gives memory back; a slab object's page knows whose it is. */
void factory_free(void *object);
void factory_free_page(struct factory *f, void *page);

/* The first factory, which owns the whole pool. */
extern struct factory factory_root;
void factory_init(void);
