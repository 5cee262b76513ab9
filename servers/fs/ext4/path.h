/*
 * Path resolution: from a path to the directory and the entry that it means, through symbolic links. It allocates
 * nothing; spliced paths alternate between the two buffers of struct fs.
 */
#pragma once

#include "servers/fs/ext4/dir.h"

#define PATH_LINKS_MAX 40

/* What a path means: an entry of a directory that is there (child) or could be made (child NULL). */
struct walk {
    struct fs_inode *parent; /* held */
    struct fs_inode *child;  /* held, or NULL: no such entry */
    struct dir_slot slot;    /* of the entry in the parent */
    struct fs_name name;     /* of the entry; length 0: the path is the starting directory itself, without a name */
    bool slash;              /* the path ends with a slash: only a directory will do */
    char text[EXT4_NAME_MAX];
};

/*
 * Resolves all of the path but, unless `follow`, a symbolic link at its end. Only the last component may be missing.
 * Errors as struct fs_path says. After success walk_end releases the inodes.
 */
err_t walk_path(struct fs *fs, struct fs_path path, bool follow, struct walk *walk);
void walk_end(struct walk *walk);

/* Whether the last component is "." or "..". */
bool walk_is_dot(const struct walk *walk);

/* Whether a text contains a NUL, which no name may. */
bool text_has_nul(const char *text, u32 length);
