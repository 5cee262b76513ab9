/*
 * Tasks: protection domains. An address space (page table) and an object space (table of slots), no threads of its own.
 */
#pragma once

#include "kernel/map.h"
#include "kernel/space.h"
#include "kernel/thread.h"

#define SLOTS_PER_LEAF 256 /* a page of slots */
#define SLOT_LEAVES    128 /* leaves of an object space: 32,768 slots */
#define SLOTS          (SLOTS_PER_LEAF * SLOT_LEAVES)
#define SLOTS_ORDER    15
_Static_assert(SLOTS == 1 << SLOTS_ORDER, "");

struct task {
    struct object object;
    struct space space;
    struct list_link threads;
    u64 thread_count;
    struct list_link guests;          /* virtual CPUs that run in the address space: thread.in_guest */
    vaddr_t emptied;                  /* task_destroy: memory is gone up to here */
    u64 caps;                         /* occupied slots */
    struct slot *slots[SLOT_LEAVES];  /* leaves; slot_leaf_none where there is none */
#ifdef DEBUG
    char name[16];                    /* for dumps; ends with 0 if shorter */
#endif
};

static inline struct task *task_of(struct object *o)
{
    return container_of(o, struct task, object);
}

struct task *task_create(struct factory *f);

/* Its threads stop for good: they are in no task any longer. False: interrupted, call again. */
bool task_stop(struct task *t);

/* Empties both spaces, step by step. False: interrupted, call again. */
bool task_destroy(struct task *t);

/* Slot of the object space for reading: an empty one if the index is too large or nothing was ever there. */
struct slot *task_slot(struct task *t, u64 index);

/* The same for a thread, quickly: the index is in range. */
static inline struct slot *thread_slot(const struct thread *t, u64 index)
{
    return &t->slots[index / SLOTS_PER_LEAF][index % SLOTS_PER_LEAF];
}

/* Whether there is memory for the slot, so that it can be written. */
bool task_slot_exists(struct task *t, u64 index);

/* The same, quickly, if there is memory for it and it is empty, NULL else; the index is in range. */
struct slot *task_slot_free(struct task *t, u64 index);

/* The same for writing: makes the leaf if need be. NULL and *error: NOMEM, RANGE. */
struct slot *task_slot_make(struct task *t, u64 index, err_t *error);

/* Kernel address of a UTCB at `address`, or NULL if that is not in kernel-user memory of the task or not aligned. */
struct utcb *task_utcb(struct task *t, vaddr_t address);

/* Whether a flexpage is well formed: type, order, alignment, bounds. */
static inline u32 fpage_type(u64 fpage)
{
    return fpage >> FPAGE_TYPE_SHIFT & 3;
}

static inline u32 fpage_order(u64 fpage)
{
    return fpage >> FPAGE_ORDER_SHIFT & FPAGE_ORDER_MASK;
}

static inline bool fpage_memory_valid(u64 fpage)
{
    u32 order = fpage_order(fpage);
    u64 start = fpage & ~0xfffull;
    return fpage_type(fpage) == FPAGE_MEMORY && order - ARCH_PAGE_SHIFT <= ARCH_VA_BITS - ARCH_PAGE_SHIFT &&
           !(start >> ARCH_VA_BITS) && !(start & ((1ull << order) - 1));
}

/* The same of a single page, and it is one. */
static inline bool fpage_is_page(u64 fpage)
{
    u64 rest = fpage ^ FPAGE_MEM(0, ARCH_PAGE_SHIFT, 0);
    return !(rest >> ARCH_VA_BITS | (rest & 0xff0));
}

/* The same of a single slot, and it is one. */
static inline bool fpage_is_slot(u64 fpage)
{
    u64 rest = fpage ^ FPAGE_OBJ(0, 0, 0);
    return !(rest >> (FPAGE_START_SHIFT + SLOTS_ORDER) | (rest & 0xff0));
}

static inline bool fpage_object_valid(u64 fpage)
{
    u32 order = fpage_order(fpage);
    u64 start = fpage >> FPAGE_START_SHIFT;
    return fpage_type(fpage) == FPAGE_OBJECT && order <= SLOTS_ORDER &&
           !((start & ((1ull << order) - 1)) | start >> SLOTS_ORDER);
}
