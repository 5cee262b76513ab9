/* ls: lists files and directories. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>
#include <dirent.h>

#include "apps/lib/app.h"

static const char synopsis[] = "ls [-aAlhi1dFrtSR] [FILE]...";

/* Whether an option letter was given; getopt fills it. */
static bool option[128];

struct entry {
    char *name;
    struct stat status;
};

struct listing {
    struct entry *entry;
    size_t count, capacity;
};

/* ---- gathering ---- */

static bool listing_add(struct listing *listing, const char *name, const char *path, bool follow)
{
    if (listing->count == listing->capacity) {
        listing->capacity = listing->capacity ? 2 * listing->capacity : 32;
        listing->entry = app_realloc(listing->entry, listing->capacity * sizeof(*listing->entry));
    }
    struct entry *entry = &listing->entry[listing->count];
    if ((!follow || stat(path, &entry->status) < 0) && lstat(path, &entry->status) < 0) {
        app_warn_errno("%s", path);
        return false;
    }
    entry->name = app_strdup(name);
    listing->count++;
    return true;
}

static void listing_free(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        free(listing->entry[i].name);
    free(listing->entry);
}

static int compare_times(const struct timespec *a, const struct timespec *b)
{
    if (a->tv_sec != b->tv_sec)
        return a->tv_sec < b->tv_sec ? 1 : -1;
    return (a->tv_nsec < b->tv_nsec) - (a->tv_nsec > b->tv_nsec);
}

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = 0;
    if (option['t'])
        order = compare_times(&a->status.st_mtim, &b->status.st_mtim);
    else if (option['S'])
        order = (a->status.st_size < b->status.st_size) - (a->status.st_size > b->status.st_size);
    if (order == 0)
        order = strcmp(a->name, b->name);
    return option['r'] ? -order : order;
}

static bool is_hidden(const char *name)
{
    if (name[0] != '.' || option['a'])
        return false;
    return !option['A'] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool listing_read(struct listing *listing, const char *path)
{
    DIR *directory = opendir(path);
    if (!directory) {
        app_warn_errno("%s", path);
        return false;
    }
    bool good = true;
    const struct dirent *entry;
    while (errno = 0, (entry = readdir(directory))) {
        if (is_hidden(entry->d_name))
            continue;
        char *full = path_join(path, entry->d_name);
        good = listing_add(listing, entry->d_name, full, false) && good;
        free(full);
    }
    if (errno) {
        app_warn_errno("%s", path);
        good = false;
    }
    closedir(directory);
    return good;
}

/* ---- printing ---- */

static char type_letter(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return 'd';
    case S_IFLNK:
        return 'l';
    case S_IFCHR:
        return 'c';
    case S_IFBLK:
        return 'b';
    case S_IFIFO:
        return 'p';
    case S_IFSOCK:
        return 's';
    default:
        return '-';
    }
}

static const char *type_suffix(mode_t mode)
{
    if (!option['F'])
        return "";
    if (S_ISREG(mode))
        return mode & 0111 ? "*" : "";
    return S_ISDIR(mode) ? "/" : S_ISLNK(mode) ? "@" : S_ISFIFO(mode) ? "|" : S_ISSOCK(mode) ? "=" : "";
}

static void format_mode(mode_t mode, char text[11])
{
    static const char letters[] = "rwxrwxrwx";
    text[0] = type_letter(mode);
    for (int i = 0; i < 9; i++)
        text[i + 1] = mode & (0400 >> i) ? letters[i] : '-';
    if (mode & S_ISUID)
        text[3] = mode & S_IXUSR ? 's' : 'S';
    if (mode & S_ISGID)
        text[6] = mode & S_IXGRP ? 's' : 'S';
    if (mode & S_ISVTX)
        text[9] = mode & S_IXOTH ? 't' : 'T';
    text[10] = '\0';
}

static void format_size(const struct stat *status, char *text, size_t capacity)
{
    if (S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode))
        snprintf(text, capacity, "%u, %u", major(status->st_rdev), minor(status->st_rdev));
    else if (option['h'])
        app_format_size((unsigned long long)status->st_size, text);
    else
        snprintf(text, capacity, "%lld", (long long)status->st_size);
}

/* As ls has always done: the year instead of the hour for files of another half year. */
static void format_time(time_t when, char *text, size_t capacity)
{
    const time_t half_year = 182 * 24 * 3600;
    time_t now = time(NULL);
    struct tm broken;
    bool recent = when <= now + 3600 && when > now - half_year;
    if (!localtime_r(&when, &broken) || !strftime(text, capacity, recent ? "%b %e %H:%M" : "%b %e  %Y", &broken))
        snprintf(text, capacity, "%lld", (long long)when);
}

static void print_link_target(const char *path)
{
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof(target));
    if (length >= 0)
        printf(" -> %.*s", (int)length, target);
}

/* Widths of the columns of a long listing, in characters. */
struct widths {
    int inode, links, owner, group, size;
};

static void widen(int *width, const char *format, unsigned long long value)
{
    int length = snprintf(NULL, 0, format, value);
    if (length > *width)
        *width = length;
}

static struct widths measure_listing(const struct listing *listing)
{
    struct widths widths = {0};
    for (size_t i = 0; i < listing->count; i++) {
        const struct stat *status = &listing->entry[i].status;
        char size[32];
        format_size(status, size, sizeof(size));
        if ((int)strlen(size) > widths.size)
            widths.size = strlen(size);
        widen(&widths.inode, "%llu", status->st_ino);
        widen(&widths.links, "%llu", status->st_nlink);
        widen(&widths.owner, "%llu", status->st_uid);
        widen(&widths.group, "%llu", status->st_gid);
    }
    return widths;
}

