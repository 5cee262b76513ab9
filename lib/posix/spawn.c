/*
 * Starting programs: the other side of proto/proc.idl, behind posix_spawn and execve. A child is described step by
 * step: its executable, its start block, and one capability for each session that it is to have. Sessions are cloned by
 * their servers, so that they do not depend on the parent, and granted on.
 */
#include "lib/posix/spawn.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/posix/file.h"
#include "lib/posix/linux.h"
#include "lib/posix/mode.h"
#include "lib/posix/path.h"
#include "lib/posix/program_file.h"
#include "lib/posix/session.h"
#include "lib/posix/start_block.h"
#include "lib/posix/thread.h"
#include "lib/tess/slot.h"
#include "proto/fs.h"
#include "proto/pipe.h"
#include "proto/proc.h"

struct posix_spawn {
    struct descriptor_table table;
    char folder[FS_REALPATH_PATH_OUT_MAX + 1]; /* "" = the parent's */
    char joined[PATH_MAX + FS_REALPATH_PATH_OUT_MAX];
    u32 flags, group;
    u32 pid; /* 0 = not started */
};

static struct posix_spawn one; /* one child at a time is enough, and large */
static struct lock one_lock;

int posix_spawn_begin(struct posix_spawn **child)
{
    thread_self()->in_call++; /* musl calls this, not posix_syscall */
    lock_take(&one_lock);
    descriptor_copy(&one.table);
    one.folder[0] = 0;
    one.flags = one.group = one.pid = 0;
    thread_self()->spawn = &one;
    *child = &one;
    return 0;
}

int posix_spawn_end(struct posix_spawn *child)
{
    int pid = (int)child->pid;
    for (size_t i = 0; i < child->table.count; i++)
        file_put(child->table.entry[i].file);
    thread_self()->spawn = NULL;
    lock_give(&one_lock);
    thread_self()->in_call--;
    return pid;
}

/* ---- file actions ---- */

int posix_spawn_close(struct posix_spawn *child, int fd)
{
    if ((u32)fd < child->table.count) {
        file_put(child->table.entry[fd].file);
        child->table.entry[fd].file = NULL;
    }
    return 0; /* closing what is not open is no error here: the standard lets both pass */
}

static int set_entry(struct posix_spawn *child, int fd, struct file *file)
{
    if ((u32)fd >= DESCRIPTORS_MAX) {
        file_put(file);
        return E_BADF;
    }
    if ((u32)fd < child->table.count)
        file_put(child->table.entry[fd].file);
    descriptor_put(&child->table, (u32)fd, file, false);
    return 0;
}

/* The child's file so far, NULL if the descriptor is not open. */
static struct file *entry_file(const struct posix_spawn *child, int fd)
{
    return (u32)fd < child->table.count ? child->table.entry[fd].file : NULL;
}

int posix_spawn_dup2(struct posix_spawn *child, int from, int to)
{
    struct file *file = entry_file(child, from);
    if (!file)
        return E_BADF;
    file_hold(file);
    return set_entry(child, to, file);
}

/* `path` as the child would see it. */
static const char *join(struct posix_spawn *child, const char *path)
{
    if (!child->folder[0] || *path == '/' || strlen(path) >= PATH_MAX)
        return path;
    size_t length = strlen(child->folder);
    memcpy(child->joined, child->folder, length);
    child->joined[length] = '/';
    strcpy(child->joined + length + 1, path);
    return child->joined;
}

int posix_spawn_open(struct posix_spawn *child, int fd, const char *path, int flags, unsigned mode)
{
    long opened = linux_openat(AT_FDCWD, (long)join(child, path), flags | O_CLOEXEC, mode, 0, 0);
    if (opened < 0)
        return (int)-opened;
    struct file *file = descriptor_get(opened);
    descriptor_close(opened);
    return set_entry(child, fd, file);
}

int posix_spawn_chdir(struct posix_spawn *child, const char *path)
{
    size_t length;
    char name[sizeof child->folder];
    err_t error = folder_name_of(join(child, path), name, sizeof name, &length);
    if (!error)
        memcpy(child->folder, name, length);
    return error;
}

int posix_spawn_fchdir(struct posix_spawn *child, int fd)
{
    struct file *file = entry_file(child, fd);
    if (!file)
        return E_BADF;
    if (!file->folder)
        return E_NOTDIR;
    size_t length = sizeof child->folder - 1;
    err_t error = fs_realpath(SLOT_FS, file->folder, ".", 1, child->folder, &length);
    child->folder[error ? 0 : length] = 0;
    return error;
}

/* ---- attributes ---- */

void posix_spawn_set_group(struct posix_spawn *child, int group)
{
    child->flags |= PROC_SPAWN_SETPGROUP;
    child->group = (u32)group;
}

void posix_spawn_set_session(struct posix_spawn *child)
{
    child->flags |= PROC_SPAWN_SETPGROUP; /* the nearest that there is: a group of its own */
    child->group = 0;
}

