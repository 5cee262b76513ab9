/*
 * Windows: pages of the cache that a client has mapped, to be taken back from that client alone. Each window is mapped
 * from an alias of its own, a second mapping of the whole arena in this server's address space (one node of the
 * mapping tree, as the arena is one naturally aligned piece), so that unmapping below the alias reaches nobody else:
 *
 *     arena ---- alias 0 ---- pages mapped by region managers (memory mappings)
 *            |-- alias 1 ---- window of one session
 *            `-- alias 2 ---- window of another, perhaps onto the same pages
 *
 * Memory outside of the arena (an image from the boot archive, the pages of zeros) is mapped directly: taking it back
 * takes it from all, who will ask again.
 */
#pragma once

#include "lib/base/list.h"
#include "lib/sys/wire.h"

struct window {
    u8 *base;              /* address that the client's mapping derives from; NULL = no window */
    u32 order;             /* 2^order bytes */
    u32 alias;             /* 0 = none */
    struct list_link link; /* all windows with an alias, the least recently opened first */
};

/*
 * The arena of 2^order bytes, so aligned. `steal` must close some window that is backed by an alias, by window_close,
 * when all aliases are in use; false = none can be closed.
 */
void windows_init(void *arena, u32 order, bool (*steal)(void));

/* Pages of the arena; a very large number if there is none, and so nothing to run short of. */
u32 windows_pages(void);

/* Order of the largest window that begins at `page` and has at most `pages` pages and `limit` as its order. */
u32 window_order(const void *page, u32 pages, u32 limit);

/* Opens a window onto 2^order bytes at `page` with rights RIGHT_*; the item maps it. Errors: NOMEM, AGAIN. */
err_t window_open(struct window *window, u8 *page, u32 order, u32 rights, struct map_item *item);

/* Takes the window's pages from its client. A closed window may be closed. */
void window_close(struct window *window);

/* The least recently opened window with an alias, NULL if there is none. */
struct window *window_oldest(void);

/* The window that was opened next after `window`. */
struct window *window_next(const struct window *window);

/* Map item for pages that are mapped by region managers; window_conceal takes back whatever lies in the range. */
err_t window_expose(u8 *page, u32 order, u32 rights, u64 at, struct map_item *item);
void window_conceal(void *memory, size_t size);
