/* What several calls on names need: opening without a descriptor, and the file creation mask. */
#pragma once

#include "abi/types.h"

/* Permission bits for a new file: those of `mode` that umask leaves. */
u32 mode_mask(u32 mode);

/*
 * A session on the file `name` (relative to descriptor `at` or AT_FDCWD) in a slot for the caller; `flags` as of open.
 * *type = st_mode; *folder = handle if it is a folder, else 0, for the caller to close.
 */
err_t name_open(long at, const char *name, u32 flags, u32 mode, cap_t *gate, u32 *type, u32 *folder);
