/*
 * Open files ("open file descriptions" of POSIX) and the descriptors that name them. A file is a session with a server
 * that speaks the file protocol, or one of the few that this library makes up (virtual.c). Several descriptors may
 * share a file; it is closed with the last one and when no call works on it any more.
 */
#pragma once

#include "lib/posix/lock.h"
#include "lib/posix/window.h"
#include "proto/file.h"

#define DESCRIPTORS_MAX 256

struct file;

/* What a kind of file does. Calls return >= 0 or a negative error number; rows left 0 are errors, see file.c. */
struct file_ops {
    /* Up to n bytes at `offset`, or at the file's position if it is FILE_POSITION. */
    long (*read)(struct file *file, void *to, size_t n, i64 offset);
    long (*write)(struct file *file, const void *from, size_t n, i64 offset);
    long (*seek)(struct file *file, i64 offset, u32 whence);
    err_t (*stat)(struct file *file, struct file_stat_result *result);
    u32 (*poll)(struct file *file, u32 events); /* FILE_EVENT_* that are so, of events and HUP */
    void (*close)(struct file *file);
};
#define FILE_POSITION (-1)

struct file {
    const struct file_ops *ops; /* NULL = free entry */
    u32 references;
    u32 flags;  /* O_APPEND, O_NONBLOCK and the access mode */
    u32 kind;   /* FILE_FLAG_* of the session as last heard, or the number of a virtual file */
    u32 mode;   /* st_mode's type bits; 0 = not known */
    cap_t gate; /* session; 0 for virtual files */
    u32 folder; /* folders: handle in the metadata session, for names relative to this descriptor; 0 = none */
    u64 cookie; /* folders: where reading goes on; virtual files: position */
    struct lock in_lock, out_lock; /* one reader and one writer at a time; both for what changes the position */
    struct window in, out;
};

/* An open file with one reference and no descriptor yet, NULL if there are too many. */
struct file *file_create(const struct file_ops *ops, cap_t gate, u32 flags, u32 kind, u32 mode);

/* Gives a reference back; the last one closes. NULL is allowed. */
void file_put(struct file *file);
void file_hold(struct file *file);

/* ---- descriptors ---- */

/* The file of a descriptor, with a reference for the caller; NULL: EBADF. */
struct file *descriptor_get(long fd);

/*
 * The lowest free descriptor >= least names the file, whose reference it takes over, also on errors. Returns the
 * descriptor or -EMFILE.
 */
long descriptor_add(struct file *file, bool close_on_exec, long least);

/* Descriptor fd names the file from now on (as dup2); what it named before is closed. */
long descriptor_set(long fd, struct file *file, bool close_on_exec);

long descriptor_close(long fd);

/* Close-on-exec flag: reading gives 0, 1 or -EBADF. */
long descriptor_flag(long fd);
long descriptor_set_flag(long fd, bool close_on_exec);

struct descriptor {
    struct file *file; /* NULL = not open */
    bool close_on_exec;
};

struct descriptor_table {
    size_t count; /* entries from here on are not open */
    struct descriptor entry[DESCRIPTORS_MAX];
};

/* A copy of the program's table, for a child: its entries get references of their own. */
void descriptor_copy(struct descriptor_table *to);

/* In a table that nobody else uses: descriptor fd < DESCRIPTORS_MAX names the file, whose reference it takes over. */
void descriptor_put(struct descriptor_table *table, size_t fd, struct file *file, bool close_on_exec);
