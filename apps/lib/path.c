/* Paths and directories, as the programs that copy, move, link and remove files see them. */
#include "apps/lib/app.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char *path_join(const char *directory, const char *name)
{
    size_t length = strlen(directory);
    const char *slash = length && directory[length - 1] == '/' ? "" : "/";
    size_t size = length + strlen(slash) + strlen(name) + 1;
    char *path = app_alloc(size);
    snprintf(path, size, "%s%s%s", directory, slash, name);
    return path;
}

char *path_base(const char *path)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    if (start == end)
        start = 0;
    char *base = app_alloc(end - start + 1);
    memcpy(base, path + start, end - start);
    base[end - start] = '\0';
    return base;
}

bool path_is_directory(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

char *path_destination(const char *source, const char *target)
{
    if (!path_is_directory(target))
        return app_strdup(target);
    char *base = path_base(source);
    char *destination = path_join(target, base);
    free(base);
    return destination;
}

int path_each_destination(char **operands, int count, bool (*act)(const char *source, const char *destination))
{
    const char *target = operands[count - 1];
    if (count > 2 && !path_is_directory(target))
        app_die("%s: not a directory", target);
    bool good = true;
    for (int i = 0; i < count - 1; i++) {
        char *destination = path_destination(operands[i], target);
        good = act(operands[i], destination) && good;
        free(destination);
    }
    return good ? 0 : 1;
}

static int is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

bool path_visit_entries(const char *directory, bool (*visit)(const char *path, void *context), void *context)
{
    struct dirent **entries;
    int count = scandir(directory, &entries, is_entry, alphasort);
    if (count < 0) {
        app_warn_errno("%s", directory);
        return false;
    }
    bool good = true;
    for (int i = 0; i < count; i++) {
        char *path = path_join(directory, entries[i]->d_name);
        good = visit(path, context) && good;
        free(path);
        free(entries[i]);
    }
    free(entries);
    return good;
}
