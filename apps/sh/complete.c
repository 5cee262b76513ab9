/* Completion of the word before the cursor, from builtins and PATH or from a directory. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "apps/sh/sh.h"

static const char word_ends[] = " \t;&|<>()";

static void add_candidate(struct completion *completion, size_t *capacity, char *candidate)
{
    if (completion->count == *capacity) {
        *capacity = *capacity ? 2 * *capacity : 32;
        char **grown = scratch_alloc(*capacity * sizeof(*grown));
        if (completion->count)
            memcpy(grown, completion->candidate, completion->count * sizeof(*grown));
        completion->candidate = grown;
    }
    completion->candidate[completion->count++] = candidate;
}

/* The name as it has to be typed: with backslashes before what the shell would not take literally. */
static char *escaped(const char *prefix, const char *name, const char *suffix)
{
    struct text text = {0};
    text_add_string(&text, prefix);
    for (; *name; name++) {
        if (strchr(" \t'\"\\$`*?[]<>|&;()#~!", *name))
            text_add(&text, '\\');
        text_add(&text, *name);
    }
    text_add_string(&text, suffix);
    return text_string(&text);
}

/* Adds the entries of a directory that begin with start. */
static void add_files(struct completion *completion, size_t *capacity, const char *directory, const char *prefix,
                      const char *start, bool programs)
{
    DIR *entries = opendir(directory);
    const struct dirent *entry;
    while (entries && (entry = readdir(entries))) {
        const char *name = entry->d_name;
        if (strncmp(name, start, strlen(start)) != 0 || (name[0] == '.' && start[0] != '.'))
            continue;
        bool inner = path_is_directory(scratch_format("%s/%s", directory, name));
        if (!programs || !inner)
            add_candidate(completion, capacity, escaped(prefix, name, inner ? "/" : ""));
    }
    if (entries)
        closedir(entries);
}

static void add_commands(struct completion *completion, size_t *capacity, const char *start)
{
    for (const struct builtin *builtin = builtins; builtin->name; builtin++) {
        if (strncmp(builtin->name, start, strlen(start)) == 0)
            add_candidate(completion, capacity, escaped("", builtin->name, ""));
    }
    const char *path = var_get("PATH");
    while (path && *path) {
        size_t length = strcspn(path, ":");
        add_files(completion, capacity, scratch_copy(path, length), "", start, true);
        path += length + (path[length] == ':');
    }
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts, drops what is there twice, and finds what all have in common. */
static void finish(struct completion *completion)
{
    if (completion->count == 0)
        return;
    qsort(completion->candidate, completion->count, sizeof(*completion->candidate), compare);
    size_t kept = 1;
    for (size_t i = 1; i < completion->count; i++) {
        if (strcmp(completion->candidate[i], completion->candidate[kept - 1]) != 0)
            completion->candidate[kept++] = completion->candidate[i];
    }
    completion->count = kept;
    const char *first = completion->candidate[0], *last = completion->candidate[kept - 1];
    while (first[completion->common] && first[completion->common] == last[completion->common])
        completion->common++;
}

/* Where the word that ends at cursor begins. */
static size_t word_start(const char *line, size_t cursor)
{
    size_t start = cursor;
    while (start > 0 && (!strchr(word_ends, line[start - 1]) || (start > 1 && line[start - 2] == '\\')))
        start--;
    return start;
}

static bool is_command_position(const char *line, size_t start)
{
    while (start > 0 && strchr(" \t", line[start - 1]))
        start--;
    return start == 0 || strchr(";&|(", line[start - 1]);
}

struct completion complete_word(const char *line, size_t cursor)
{
    struct completion completion = {.start = word_start(line, cursor)};
    size_t capacity = 0, length = cursor - completion.start;
    const char *typed = scratch_copy(line + completion.start, length);
    const char *slash = strrchr(typed, '/');
    const char *prefix = scratch_copy(typed, slash ? slash + 1 - typed : 0);
    const char *start = expand_string(slash ? slash + 1 : typed), *directory = expand_string(prefix);
    if (!start || !directory)
        return completion;
    if (!slash && is_command_position(line, completion.start))
        add_commands(&completion, &capacity, start);
    else
        add_files(&completion, &capacity, slash ? directory : ".", prefix, start, false);
    finish(&completion);
    return completion;
}