static void print_long(const struct entry *entry, const char *directory, const struct widths *widths)
{
    const struct stat *status = &entry->status;
    char mode[11], size[32], when[32];
    format_mode(status->st_mode, mode);
    format_size(status, size, sizeof(size));
    format_time(status->st_mtime, when, sizeof(when));
    if (option['i'])
        printf("%*llu ", widths->inode, (unsigned long long)status->st_ino);
    printf("%s %*lu %*u %*u %*s %s %s%s", mode, widths->links, (unsigned long)status->st_nlink, widths->owner,
           status->st_uid, widths->group, status->st_gid, widths->size, size, when, entry->name,
           type_suffix(status->st_mode));
    if (S_ISLNK(status->st_mode)) {
        char *path = directory ? path_join(directory, entry->name) : app_strdup(entry->name);
        print_link_target(path);
        free(path);
    }
    putchar('\n');
}

static int print_short(const struct entry *entry, const struct widths *widths)
{
    int printed = option['i'] ? printf("%*llu ", widths->inode, (unsigned long long)entry->status.st_ino) : 0;
    return printed + printf("%s%s", entry->name, type_suffix(entry->status.st_mode));
}

/* Fills columns from top to bottom, as many as fit into the terminal's width. */
static void print_columns(const struct listing *listing, const struct widths *widths)
{
    size_t cell = 0;
    for (size_t i = 0; i < listing->count; i++) {
        size_t length = strlen(listing->entry[i].name);
        cell = length > cell ? length : cell;
    }
    cell += 2 + (option['F'] ? 1 : 0) + (option['i'] ? widths->inode + 1 : 0);
    size_t columns = terminal_width(STDOUT_FILENO) / cell;
    columns = columns ? columns : 1;
    size_t rows = (listing->count + columns - 1) / columns;
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = row; i < listing->count; i += rows) {
            int printed = print_short(&listing->entry[i], widths);
            if (i + rows < listing->count)
                printf("%*s", (int)cell - printed, "");
        }
        putchar('\n');
    }
}

/* Sorts and prints; directory is where the entries are, NULL if their names are paths. */
static void listing_print(struct listing *listing, const char *directory)
{
    if (listing->count > 1)
        qsort(listing->entry, listing->count, sizeof(*listing->entry), compare_entries);
    struct widths widths = measure_listing(listing);
    if (!option['l'] && !option['1'] && isatty(STDOUT_FILENO)) {
        print_columns(listing, &widths);
        return;
    }
    for (size_t i = 0; i < listing->count; i++) {
        if (option['l']) {
            print_long(&listing->entry[i], directory, &widths);
        } else {
            print_short(&listing->entry[i], &widths);
            putchar('\n');
        }
    }
}

/* ---- directories and operands ---- */

static bool list_directory(const char *path, bool with_title);

static bool list_subdirectories(const struct listing *listing, const char *path)
{
    bool good = true;
    for (size_t i = 0; i < listing->count; i++) {
        const struct entry *entry = &listing->entry[i];
        if (!S_ISDIR(entry->status.st_mode) || strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0)
            continue;
        char *full = path_join(path, entry->name);
        good = list_directory(full, true) && good;
        free(full);
    }
    return good;
}

static bool list_directory(const char *path, bool with_title)
{
    static bool first = true;
    if (with_title)
        printf("%s%s:\n", first ? "" : "\n", path);
    first = false;
    struct listing listing = {0};
    bool good = listing_read(&listing, path);
    listing_print(&listing, path);
    if (option['R'])
        good = list_subdirectories(&listing, path) && good;
    listing_free(&listing);
    return good;
}

static bool is_listed_inside(const struct entry *entry)
{
    return S_ISDIR(entry->status.st_mode) && !option['d'];
}

/* Files first, as one listing, then each directory. */
static bool list_operands(struct listing *operands)
{
    struct listing files = {0};
    size_t directories = 0;
    for (size_t i = 0; i < operands->count; i++) {
        struct entry *entry = &operands->entry[i];
        if (is_listed_inside(entry))
            directories++;
        else
            listing_add(&files, entry->name, entry->name, !option['l']);
    }
    listing_print(&files, NULL);
    if (files.count && directories)
        putchar('\n');
    bool good = true, with_title = operands->count > 1 || option['R'];
    for (size_t i = 0; i < operands->count; i++) {
        if (is_listed_inside(&operands->entry[i]))
            good = list_directory(operands->entry[i].name, with_title) && good;
    }
    listing_free(&files);
    return good;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    for (int letter; (letter = getopt(argc, argv, "aAlhi1dFrtSR")) != -1;) {
        if (letter == '?')
            app_usage(synopsis);
        option[letter] = true;
    }
    struct listing operands = {0};
    bool good = true;
    if (optind == argc)
        good = listing_add(&operands, ".", ".", true);
    for (int i = optind; i < argc; i++)
        good = listing_add(&operands, argv[i], argv[i], !option['l']) && good;
    if (operands.count > 1)
        qsort(operands.entry, operands.count, sizeof(*operands.entry), compare_entries);
    good = list_operands(&operands) && good;
    listing_free(&operands);
    return app_finish(good ? 0 : 1);
}