void posix_spawn_set_default(struct posix_spawn *child, unsigned long signals)
{
    if (signals)
        child->flags |= PROC_SPAWN_SETSIGDEF;
}

void posix_spawn_set_mask(struct posix_spawn *child, unsigned long signals)
{
    (void)signals; /* masks hold nothing back yet: see signal.c */
}

/* ---- handing capabilities on ---- */

typedef err_t clone_call(cap_t gate, cap_t copy);

static err_t clone_session(cap_t gate, cap_t copy)
{
    return file_clone(gate, copy);
}

static err_t clone_fs(cap_t gate, cap_t copy)
{
    return fs_clone(gate, copy);
}

static err_t clone_pipe(cap_t gate, cap_t copy)
{
    return pipe_clone(gate, copy);
}

/* The child gets a session of its own, cloned from ours, in `slot`. */
static err_t give_clone(u32 spawn, u32 slot, cap_t gate, clone_call *clone)
{
    cap_t copy = slot_alloc();
    if (!copy)
        return E_NOMEM;
    err_t error = clone(gate, copy);
    if (!error)
        error = proc_spawn_give(SLOT_PROC, spawn, slot, wire_grant(copy));
    if (error)
        slot_drop(copy);
    else
        slot_free(copy);
    return error;
}

static err_t give_files(u32 spawn, const struct descriptor_table *table)
{
    err_t error = E_OK;
    for (size_t i = 0; i < table->count && !error; i++) {
        if (!start_block_first(table, i))
            continue;
        struct file *file = table->entry[i].file;
        lock_take(&file->in_lock);
        error = session_settle(file);
        lock_give(&file->in_lock);
        if (!error)
            error = give_clone(spawn, start_block_slot(table, i), file->gate, clone_session);
    }
    return error;
}

static err_t give_all(u32 spawn, const struct descriptor_table *table)
{
    err_t error = give_clone(spawn, SLOT_FS, SLOT_FS, clone_fs);
    if (!error)
        error = give_clone(spawn, SLOT_PIPE, SLOT_PIPE, clone_pipe);
    return error ? error : give_files(spawn, table);
}

/* ---- starting ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Tells proc everything about the child but that it may go. `program` is used up. */
static err_t describe(struct posix_spawn *child, struct program_file *program, char *const envp[], u32 *spawn)
{
    cap_t block;
    u64 size;
    char folder[FS_REALPATH_PATH_OUT_MAX + 1];
    size_t length;
    err_t error = E_OK;
    if (!child->folder[0])
        error = folder_name(folder, sizeof folder, &length);
    if (!error)
        error =
            start_block_make(&child->table, program, envp, child->folder[0] ? child->folder : folder, &block, &size);
    if (error) {
        session_close(program->gate);
        return error;
    }
    const char *name = base_name(program->name);
    error = proc_spawn_begin(SLOT_PROC, wire_grant(program->gate), wire_grant(block), size, child->flags, child->group,
                             name, strnlen(name, PROC_SPAWN_BEGIN_NAME_MAX), spawn);
    slot_drop(program->gate);
    slot_drop(block);
    if (error)
        return error;
    error = give_all(*spawn, &child->table);
    if (error)
        proc_spawn_cancel(SLOT_PROC, *spawn);
    return error;
}

int posix_spawn_exec(struct posix_spawn *child, const char *path, char *const argv[], char *const envp[])
{
    struct program_file program;
    u32 spawn;
    err_t error = program_open(&program, join(child, path), argv);
    if (!error)
        error = describe(child, &program, envp, &spawn);
    if (!error)
        error = proc_spawn_go(SLOT_PROC, spawn, &child->pid);
    return error;
}

/* Replaces the process. */
static err_t replace(const char *path, char *const argv[], char *const envp[])
{
    struct posix_spawn *self;
    struct program_file program;
    u32 spawn;
    posix_spawn_begin(&self);
    self->flags = PROC_SPAWN_EXEC;
    err_t error = program_open(&program, path, argv);
    if (!error)
        error = describe(self, &program, envp, &spawn);
    if (!error)
        error = proc_exec_go(SLOT_PROC, spawn);
    posix_spawn_end(self);
    return error;
}

/* For the thread that prepares a child, this is the child's execve: ECANCELED = started (see spawn.h). */
long linux_execve(long path, long argv, long envp, long d, long e, long f)
{
    static char *const nothing[] = {NULL};
    char *const *arguments = argv ? (char *const *)argv : nothing;
    char *const *environment = envp ? (char *const *)envp : nothing;
    struct posix_spawn *child = thread_self()->spawn;
    if (!child)
        return linux_error(replace((const char *)path, arguments, environment));
    int error = posix_spawn_exec(child, (const char *)path, arguments, environment);
    return linux_error(error ? error : E_CANCELED);
}
