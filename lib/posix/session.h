/* Files that are sessions with a server (proto/file.idl). */
#pragma once

#include "lib/posix/file.h"

extern const struct file_ops session_ops;

/* A new open file on the session in `gate`, which it takes over (also on errors), as descriptor; or -errno. */
long session_open(cap_t gate, u32 flags, u32 mode, bool close_on_exec);

/* Commits what has been consumed of the input piece, so that the server's position is what the program thinks. */
err_t session_settle(struct file *file);
