/* cut: of each line, the bytes (-b, -c) or the fields (-f) that a list like 1,3-5,7- names. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/lib/app.h"

static const char synopsis[] = "cut -b LIST | -c LIST | -f LIST [-d CHARACTER] [-s] [FILE]...";

#define RANGES_MAX 64

static struct range {
    long long first, last; /* from 1 */
} ranges[RANGES_MAX];
static int range_count;

static bool by_fields, only_delimited;
static char delimiter = '\t';

/* ---- the list ---- */

/* N, N-M, N- or -M. */
static bool parse_range(char *text, struct range *range)
{
    char *dash = strchr(text, '-');
    *range = (struct range){1, LLONG_MAX};
    if (!dash)
        return app_parse_number(text, 1, LLONG_MAX, &range->first) && (range->last = range->first, true);
    *dash = '\0';
    bool open = !*text && !dash[1];
    return !open && (!*text || app_parse_number(text, 1, LLONG_MAX, &range->first)) &&
           (!dash[1] || app_parse_number(dash + 1, range->first, LLONG_MAX, &range->last));
}

static void parse_list(const char *list)
{
    char *copy = app_strdup(list), *rest = copy;
    for (char *piece; (piece = strsep(&rest, ","));) {
        if (range_count == RANGES_MAX)
            app_die("more than %d places", RANGES_MAX);
        if (!parse_range(piece, &ranges[range_count++]))
            app_die("bad list '%s': numbers from 1 and ranges like 2-4 are needed", list);
    }
    free(copy);
}

static bool is_wanted(long long place)
{
    for (int i = 0; i < range_count; i++)
        if (ranges[i].first <= place && place <= ranges[i].last)
            return true;
    return false;
}

/* ---- lines ---- */

static void print_bytes(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (is_wanted((long long)i + 1))
            putchar(line[i]);
}

static void print_fields(const char *line, size_t length)
{
    bool printed = false;
    long long place = 1;
    for (const char *at = line, *end = line + length; at <= end; place++) {
        const char *stop = memchr(at, delimiter, (size_t)(end - at));
        stop = stop ? stop : end;
        if (is_wanted(place)) {
            if (printed)
                putchar(delimiter);
            fwrite(at, 1, (size_t)(stop - at), stdout);
            printed = true;
        }
        at = stop + 1;
    }
}

static void print_line(const char *line, size_t length)
{
    bool whole = by_fields && !memchr(line, delimiter, length);
    if (whole && only_delimited)
        return;
    if (whole)
        fwrite(line, 1, length, stdout);
    else
        (by_fields ? print_fields : print_bytes)(line, length);
    putchar('\n');
}

static bool cut_file(int fd, const char *name)
{
    FILE *file = fdopen(dup(fd), "r");
    if (!file) {
        app_warn_errno("%s", name);
        return false;
    }
    char *line = NULL;
    size_t capacity = 0;
    for (ssize_t length; (length = getline(&line, &capacity, file)) >= 0;)
        print_line(line, (size_t)length - (line[length - 1] == '\n'));
    bool good = !ferror(file);
    if (!good)
        app_warn_errno("%s", name);
    fclose(file);
    free(line);
    return good;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    for (int letter; (letter = getopt(argc, argv, "b:c:f:d:s")) != -1;) {
        if (letter == '?' || (letter == 'd' && strlen(optarg) != 1))
            app_usage(synopsis);
        if (letter == 'd')
            delimiter = *optarg;
        else if (letter == 's')
            only_delimited = true;
        else
            parse_list(optarg);
        by_fields |= letter == 'f';
    }
    if (!range_count)
        app_usage(synopsis);
    return app_finish(io_visit_files(argv + optind, cut_file));
}
