/*
 * Names of files: what the metadata session of the file system is asked about, and the current folder. The file system
 * resolves names itself, from a folder handle on; this side only splits names that do not fit into a message.
 */
#pragma once

#include "abi/types.h"

#define PATH_PIECE 384 /* bytes of a name in one message (proto/fs.idl) */

struct file;

/* A name ready to be sent: `path`, `length` bytes, relative to the folder handle (0 = the root). */
struct path {
    u32 folder;
    const char *text;
    size_t length;
    u32 temporary;       /* folder handle to close, 0 = none */
    struct file *anchor; /* holds the descriptor that the name is relative to; may be NULL */
};

/*
 * Prepares `name`, relative to descriptor `at` or AT_FDCWD. Errors: NOENT (empty), NAMETOOLONG, BADF, NOTDIR, ACCES (a
 * name of virtual.c's), and the file system's. After success path_close must follow.
 */
err_t path_open(struct path *path, long at, const char *name);
void path_close(struct path *path);

/* Gives a folder handle back. */
void path_close_folder(u32 handle);

/* The current folder: set from the start block, by name, or from a handle, which is taken over. */
void folder_start(const char *name);
err_t folder_change(const char *name);
err_t folder_take(u32 handle);

/* The current folder's name if it is one that virtual.c fills, "" if it is the root, else NULL. */
const char *folder_made(void);

/* Absolute name of the current folder into `name`; *length with NUL. Error: RANGE. */
err_t folder_name(char *name, size_t room, size_t *length);

/* A name for the current folder of a child that starts in `change` (NULL = here). Same errors. */
err_t folder_name_of(const char *change, char *name, size_t room, size_t *length);
