/*
 * The file server: sessions on names (proto/fs.idl) and on files (proto/file.idl) over one ext4 file system. main.c
 * starts it, names.c and files.c hold the handlers, transfer.c gives pieces of files as windows.
 */
#pragma once

#include "lib/tess/server.h"
#include "proto/file.h"
#include "servers/fs/ext4/fs.h"
#include "servers/fs/window.h"

extern struct fs *server_fs; /* NULL: nothing could be mounted, all requests get E_NODEV */

/* Something was changed: all will be written within some seconds. */
void server_changed(void);

/* ---- pieces ---- */

/* One direction of a session: the current piece and the window that shows it. */
struct transfer {
    struct fs_piece piece;
    struct window window;
    u64 start; /* of the piece as the client was told, which stays true when it is revoked */
    u32 length;
    bool current;    /* told and not ended */
    bool positioned; /* at the position, not at a given place */
    u32 ramp;        /* pages of the next piece: grows while pieces follow each other */
};

#define WINDOW_ORDER 20 /* clients' windows have 2^20 bytes */

/* What a client is told of a piece. */
struct told {
    u64 at, length;
    struct map_item item;
};

/* Takes away the piece, of which there is one, and the window onto it. */
void transfer_close(struct transfer *t);

/* Ends the current piece, if there is one, without counting anything of it. */
static inline void transfer_end(struct transfer *t)
{
    t->current = false;
    if (t->piece.inode)
        transfer_close(t);
}

/* The next piece to read from `position` on; length 0 = end of file. Errors: those of ext4_piece_in, AGAIN. */
err_t transfer_in(struct transfer *t, struct fs_inode *inode, u64 position, struct told *told);

/* Room for up to `want` bytes at `position`, or at the end of the file if `append`. */
err_t transfer_out(struct transfer *t, struct fs_inode *inode, u64 position, u64 want, bool append, struct told *told);

/* Ends a piece that was written: n bytes count. AGAIN if it was revoked, INVAL if there is none so long. */
err_t transfer_commit(struct transfer *t, u64 n);

/* What the library calls: struct fs_env's revoke and pressure, and the same for windows. */
void transfer_revoke(void *context, struct fs_piece *piece);
bool transfer_pressure(void *context);
bool transfer_steal(void);

/* ---- files ---- */

/* What several sessions may share: an open file, as POSIX has it. */
struct description {
    struct fs_inode *inode;
    u32 sessions;
    u64 position;
    u32 access; /* FS_READ | FS_WRITE of proto/fs.idl */
    bool append, shared;
    struct transfer *holder[2]; /* of the current piece at the position, for reading and for writing */
};

/* A session on the inode, whose reference it takes over (also on errors). `flags`: those of fs.open. */
err_t file_session_open(struct fs_inode *inode, u32 flags, struct map_item *item);

/* Status of an inode; flags are left 0. */
void file_status(struct fs_inode *inode, struct file_stat_result *result);

/* ---- names ---- */

/* The sessions that serve the gates of the services fs and mount. */
struct session *names_service(void);
struct session *mount_service(void);
