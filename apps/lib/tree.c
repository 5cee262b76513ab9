/* Copying and removing whole trees, for cp, mv and rm. A failure within a tree is reported and the rest goes on. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/lib/app.h"

/* One copy of a tree: `top` is the destination's first directory, which must not be met again within the source. */
struct copy {
    const struct tree_options *options;
    const char *destination;
    bool has_top;
    dev_t top_device;
    ino_t top_inode;
};

static bool fail(const char *what, const char *path)
{
    app_warn_errno("cannot %s '%s'", what, path);
    return false;
}

static bool copy_link(const char *source, const char *destination, const struct tree_options *options)
{
    char target[PATH_MAX];
    ssize_t length = readlink(source, target, sizeof(target) - 1);
    if (length < 0)
        return fail("read link", source);
    target[length] = '\0';
    if (options->force)
        unlink(destination);
    return symlink(target, destination) == 0 || fail("create link", destination);
}

static int open_destination(const char *destination, mode_t mode, const struct tree_options *options)
{
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    int fd = open(destination, flags, mode & 0777);
    if (fd < 0 && options->force && unlink(destination) == 0)
        fd = open(destination, flags, mode & 0777);
    return fd;
}

static bool copy_file(const char *source, const char *destination, const struct stat *status,
                      const struct tree_options *options)
{
    int from = open(source, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return fail("open", source);
    int to = open_destination(destination, status->st_mode, options);
    bool good = to >= 0 || fail("create", destination);
    if (good)
        good = io_copy(from, source, to, destination);
    if (to >= 0 && close(to) < 0 && good)
        good = fail("write", destination);
    close(from);
    return good;
}

static bool copy_entry(const char *source, const char *destination, struct copy *copy);

static bool visit_copy(const char *source, void *context)
{
    struct copy copy = *(struct copy *)context;
    char *destination = path_destination(source, copy.destination);
    bool good = copy_entry(source, destination, &copy);
    free(destination);
    return good;
}

static bool copy_directory(const char *source, const char *destination, const struct stat *status, struct copy *copy)
{
    if (!copy->options->recursive) {
        app_warn("'%s' is a directory (-r copies it)", source);
        return false;
    }
    if (copy->has_top && status->st_dev == copy->top_device && status->st_ino == copy->top_inode) {
        app_warn("cannot copy a directory, '%s', into itself", source);
        return false;
    }
    if (mkdir(destination, (status->st_mode & 0777) | S_IRWXU) < 0 &&
        (errno != EEXIST || !path_is_directory(destination)))
        return fail("create directory", destination);
    struct stat made;
    if (!copy->has_top && stat(destination, &made) == 0) {
        copy->has_top = true;
        copy->top_device = made.st_dev;
        copy->top_inode = made.st_ino;
    }
    copy->destination = destination;
    return path_visit_entries(source, visit_copy, copy);
}

static bool preserve(const char *destination, const struct stat *status)
{
    struct timespec times[] = {status->st_atim, status->st_mtim};
    if (utimensat(AT_FDCWD, destination, times, 0) < 0)
        return fail("set times of", destination);
    return chmod(destination, status->st_mode & 07777) == 0 || fail("set mode of", destination);
}

static bool is_same_file(const char *destination, const struct stat *status)
{
    struct stat other;
    return stat(destination, &other) == 0 && other.st_dev == status->st_dev && other.st_ino == status->st_ino;
}

static bool copy_entry(const char *source, const char *destination, struct copy *copy)
{
    const struct tree_options *options = copy->options;
    struct stat status;
    if ((options->recursive ? lstat : stat)(source, &status) < 0)
        return fail("copy", source);
    if (!S_ISDIR(status.st_mode) && is_same_file(destination, &status)) {
        app_warn("'%s' and '%s' are the same file", source, destination);
        return false;
    }
    if (options->verbose)
        printf("'%s' -> '%s'\n", source, destination);
    if (S_ISLNK(status.st_mode))
        return copy_link(source, destination, options);
    bool good = S_ISDIR(status.st_mode) ? copy_directory(source, destination, &status, copy)
                                        : copy_file(source, destination, &status, options);
    return good && options->preserve ? preserve(destination, &status) : good;
}

bool tree_copy(const char *source, const char *destination, const struct tree_options *options)
{
    struct copy copy = {.options = options};
    return copy_entry(source, destination, &copy);
}

static bool visit_remove(const char *path, void *options)
{
    return tree_remove(path, options);
}

bool tree_remove(const char *path, const struct tree_options *options)
{
    struct stat status;
    if (lstat(path, &status) < 0)
        return (options->force && errno == ENOENT) || fail("remove", path);
    bool directory = S_ISDIR(status.st_mode);
    if (directory && !options->recursive) {
        app_warn("'%s' is a directory (-r removes it)", path);
        return false;
    }
    bool good = !directory || path_visit_entries(path, visit_remove, (void *)options);
    if (good && (directory ? rmdir : unlink)(path) < 0)
        good = fail("remove", path);
    if (good && options->verbose)
        printf("removed '%s'\n", path);
    return good;
}
