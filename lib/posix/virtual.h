/*
 * Files that this library makes up: devices without driver, and what proc says as text. They are all that there is in
 * /dev and /proc. Names are relative to descriptor `at` or AT_FDCWD, as elsewhere.
 */
#pragma once

#include "lib/posix/file.h"

/*
 * Opens `name` if it is in one of the two folders: the descriptor or -errno in *result, true. False: it is elsewhere.
 * Names of other devices, /dev/NAME, are those capabilities that the program was started with under NAME.
 */
bool virtual_open(long at, const char *name, u32 flags, long *result);

/* The status of such a name, or the error; false: it is elsewhere. */
bool virtual_stat(long at, const char *name, struct file_stat_result *result, err_t *error);

/* Whether the name is in one of the folders: it can be opened and looked at, and nothing else. */
bool virtual_owns(long at, const char *name);

/* Whether it is one of the folders themselves, which stay where they are. */
bool virtual_is_folder(long at, const char *name);

/* The folder of this absolute name, NULL if it is none. */
const char *virtual_folder(const char *name);

/* As file.readdir, for an open folder: entries from file->cookie on. */
err_t virtual_readdir(struct file *file, char *text, size_t *length);

/* For a child's start block: file number `kind` as an open file, NULL if there is none. */
struct file *virtual_create(u32 kind, u32 flags);

extern const struct file_ops virtual_ops;
