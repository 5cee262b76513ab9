/*
 * Files made up by this library: see virtual.h. Their number is their place in the table, kept in file->kind. They fill
 * the folders /dev and /proc; the file system has two of the same names, empty, to change to and to see in the root.
 */
#include "lib/posix/virtual.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/posix/linux.h"
#include "lib/posix/random.h"
#include "lib/posix/path.h"
#include "lib/posix/session.h"
#include "lib/tess/entry.h"
#include "lib/tess/env.h"
#include "lib/tess/slot.h"
#include "lib/tess/start.h"
#include "proto/fs.h"
#include "proto/proc.h"

struct virtual_file {
    const char *name;
    u32 mode;
    u64 device;
    long (*read)(struct file *file, void *to, size_t n, i64 offset);
    long (*write)(const void *from, size_t n);
};

static long read_null(struct file *file, void *to, size_t n, i64 offset)
{
    return 0;
}

static long write_null(const void *from, size_t n)
{
    return (long)n;
}

static long write_full(const void *from, size_t n)
{
    return n ? -E_NOSPC : 0;
}

static long read_zero(struct file *file, void *to, size_t n, i64 offset)
{
    memset(to, 0, n);
    return (long)n;
}

static long read_random(struct file *file, void *to, size_t n, i64 offset)
{
    random_fill(to, n);
    return (long)n;
}

static long read_folder(struct file *file, void *to, size_t n, i64 offset)
{
    return -E_ISDIR;
}

typedef err_t text_source(cap_t gate, u64 offset, char *text, size_t *length);

/* Text that proc makes anew for each question, a piece at a time. */
static long read_text(struct file *file, void *to, size_t n, i64 offset, text_source *source)
{
    char text[PROC_TASKS_TEXT_MAX];
    size_t length = sizeof text;
    u64 place = offset == FILE_POSITION ? file->cookie : (u64)offset;
    err_t error = source(SLOT_PROC, place, text, &length);
    if (error)
        return linux_error(error);
    if (length > n)
        length = n;
    memcpy(to, text, length);
    if (offset == FILE_POSITION)
        file->cookie += length;
    return (long)length;
}

static long read_tasks(struct file *file, void *to, size_t n, i64 offset)
{
    return read_text(file, to, n, offset, proc_tasks);
}

static long read_memory(struct file *file, void *to, size_t n, i64 offset)
{
    return read_text(file, to, n, offset, proc_memory);
}

static const struct virtual_file virtual_files[] = {
    {"/dev", S_IFDIR | 0555, 0, read_folder, NULL},
    {"/proc", S_IFDIR | 0555, 0, read_folder, NULL},
    {"/dev/null", S_IFCHR | 0666, makedev(1, 3), read_null, write_null},
    {"/dev/zero", S_IFCHR | 0666, makedev(1, 5), read_zero, write_null},
    {"/dev/full", S_IFCHR | 0666, makedev(1, 7), read_zero, write_full},
    {"/dev/random", S_IFCHR | 0444, makedev(1, 8), read_random, NULL},
    {"/dev/urandom", S_IFCHR | 0444, makedev(1, 9), read_random, NULL},
    {"/proc/tasks", S_IFREG | 0444, 0, read_tasks, NULL},
    {"/proc/memory", S_IFREG | 0444, 0, read_memory, NULL},
};
#define VIRTUAL_FILES   (sizeof virtual_files / sizeof virtual_files[0])
#define VIRTUAL_FOLDERS 2 /* the first rows */

/* ---- operations ---- */

static long virtual_read(struct file *file, void *to, size_t n, i64 offset)
{
    return virtual_files[file->kind].read(file, to, n, offset);
}

static long virtual_write(struct file *file, const void *from, size_t n, i64 offset)
{
    const struct virtual_file *v = &virtual_files[file->kind];
    return v->write ? v->write(from, n) : -E_BADF;
}

static long virtual_seek(struct file *file, i64 offset, u32 whence)
{
    if (whence == FILE_SEEK_CUR)
        offset += (i64)file->cookie;
    else if (whence != FILE_SEEK_SET)
        return -E_INVAL;
    if (offset < 0)
        return -E_INVAL;
    file->cookie = (u64)offset;
    return offset;
}

static void fill_stat(u32 kind, struct file_stat_result *result)
{
    *result = (struct file_stat_result){
        .ino = kind + 1,
        .mode = virtual_files[kind].mode,
        .nlink = 1,
        .rdev = virtual_files[kind].device,
        .dev = makedev(0, 2),
    };
}

static err_t virtual_file_stat(struct file *file, struct file_stat_result *result)
{
    fill_stat(file->kind, result);
    return E_OK;
}

const struct file_ops virtual_ops = {
    .read = virtual_read,
    .write = virtual_write,
    .seek = virtual_seek,
    .stat = virtual_file_stat,
};

struct file *virtual_create(u32 kind, u32 flags)
{
    if (kind >= VIRTUAL_FILES)
        return NULL;
    return file_create(&virtual_ops, 0, flags, kind, virtual_files[kind].mode & S_IFMT);
}

/* ---- names ---- */

