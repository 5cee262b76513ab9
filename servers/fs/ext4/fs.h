/*
 * The ext4 file system as a library: mounting, names, and pieces of files. It is freestanding C: memory, time and
 * messages come from struct fs_env, blocks from struct fs_device; it never blocks but in the device, and one thread
 * uses it. The server (servers/fs) puts sessions and windows on top; tests drive it on the host.
 *
 * Every call either does all that it says or, on an error, nothing. What is read from the disk is not trusted: an
 * image can be any bytes at all. Errors common to most calls, which contracts do not repeat: IO (the device failed or
 * the image is corrupt; the log tells which), NOMEM (memory, or all cache frames are pinned), ROFS, NOSPC.
 */
#pragma once

#include "servers/fs/ext4/device.h"

struct fs;
struct fs_inode;
struct fs_piece;

struct fs_env {
    void *context;
    void *(*alloc)(void *context, size_t size); /* 8-byte aligned; NULL = none left */
    void (*free)(void *context, void *memory, size_t size);
    u64 (*now)(void *context); /* nanoseconds since 1970 */
    void (*log)(void *context, const char *what, u64 value);
    /* Unmaps the piece's window before it returns; it is over: commit gets E_AGAIN. Must not call the library. */
    void (*revoke)(void *context, struct fs_piece *piece);
    /* All cache frames are pinned: take some piece away by ext4_piece_revoke, not one that the current call is about.
     * False = there is none. */
    bool (*pressure)(void *context);
    /* Unmaps this memory, some of which ext4_expose gave, wherever it was mapped. May be NULL if that is never called.
     */
    void (*conceal)(void *context, void *memory, size_t size);
};

struct fs_options {
    bool read_only;
    void *arena; /* cache memory, 64 KiB aligned (2 MiB gives larger windows); not used over an image in memory */
    size_t arena_size;
    void *zeros; /* page-aligned memory that is all zeros: what holes show; at least two pages */
    size_t zeros_size;
};

/*
 * Mounts the device's file system and marks it as in use. Errors: NOTSUP (a feature that we do not have, named in the
 * log), INVAL (not ext4). An unclean file system is mounted with a message. The caller keeps device and options' memory
 * alive.
 */
err_t ext4_mount(const struct fs_env *env, struct fs_device *device, const struct fs_options *options, struct fs **out);

/* Writes everything, marks the file system clean and frees it. Error: BUSY while inodes are held; IO: still mounted. */
err_t ext4_unmount(struct fs *fs);

/*
 * Ends writing for good while files may still be open: revokes their pieces, deletes those without a name, writes
 * everything and marks the file system clean. It is read-only afterwards. Error: IO; then it goes on as before.
 */
err_t ext4_freeze(struct fs *fs);

/* Frees the memory of a mounted file system without writing anything: what loss of power does. */
void ext4_abandon(struct fs *fs);

/* Writes all that is dirty. */
err_t ext4_sync(struct fs *fs);

struct fs_info {
    u64 blocks, free_blocks, inodes, free_inodes;
    u64 written; /* when it was last mounted or unmounted: seconds since 1970 */
    bool read_only;
};
void ext4_get_info(struct fs *fs, struct fs_info *info);

/* ---- Inodes: counted references; while one is held the file exists, even if it has no name any more ---- */

struct fs_stat {
    u32 ino, mode, links, uid, gid;
    u64 size, blocks;        /* bytes; sectors of 512 */
    u64 atime, mtime, ctime; /* nanoseconds since 1970 */
};

void ext4_inode_hold(struct fs_inode *inode);
void ext4_inode_put(struct fs_inode *inode);
void ext4_inode_stat(struct fs_inode *inode, struct fs_stat *stat);
u64 ext4_inode_size(struct fs_inode *inode);
u32 ext4_inode_number(const struct fs_inode *inode);
u32 ext4_inode_mode(const struct fs_inode *inode);

/* Sets the permission bits (07777). */
err_t ext4_inode_chmod(struct fs_inode *inode, u32 mode);
err_t ext4_inode_chown(struct fs_inode *inode, u32 uid, u32 gid); /* ~0u: leave as it is */

#define EXT4_TIME_NOW  (~0ull)
#define EXT4_TIME_OMIT (~0ull - 1)
/* Sets access and modification time: nanoseconds, EXT4_TIME_NOW or EXT4_TIME_OMIT. */
err_t ext4_inode_utimes(struct fs_inode *inode, u64 atime, u64 mtime);

/* Cuts or extends (with a hole) a regular file. Pieces beyond the new end are revoked. Errors: ISDIR, INVAL, FBIG. */
err_t ext4_inode_truncate(struct fs_inode *inode, u64 size);

/* Gives back the space that was set aside for appending; the server does this when a session closes. */
void ext4_inode_trim(struct fs_inode *inode);

/* ---- Names ---- */

/*
 * A path of `length` bytes, relative to directory `base` (NULL = the root). Errors: NOENT, NOTDIR, NAMETOOLONG,
 * LOOP (more than 40 symbolic links), INVAL (a NUL inside).
 */
