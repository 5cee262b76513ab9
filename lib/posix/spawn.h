/*
 * What musl's posix_spawn (ports/musl/overlay) calls: a child process in preparation. Between begin and end the calling
 * thread's execve starts the child instead of replacing the process. All functions return 0 or a positive errno.
 */
#pragma once

struct posix_spawn;

/* Starts preparing a child with a copy of this process' descriptors and current folder; one per thread at a time. */
int posix_spawn_begin(struct posix_spawn **child);

/* File actions, in order, on the child's descriptors. A path is relative to the child's folder so far. */
int posix_spawn_close(struct posix_spawn *child, int fd);
int posix_spawn_dup2(struct posix_spawn *child, int from, int to);
int posix_spawn_open(struct posix_spawn *child, int fd, const char *path, int flags, unsigned mode);
int posix_spawn_chdir(struct posix_spawn *child, const char *path);
int posix_spawn_fchdir(struct posix_spawn *child, int fd);

/* Attributes: process group (0: one of its own), session, signals to reset to default, signals to block. */
void posix_spawn_set_group(struct posix_spawn *child, int group);
void posix_spawn_set_session(struct posix_spawn *child);
void posix_spawn_set_default(struct posix_spawn *child, unsigned long signals);
void posix_spawn_set_mask(struct posix_spawn *child, unsigned long signals);

/* Starts the child from the executable or script at `path`. ENOENT, EACCES ... leave it in preparation for another try.
 */
int posix_spawn_exec(struct posix_spawn *child, const char *path, char *const argv[], char *const envp[]);

/* Frees the preparation; returns the child's process id, 0 if it was not started. */
int posix_spawn_end(struct posix_spawn *child);