#define NAME_ROOM 40 /* for the longest name in a folder of ours */

static bool begins_with(const char *name, const char *folder)
{
    size_t length = strlen(folder);
    return !strncmp(name, folder, length) && (!name[length] || name[length] == '/');
}

static u32 folder_of(const char *name)
{
    u32 i = 0;
    while (i < VIRTUAL_FOLDERS && !begins_with(name, virtual_files[i].name))
        i++;
    return i;
}

/* Where a relative name begins, if that is one of our folders or the root. */
static const char *start_of(long at)
{
    if ((int)at == AT_FDCWD)
        return folder_made();
    struct file *file = descriptor_get(at);
    const char *name = file && file->ops == &virtual_ops ? virtual_files[file->kind].name : NULL;
    file_put(file);
    return name;
}

/* Adds a component to an absolute name of *n bytes; ".." takes one away. False: too long, or elsewhere. */
static bool add_component(char out[NAME_ROOM], size_t *n, const char *name, size_t length)
{
    if (length == 2 && name[0] == '.' && name[1] == '.') {
        while (*n && out[--*n] != '/')
            ;
        out[*n] = 0;
        return true;
    }
    if (!length || (length == 1 && *name == '.'))
        return true;
    if (*n + 1 + length >= NAME_ROOM)
        return false;
    out[(*n)++] = '/';
    memcpy(out + *n, name, length);
    *n += length;
    out[*n] = 0;
    return folder_of(out) < VIRTUAL_FOLDERS;
}

static u32 depth_of(const char *folder)
{
    u32 depth = 0;
    for (; *folder; folder++)
        depth += folder[0] == '/' && folder[1];
    return depth;
}

/* What follows the ".." with which the name begins, if they lead from the current folder to the root; else NULL. */
static const char *climb_to_root(const char *name)
{
    char folder[FS_REALPATH_PATH_OUT_MAX + 1];
    size_t length;
    u32 up = 0;
    for (; !strncmp(name, "..", 2) && (!name[2] || name[2] == '/'); up++)
        for (name += 2; *name == '/';)
            name++;
    return up && !folder_name(folder, sizeof folder, &length) && up >= depth_of(folder) ? name : NULL;
}

/* The name made absolute and simple, if it is in one of our folders or is one. False: it is elsewhere. */
static bool make_absolute(long at, const char *name, char out[NAME_ROOM])
{
    size_t n = 0;
    if (*name != '/') {
        const char *start = *name ? start_of(at) : NULL;
        if (!start && (int)at == AT_FDCWD && (name = climb_to_root(name)))
            start = "";
        if (!start)
            return false;
        n = strlen(strcpy(out, start));
    }
    while (*name) {
        size_t length = strcspn(name, "/");
        if (!add_component(out, &n, name, length))
            return false;
        name += length + (name[length] == '/');
    }
    return n > 0;
}

const char *virtual_folder(const char *name)
{
    u32 i = folder_of(name);
    return i < VIRTUAL_FOLDERS && !strcmp(name, virtual_files[i].name) ? virtual_files[i].name : NULL;
}

bool virtual_owns(long at, const char *name)
{
    char absolute[NAME_ROOM];
    return make_absolute(at, name, absolute) && !virtual_folder(absolute);
}

bool virtual_is_folder(long at, const char *name)
{
    char absolute[NAME_ROOM];
    return make_absolute(at, name, absolute) && virtual_folder(absolute);
}

static u32 find(const char *name)
{
    u32 i = 0;
    while (i < VIRTUAL_FILES && strcmp(virtual_files[i].name, name))
        i++;
    return i;
}

/* The program's terminal: the first of its standard descriptors that is one. */
static struct file *terminal(void)
{
    for (long fd = 0; fd < 3; fd++) {
        struct file *file = descriptor_get(fd);
        struct file_stat_result status;
        if (file && file->gate && !file->ops->stat(file, &status) && (status.flags & FILE_FLAG_TTY))
            return file;
        file_put(file);
    }
    return NULL;
}

static long open_terminal(bool close_on_exec)
{
    struct file *file = terminal();
    return file ? descriptor_add(file, close_on_exec, 0) : -E_NXIO;
}

static long open_virtual(u32 kind, u32 flags, bool close_on_exec)
{
    if ((flags & O_DIRECTORY) && kind >= VIRTUAL_FOLDERS)
        return -E_NOTDIR;
    if ((flags & O_ACCMODE) != O_RDONLY && !virtual_files[kind].write)
        return kind < VIRTUAL_FOLDERS ? -E_ISDIR : -E_ACCES;
    struct file *file = virtual_create(kind, flags);
    return file ? descriptor_add(file, close_on_exec, 0) : -E_NFILE;
}

/*
 * The capability behind /dev/NAME, 0 if there is none: a file session called NAME (*name = NULL then), or, where NAME
 * ends in a number, a service without it that opens several such files, as the driver of a device with ports does.
 */
