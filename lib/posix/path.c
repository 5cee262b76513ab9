/* Names and the current folder: see path.h. */
#include "lib/posix/path.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "abi/error.h"
#include "lib/posix/file.h"
#include "lib/posix/virtual.h"
#include "lib/tess/start.h"
#include "proto/fs.h"

static struct {
    struct lock lock;
    u32 handle;       /* 0 = the root, or not opened yet */
    const char *name; /* name to open at first use, NULL = handle is right */
    const char *made; /* its name if it is one that virtual.c fills, "" if it is the root, else NULL */
} folder;

void folder_start(const char *name)
{
    folder.name = name[0] == '/' && name[1] ? name : NULL;
    folder.made = folder.name ? virtual_folder(name) : "";
}

const char *folder_made(void)
{
    return folder.made;
}

/* The current folder's handle. */
static err_t folder_handle(u32 *handle)
{
    lock_take(&folder.lock);
    err_t error = E_OK;
    if (folder.name) {
        struct path path;
        const char *name = folder.name;
        error = path_open(&path, AT_FDCWD, name);
        if (!error)
            error = fs_open_dir(SLOT_FS, path.folder, path.text, path.length, &folder.handle);
        if (!error) {
            path_close(&path);
            folder.name = NULL;
        }
    }
    *handle = folder.handle;
    lock_give(&folder.lock);
    return error;
}

/* Where a name begins: the root, the current folder, or a descriptor. */
static err_t find_anchor(struct path *path, long at)
{
    if (*path->text == '/')
        return E_OK;
    if ((int)at == AT_FDCWD)
        return folder_handle(&path->folder);
    path->anchor = descriptor_get(at);
    if (!path->anchor)
        return E_BADF;
    if (!path->anchor->folder)
        return E_NOTDIR;
    path->folder = path->anchor->folder;
    return E_OK;
}

/* Where to cut a long name: behind the last slash of the first PATH_PIECE bytes; 0 = a component is too long. */
static size_t cut_point(const char *text)
{
    size_t n = PATH_PIECE;
    while (n && text[n - 1] != '/')
        n--;
    return n;
}

/* Walks the head of the name until the rest fits. */
static err_t shorten(struct path *path)
{
    while (path->length > PATH_PIECE) {
        size_t head = cut_point(path->text);
        u32 next;
        if (!head)
            return E_NAMETOOLONG;
        err_t error = fs_open_dir(SLOT_FS, path->folder, path->text, head, &next);
        if (error)
            return error;
        if (path->temporary)
            path_close_folder(path->temporary);
        path->folder = path->temporary = next;
        for (; path->text[head] == '/'; head++)
            ;
        path->text += head;
        path->length -= head;
    }
    if (!path->length) { /* the name ended in slashes */
        path->text = ".";
        path->length = 1;
    }
    return E_OK;
}

err_t path_open(struct path *path, long at, const char *name)
{
    *path = (struct path){.text = name, .length = strnlen(name, PATH_MAX)};
    if (!path->length)
        return E_NOENT;
    if (path->length == PATH_MAX)
        return E_NAMETOOLONG;
    if (virtual_owns(at, name))
        return E_ACCES;
    err_t error = find_anchor(path, at);
    if (!error)
        error = shorten(path);
    if (error)
        path_close(path);
    return error;
}

void path_close(struct path *path)
{
    if (path->temporary)
        path_close_folder(path->temporary);
    file_put(path->anchor);
}

void path_close_folder(u32 handle)
{
    fs_close_dir(SLOT_FS, handle);
}

static err_t name_of_handle(u32 handle, char *name, size_t room, size_t *length);

err_t folder_take(u32 handle)
{
    char name[FS_REALPATH_PATH_OUT_MAX + 1];
    size_t length;
    const char *made = NULL;
    if (!name_of_handle(handle, name, sizeof name, &length))
        made = name[1] ? virtual_folder(name) : "";
    lock_take(&folder.lock);
    u32 old = folder.handle;
    folder.handle = handle;
    folder.name = NULL;
    folder.made = made;
    lock_give(&folder.lock);
    if (old)
        path_close_folder(old);
    return E_OK;
}

static err_t open_folder(const char *name, u32 *handle)
{
    struct path path;
    struct file_stat_result status;
    err_t error;
    if (virtual_stat(AT_FDCWD, name, &status, &error) && (error || !S_ISDIR(status.mode)))
        return error ? error : E_NOTDIR;
    error = path_open(&path, AT_FDCWD, name);
    if (error)
        return error;
    error = fs_open_dir(SLOT_FS, path.folder, path.text, path.length, handle);
    path_close(&path);
    return error;
}

err_t folder_change(const char *name)
{
    u32 handle;
    err_t error = open_folder(name, &handle);
    return error ? error : folder_take(handle);
}

static err_t name_of_handle(u32 handle, char *name, size_t room, size_t *length)
{
    char text[FS_REALPATH_PATH_OUT_MAX];
    size_t size = sizeof text;
    err_t error = E_OK;
    if (handle)
        error = fs_realpath(SLOT_FS, handle, ".", 1, text, &size);
    else
        text[0] = '/', size = 1;
    if (error)
        return error;
    if (size >= room)
        return E_RANGE;
    memcpy(name, text, size);
    name[size] = 0;
    *length = size + 1;
    return E_OK;
}

err_t folder_name(char *name, size_t room, size_t *length)
{
    u32 handle;
    err_t error = folder_handle(&handle);
    return error ? error : name_of_handle(handle, name, room, length);
}

err_t folder_name_of(const char *change, char *name, size_t room, size_t *length)
{
    u32 handle;
    if (!change)
        return folder_name(name, room, length);
    err_t error = open_folder(change, &handle);
    if (error)
        return error;
    error = name_of_handle(handle, name, room, length);
    path_close_folder(handle);
    return error;
}
