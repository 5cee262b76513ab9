/* sort: lines in order. All of them are held in memory; the order is that of bytes, or of numbers with -n. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/lib/app.h"

static bool by_number, reverse, unique;

static char *text; /* all input; lines end with 0 once it is complete */
static size_t length, capacity;

static char **line;
static size_t lines;

/* ---- reading ---- */

static void make_room(size_t more)
{
    if (capacity - length >= more)
        return;
    capacity = 2 * capacity > length + more ? 2 * capacity : length + more;
    text = app_realloc(text, capacity);
}

static bool read_all(int fd, const char *name)
{
    ssize_t got;
    do {
        make_room(APP_PIECE + 1); /* one for the newline that the last line may lack */
        got = io_read(fd, text + length, APP_PIECE);
        if (got > 0)
            length += (size_t)got;
    } while (got > 0);
    if (length && text[length - 1] != '\n')
        text[length++] = '\n';
    if (got < 0)
        app_warn_errno("%s", name);
    return got == 0;
}

/* Lines with zero bytes in them end there, as they do for strings. */
static void split(void)
{
    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    line = app_alloc((lines + 1) * sizeof(*line));
    char *at = text;
    for (size_t i = 0; i < lines; i++) {
        line[i] = at;
        at = memchr(at, '\n', (size_t)(text + length - at));
        *at++ = 0;
    }
}

/* ---- order ---- */

static int compare_numbers(const char *a, const char *b)
{
    double x = strtod(a, NULL), y = strtod(b, NULL);
    return (x > y) - (x < y);
}

/* With the same key: by bytes, so that the result does not depend on the order of the input. */
static int compare(const void *left, const void *right)
{
    const char *a = *(char *const *)left, *b = *(char *const *)right;
    int order = by_number ? compare_numbers(a, b) : 0;
    if (!order && !(by_number && unique))
        order = strcmp(a, b);
    return reverse ? -order : order;
}

static void print_lines(void)
{
    for (size_t i = 0; i < lines; i++)
        if (!unique || !i || compare(&line[i - 1], &line[i]))
            puts(line[i]);
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    for (int letter; (letter = getopt(argc, argv, "nru")) != -1;) {
        if (letter == '?')
            app_usage("sort [-nru] [FILE]...");
        by_number |= letter == 'n';
        reverse |= letter == 'r';
        unique |= letter == 'u';
    }
    int status = io_visit_files(argv + optind, read_all);
    split();
    qsort(line, lines, sizeof(*line), compare);
    print_lines();
    return app_finish(status);
}
