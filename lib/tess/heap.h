/*
 * Memory for native servers: objects of power-of-two size classes up to half a page from slabs, larger ones as whole
 * pages. Memory comes from heap_pages_alloc, which is the region manager's for ordinary programs and root's own there.
 * For one thread (servers have one).
 */
#pragma once

#include "abi/types.h"

/* Zeroed memory, 16-byte aligned; NULL if the quota is exhausted. */
void *heap_alloc(size_t size);

/* Gives memory back; NULL is ignored. `size` as it was asked for. */
void heap_free(void *memory, size_t size);

/* Where the heap gets memory: `count` pages of 4 KiB, zeroed, or NULL. Programs may define their own. */
void *heap_pages_alloc(size_t count);
void heap_pages_free(void *pages, size_t count);
