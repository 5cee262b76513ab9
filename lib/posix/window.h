/*
 * Windows: where a server lets the program see a piece of a file. Each file that is read or written has an area of
 * 1 MiB for either direction, taken at first use from one large range that the region manager keeps free. The server
 * maps pieces there and takes them away again as it likes, so every copy may fault; the region manager then lets it go
 * on behind the loop (see copy.S), and the copy comes out short.
 */
#pragma once

#include "abi/types.h"

#define WINDOW_ORDER 20
#define WINDOW_SIZE  (1ull << WINDOW_ORDER)

/* A window and the piece in it. The file's lock of that direction owns it. */
struct window {
    vaddr_t base; /* 0 = no area yet */
    u64 at;       /* the piece: offset in the area */
    u64 length;   /* 0 = no piece */
    u64 used;     /* bytes consumed so far */
    i64 place;    /* offset in the file of a piece that was asked for by offset, else FILE_POSITION */
};

/* Gives the window an area if it has none. Errors: NOMEM, MFILE. */
err_t window_prepare(struct window *window);

/* Gives the area back; the server's session must be closed already. */
void window_release(struct window *window);

/* The flexpage for a server's piece. */
u64 window_page(const struct window *window);

/*
 * Copies n bytes, 64 bits at a time; returns how many at the end may not have been copied, because a window was taken
 * away or the program's own address is bad.
 */
size_t window_copy(void *to, const void *from, size_t n);
