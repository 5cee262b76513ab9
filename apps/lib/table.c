/* Tables that the system gives as text (/proc/tasks, /proc/memory): the first line names the columns, each further
 * line is a row, fields are separated by white space. Numbers are aligned right, words left. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/lib/app.h"

#define COLUMNS_MAX 16

struct column {
    int width;
    bool words; /* has a field that is not a number */
};

/* Returns the whole file as a string that the caller owns, or NULL with errno set. */
static char *read_text(const char *name)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    size_t length = 0, capacity = 0;
    char *text = NULL;
    ssize_t got;
    do {
        capacity += 4096;
        text = app_realloc(text, capacity + 1);
        got = io_read_full(fd, text + length, capacity - length);
        length += got > 0 ? got : 0;
    } while (got > 0);
    int error = errno;
    close(fd);
    text[length] = '\0';
    if (got == 0)
        return text;
    free(text);
    errno = error;
    return NULL;
}

/* Finds the next field of a line: returns its start and sets *length, or returns NULL at the end of the line. The last
 * column takes the rest of the line. */
static const char *next_field(const char **at, int column, int *length)
{
    const char *start = *at + strspn(*at, " \t");
    *length = strcspn(start, column == COLUMNS_MAX - 1 ? "\n" : " \t\n");
    *at = start + *length;
    return *length ? start : NULL;
}

static const char *next_line(const char *at)
{
    at += strcspn(at, "\n");
    return *at ? at + 1 : at;
}

static void measure_columns(const char *text, struct column *columns)
{
    for (const char *line = text; *line; line = next_line(line)) {
        const char *at = line, *field;
        int length;
        for (int c = 0; c < COLUMNS_MAX && (field = next_field(&at, c, &length)); c++) {
            if (length > columns[c].width)
                columns[c].width = length;
            columns[c].words |= line != text && !isdigit((unsigned char)*field);
        }
    }
}

static void print_line(const char *line, const struct column *columns)
{
    const char *at = line, *field;
    int length, gap = 0;
    for (int c = 0; c < COLUMNS_MAX && (field = next_field(&at, c, &length)); c++) {
        int padding = columns[c].width - length;
        if (c > 0)
            printf("%*s", gap + 2, "");
        printf("%*s%.*s", columns[c].words ? 0 : padding, "", length, field);
        gap = columns[c].words ? padding : 0; /* printed only if another field follows */
    }
    putchar('\n');
}

int table_print(const char *name)
{
    char *text = read_text(name);
    if (!text) {
        app_warn_errno("cannot read %s", name);
        return EXIT_FAILURE;
    }
    struct column columns[COLUMNS_MAX] = {0};
    measure_columns(text, columns);
    for (const char *line = text; *line; line = next_line(line))
        print_line(line, columns);
    free(text);
    return EXIT_SUCCESS;
}
