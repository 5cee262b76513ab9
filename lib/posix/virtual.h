/* Files that this library makes up: devices without driver, and what proc says as text. */
#pragma once

#include "lib/posix/file.h"

/*
 * Opens `name` if it is one of these: the descriptor or -errno in *result, true. False: not a virtual name. Names of
 * other devices, /dev/NAME, are those capabilities that the program was started with under NAME.
 */
bool virtual_open(const char *name, u32 flags, bool close_on_exec, long *result);

/* The status of a virtual name; false: not one. */
bool virtual_stat(const char *name, struct file_stat_result *result, err_t *error);

/* For a child's start block: file number `kind` as an open file, NULL if there is none. */
struct file *virtual_create(u32 kind, u32 flags);

extern const struct file_ops virtual_ops;