struct fs_path {
    struct fs_inode *base;
    const char *text;
    u32 length;
};

#define EXT4_CREATE    0x1 /* make a regular file if there is none */
#define EXT4_EXCL      0x2 /* with EXT4_CREATE: there must be none */
#define EXT4_DIRECTORY 0x4 /* must be a directory */
#define EXT4_NOFOLLOW  0x8 /* a symbolic link at the end is itself what is meant */

/* Finds or makes what the path names; the caller puts the inode. `mode`: permissions of a new file. Errors: EXIST,
 * ISDIR. */
err_t ext4_lookup(struct fs *fs, struct fs_path path, u32 flags, u32 mode, struct fs_inode **out);
err_t ext4_mkdir(struct fs *fs, struct fs_path path, u32 mode);
err_t ext4_rmdir(struct fs *fs, struct fs_path path);
err_t ext4_unlink(struct fs *fs, struct fs_path path);
err_t ext4_link(struct fs *fs, struct fs_path old, struct fs_path new);
err_t ext4_rename(struct fs *fs, struct fs_path old, struct fs_path new);
/* Makes a symbolic link at `path` to `target` (1..4095 bytes). */
err_t ext4_symlink(struct fs *fs, struct fs_path path, const char *target, u32 length);
/* The text of a symbolic link: up to `size` bytes into text, the number in *length. Error: INVAL if it is not one. */
err_t ext4_readlink(struct fs_inode *link, char *text, u32 size, u32 *length);
/* The absolute path of a directory: *start = offset in text[0..size) where it begins; it ends with the buffer, without
 * NUL. RANGE: too long. */
err_t ext4_get_path(struct fs_inode *dir, char *text, u32 size, u32 *start);

struct fs_entry {
    u64 next; /* cookie of what follows */
    u32 ino;
    u8 type; /* EXT4_FT_* */
    u8 length;
    char name[255]; /* not terminated */
};
/* The first entry of a directory at or behind `cookie` (0 = start). NOENT: no more; NOTDIR. */
err_t ext4_readdir(struct fs_inode *dir, u64 cookie, struct fs_entry *entry);

/*
 * ---- Pieces: parts of a file's contents, in place ----
 *
 * A piece is `length` bytes of the file from `position` on. They lie at page + offset; the pages it occupies hold
 * nothing else, are pinned until the piece is over, and may be mapped for its user: writable only if it is an output
 * piece. A piece that may show old contents (its file was cut, a hole it shows was filled, memory is needed) is
 * revoked. Its owner holds the inode until the piece is over.
 */
struct fs_piece {
    struct fs_inode *inode; /* NULL = no piece */
    void *owner;            /* the caller's */
    u64 position;
    u32 length;
    u32 offset; /* of the first byte in the first page */
    u8 *page;
    bool write, append;
    /* the library's */
    bool hole;
    struct fs_piece *next, **link;
    u32 block, blocks;
};

/* The number of pages that the piece occupies. */
u32 ext4_piece_pages(const struct fs_piece *piece);

/* Up to `max` bytes to read from `position` on; length 0 and no piece at end of file. ISDIR, INVAL for others than
 * regular files. */
err_t ext4_piece_in(struct fs_inode *inode, u64 position, u32 max, struct fs_piece *piece);

/*
 * Room to write up to `max` bytes (length >= 1) at `position`; beyond the end of file or in a hole space is set aside,
 * which counts only when committed. With `append`, position is ignored: the piece is at the end of file, and other
 * appending pieces are revoked. Errors: FBIG.
 */
err_t ext4_piece_out(struct fs_inode *inode, u64 position, u32 max, bool append, struct fs_piece *piece);

/*
 * Ends an output piece: its first n bytes (<= length) count. The window must be unmapped (bytes beyond the end of file
 * are cleared). AGAIN: the piece was revoked, or the file's end moved under an appending one; nothing counts.
 */
err_t ext4_piece_commit(struct fs_piece *piece, u32 n);

/* Ends a piece; nothing of it counts. An ended piece may be released. */
void ext4_piece_release(struct fs_piece *piece);

/* Takes a piece away from its user: env->revoke, then release. */
void ext4_piece_revoke(struct fs_piece *piece);

/* ---- Exposure: pages of files for memory mappings, which last longer than a piece ---- */

/* Pages first .. first + count - 1 of the file, at consecutive addresses from `page` on. */
struct fs_pages {
    u8 *page;
    u64 first;
    u32 count;
};

/*
 * Pages around file page `index`, to be mapped read-only without being pinned: env->conceal takes them back when the
 * memory is needed or the file loses the blocks. Errors: RANGE behind the end of file; ISDIR, INVAL.
 */
err_t ext4_expose(struct fs_inode *inode, u64 index, struct fs_pages *pages);

/*
 * The same for one page that may be written: it has its place on the disk and counts as changed, until it is written
 * there, for which env->conceal takes it back. What is stored behind the end of file does not count. Errors: also ROFS.
 */
err_t ext4_expose_written(struct fs_inode *inode, u64 index, struct fs_pages *pages);
