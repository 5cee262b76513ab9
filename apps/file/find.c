/* find: walks trees of files and prints the paths that all conditions hold for. */
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "apps/lib/app.h"

static const char synopsis[] =
    "find [PATH]... [-name PATTERN] [-type f|d|l|c|b|p|s] [-mindepth N] [-maxdepth N] [-empty] [-print]";

static const char *name_pattern;
static char type;
static bool only_empty;
static long long least_depth, most_depth = LLONG_MAX;

/* ---- conditions ---- */

static mode_t mode_of(char letter)
{
    switch (letter) {
    case 'f':
        return S_IFREG;
    case 'd':
        return S_IFDIR;
    case 'l':
        return S_IFLNK;
    case 'c':
        return S_IFCHR;
    case 'b':
        return S_IFBLK;
    case 'p':
        return S_IFIFO;
    case 's':
        return S_IFSOCK;
    default:
        return 0;
    }
}

static bool note_entry(const char *path, void *any)
{
    *(bool *)any = true;
    return true;
}

static bool is_empty(const char *path, const struct stat *status)
{
    bool any = false;
    if (S_ISDIR(status->st_mode))
        return path_visit_entries(path, note_entry, &any) && !any;
    return S_ISREG(status->st_mode) && status->st_size == 0;
}

static bool has_name(const char *path)
{
    char *base = path_base(path);
    bool match = fnmatch(name_pattern, base, 0) == 0;
    free(base);
    return match;
}

static bool is_wanted(const char *path, const struct stat *status)
{
    return (!type || (status->st_mode & S_IFMT) == mode_of(type)) && (!name_pattern || has_name(path)) &&
           (!only_empty || is_empty(path, status));
}

/* ---- the walk ---- */

static bool visit(const char *path, void *context)
{
    long long depth = *(const long long *)context, below = depth + 1;
    struct stat status;
    if (lstat(path, &status) < 0) {
        app_warn_errno("%s", path);
        return false;
    }
    if (depth >= least_depth && is_wanted(path, &status))
        puts(path);
    return !S_ISDIR(status.st_mode) || depth >= most_depth || path_visit_entries(path, visit, &below);
}

/* Reads the conditions; false if they are wrong. */
static bool parse_conditions(char **argument)
{
    for (; *argument; argument++) {
        const char *option = *argument, *value = argument[1];
        if (strcmp(option, "-print") == 0)
            continue;
        if (strcmp(option, "-empty") == 0) {
            only_empty = true;
            continue;
        }
        if (!value)
            return false;
        argument++;
        if (strcmp(option, "-name") == 0)
            name_pattern = value;
        else if (strcmp(option, "-type") == 0 && mode_of(*value) && !value[1])
            type = *value;
        else if (strcmp(option, "-maxdepth") == 0 && app_parse_number(value, 0, LLONG_MAX, &most_depth))
            continue;
        else if (strcmp(option, "-mindepth") != 0 || !app_parse_number(value, 0, LLONG_MAX, &least_depth))
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    char **first = argv + 1, **end = first;
    while (*end && **end != '-')
        end++;
    if (!parse_conditions(end))
        app_usage(synopsis);
    long long depth = 0;
    bool good = first != end || visit(".", &depth);
    for (char **path = first; path != end; path++)
        good = visit(*path, &depth) && good;
    return app_finish(good ? 0 : 1);
}
