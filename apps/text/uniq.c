/* uniq: of lines that follow each other and are the same, prints one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/lib/app.h"

static const char synopsis[] = "uniq [-cdui] [FILE]";

static bool option[128];

struct line {
    char *text;
    size_t capacity;
    ssize_t length; /* < 0: there is none */
};

static void read_line(struct line *line, FILE *file)
{
    line->length = getline(&line->text, &line->capacity, file);
    if (line->length > 0 && line->text[line->length - 1] == '\n')
        line->text[--line->length] = '\0';
}

static bool same(const struct line *a, const struct line *b)
{
    return a->length >= 0 && b->length >= 0 && (option['i'] ? strcasecmp : strcmp)(a->text, b->text) == 0;
}

static void print_line(const struct line *line, unsigned long count)
{
    if (count == 1 ? option['d'] : option['u'])
        return;
    if (option['c'])
        printf("%7lu ", count);
    puts(line->text);
}

static bool print_unique(int fd, const char *name)
{
    FILE *file = fdopen(dup(fd), "r");
    if (!file) {
        app_warn_errno("%s", name);
        return false;
    }
    struct line first = {0}, next = {0}, taken;
    for (read_line(&first, file); first.length >= 0; taken = first, first = next, next = taken) {
        unsigned long count = 1;
        for (read_line(&next, file); same(&first, &next); read_line(&next, file))
            count++;
        print_line(&first, count);
    }
    bool good = !ferror(file);
    if (!good)
        app_warn_errno("%s", name);
    fclose(file);
    free(first.text);
    free(next.text);
    return good;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    for (int letter; (letter = getopt(argc, argv, "cdui")) != -1;)
        option[letter] = true;
    if (option['?'] || argc - optind > 1)
        app_usage(synopsis);
    return app_finish(io_visit_files(argv + optind, print_unique));
}