static cap_t device_gate(const char **name)
{
    char service[16];
    if (strncmp(*name, "/dev/", 5))
        return 0;
    const char *device = *name += 5;
    size_t length = strlen(device);
    cap_t gate = env_cap(device);
    if (gate) {
        *name = NULL;
        return gate;
    }
    while (length && device[length - 1] >= '0' && device[length - 1] <= '9')
        length--;
    if (length >= sizeof service)
        return 0;
    memcpy(service, device, length);
    service[length] = 0;
    return env_cap(service);
}

static err_t device_session(cap_t gate, const char *name, u32 access, cap_t session)
{
    u32 mode;
    return name ? fs_open(gate, 0, access, 0, name, strlen(name), &mode, session) : file_clone(gate, session);
}

static long open_device(cap_t gate, const char *name, u32 flags, bool close_on_exec)
{
    u32 access = (flags & O_ACCMODE) == O_RDONLY   ? FS_READ
                 : (flags & O_ACCMODE) == O_WRONLY ? FS_WRITE
                                                   : FS_READ | FS_WRITE;
    cap_t session = slot_alloc();
    err_t error = session ? device_session(gate, name, access, session) : E_NFILE;
    if (error) {
        slot_free(session);
        return linux_error(error);
    }
    return session_open(session, flags, 0, close_on_exec);
}

static err_t device_stat(cap_t gate, const char *name, struct file_stat_result *result)
{
    cap_t session = slot_alloc();
    err_t error = session ? device_session(gate, name, FS_READ, session) : E_NFILE;
    if (!error)
        error = file_stat(session, result);
    session_close(session);
    return error;
}

bool virtual_open(long at, const char *name, u32 flags, long *result)
{
    char absolute[NAME_ROOM];
    cap_t gate;
    bool close_on_exec = flags & O_CLOEXEC;
    if (!make_absolute(at, name, absolute))
        return false;
    name = absolute;
    u32 kind = find(name);
    if (kind < VIRTUAL_FILES)
        *result = open_virtual(kind, flags, close_on_exec);
    else if (!strcmp(name, "/dev/tty"))
        *result = open_terminal(close_on_exec);
    else if ((gate = device_gate(&name)))
        *result = open_device(gate, name, flags, close_on_exec);
    else
        *result = flags & O_CREAT ? -E_ACCES : -E_NOENT;
    return true;
}

static err_t stat_terminal(struct file_stat_result *result)
{
    struct file *file = terminal();
    err_t error = file ? file->ops->stat(file, result) : E_NXIO;
    file_put(file);
    return error;
}

bool virtual_stat(long at, const char *name, struct file_stat_result *result, err_t *error)
{
    char absolute[NAME_ROOM];
    cap_t gate;
    if (!make_absolute(at, name, absolute))
        return false;
    name = absolute;
    u32 kind = find(name);
    *error = E_OK;
    if (kind < VIRTUAL_FILES)
        fill_stat(kind, result);
    else if (!strcmp(name, "/dev/tty"))
        *error = stat_terminal(result);
    else if ((gate = device_gate(&name)))
        *error = device_stat(gate, name, result);
    else
        *error = E_NOENT;
    return true;
}

/* ---- what is in a folder ---- */

static const char *program_cap(u32 i)
{
    const struct start_cap *cap = (const struct start_cap *)((const char *)env_start + env_start->capv);
    return i < env_start->capc ? (const char *)env_start + cap[i].name : NULL;
}

/*
 * Entry i of a folder, by its name there: the two dots, the files of the table, and in /dev the terminal and what the
 * program was started with. NULL behind the last; "" if number i is not in this folder.
 */
static const char *entry_name(const char *folder, u32 i)
{
    static const char *const dots[] = {".", ".."};
    size_t length = strlen(folder);
    if (i < 2)
        return dots[i];
    i -= 2;
    if (i < VIRTUAL_FILES) {
        const char *name = virtual_files[i].name;
        return !strncmp(name, folder, length) && name[length] == '/' ? name + length + 1 : "";
    }
    i -= VIRTUAL_FILES;
    if (strcmp(folder, "/dev"))
        return NULL;
    return i ? program_cap(i - 1) : "tty";
}

static err_t entry_stat(const char *folder, const char *name, struct file_stat_result *status)
{
    char path[NAME_ROOM];
    err_t error = E_NOENT;
    if (!strcmp(name, ".."))
        name = ".";
    if (!*name || strlen(folder) + 1 + strlen(name) >= NAME_ROOM)
        return error;
    strcat(strcat(strcpy(path, folder), "/"), name);
    virtual_stat(AT_FDCWD, path, status, &error);
    return error;
}

err_t virtual_readdir(struct file *file, char *text, size_t *length)
{
    const char *folder = virtual_files[file->kind].name, *name;
    size_t done = 0;
    struct file_stat_result status;
    for (u32 i = (u32)file->cookie; (name = entry_name(folder, i)); i++) {
        if (entry_stat(folder, name, &status))
            continue; /* not here, or nothing that can be opened */
        struct folder_entry entry = {status.ino, i + 1, (u8)(status.mode >> 12), (u8)strlen(name)};
        if (!entry_put(text, *length, &done, &entry, name))
            break;
    }
    *length = done;
    return E_OK;
}
