/* Pieces of files as windows in their clients: see server.h. */
#include "servers/fs/server.h"

#define RAMP_FIRST 4u  /* pages of the first piece somewhere; each one that follows has four times as many */
#define RAMP_START 64u /* at the beginning of a file: it will be read as a whole */
#define RAMP_MAX   (1u << (WINDOW_ORDER - 12))
#define SHARE      8u           /* a piece takes at most this part of the cache */
#define OUT_MAX    (256u << 10) /* bytes of a piece to write: what it shows is cleared first, and pinned */

static const struct transfer *busy; /* the one that the current request is about: not to be revoked by it */

void transfer_close(struct transfer *t)
{
    window_close(&t->window);
    ext4_piece_release(&t->piece);
}

void transfer_revoke(void *context, struct fs_piece *piece)
{
    struct transfer *t = piece->owner;
    window_close(&t->window);
}

/* Takes the piece away that was opened first; it may well be done with. */
bool transfer_steal(void)
{
    for (struct window *w = window_oldest(); w; w = window_next(w)) {
        struct transfer *t = container_of(w, struct transfer, window);
        if (t == busy)
            continue;
        ext4_piece_revoke(&t->piece);
        return true;
    }
    return false;
}

bool transfer_pressure(void *context)
{
    return transfer_steal();
}

/* Opens the window onto the piece that the library has given; of both as much as one flexpage can show. */
static err_t transfer_show(struct transfer *t, u32 rights, struct told *told)
{
    struct fs_piece *p = &t->piece;
    u32 order = window_order(p->page, ext4_piece_pages(p), WINDOW_ORDER), room = (1u << order) - p->offset;
    err_t error = window_open(&t->window, p->page, order, rights, &told->item);
    if (error) {
        ext4_piece_release(p);
        return error;
    }
    if (p->length > room)
        p->length = room;
    t->start = p->position;
    t->length = p->length;
    t->current = true;
    told->at = p->offset;
    told->length = p->length;
    return E_OK;
}

/* Pages of the next piece to read, at `position`. */
static u32 ramp_next(const struct transfer *t, u64 position, bool follows)
{
    u32 most = windows_pages() / SHARE;
    u32 pages = follows ? 4 * t->ramp : position ? RAMP_FIRST : RAMP_START;
    most = most < RAMP_FIRST ? RAMP_FIRST : most < RAMP_MAX ? most : RAMP_MAX;
    return pages < most ? pages : most;
}

err_t transfer_in(struct transfer *t, struct fs_inode *inode, u64 position, struct told *told)
{
    *told = (struct told){0};
    bool follows = t->current && position == t->start + t->length;
    transfer_end(t);
    t->ramp = ramp_next(t, position, follows);
    t->piece.owner = t;
    busy = t;
    err_t error = ext4_piece_in(inode, position, t->ramp * 4096 - position % 4096, &t->piece);
    if (!error && t->piece.length)
        error = transfer_show(t, RIGHT_R, told);
    return error;
}

err_t transfer_out(struct transfer *t, struct fs_inode *inode, u64 position, u64 want, bool append, struct told *told)
{
    *told = (struct told){0};
    transfer_end(t);
    t->piece.owner = t;
    busy = t;
    err_t error = ext4_piece_out(inode, position, want < OUT_MAX ? (u32)want : OUT_MAX, append, &t->piece);
    if (error)
        return error;
    server_changed();
    return transfer_show(t, RIGHT_R | RIGHT_W, told);
}

err_t transfer_commit(struct transfer *t, u64 n)
{
    if (!t->current || n > t->length)
        return E_INVAL;
    window_close(&t->window);
    t->current = false;
    busy = t;
    return ext4_piece_commit(&t->piece, (u32)n);
}
