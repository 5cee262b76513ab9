/* Semaphores: counters to wait on, most urgent waiter first. */
#pragma once

#include "kernel/object.h"
#include "lib/base/tree.h"

struct semaphore {
    struct object object;
    u64 count;
    struct tree waiters;
};

static inline struct semaphore *semaphore_of(struct object *o)
{
    return container_of(o, struct semaphore, object);
}

struct semaphore *semaphore_create(struct factory *f, u64 count);

/* Wakes all waiters with E_CANCELED. */
bool semaphore_take_apart(struct semaphore *s);
