/* head: the first lines or bytes of files. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apps/lib/app.h"

static const char synopsis[] = "head [-n LINES | -c BYTES] [FILE]...";

static long long lines = 10, bytes = -1; /* bytes < 0: count lines */
static bool with_titles;

/* How much of the piece is wanted; takes it off *left, which counts bytes or lines. */
static size_t take(const char *piece, size_t length, long long *left)
{
    if (bytes >= 0) {
        size_t part = (long long)length < *left ? length : (size_t)*left;
        *left -= part;
        return part;
    }
    const char *at = piece, *end = piece + length;
    while (*left > 0 && at < end) {
        const char *newline = memchr(at, '\n', end - at);
        if (!newline)
            return length;
        at = newline + 1;
        --*left;
    }
    return at - piece;
}

static bool print_head(int fd, const char *name)
{
    static char piece[APP_PIECE];
    static const char *gap = "";
    if (with_titles)
        printf("%s==> %s <==\n", gap, name);
    gap = "\n";
    long long left = bytes >= 0 ? bytes : lines;
    while (left > 0) {
        ssize_t got = io_read(fd, piece, sizeof(piece));
        if (got < 0)
            app_warn_errno("%s", name);
        if (got <= 0)
            return got == 0;
        fwrite(piece, 1, take(piece, got, &left), stdout);
    }
    return true;
}

/* Lets "head -5" mean "head -n 5". */
static void accept_short_form(char **argv)
{
    if (argv[1] && argv[1][0] == '-' && app_parse_number(argv[1] + 1, 0, LLONG_MAX, &lines))
        argv[1] = "-q"; /* an option that changes nothing */
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    accept_short_form(argv);
    for (int letter; (letter = getopt(argc, argv, "n:c:q")) != -1;) {
        if (letter == '?')
            app_usage(synopsis);
        if (letter != 'q' && !app_parse_number(optarg, 0, LLONG_MAX, letter == 'n' ? &lines : &bytes))
            app_die("bad number '%s'", optarg);
    }
    with_titles = argc - optind > 1;
    return app_finish(io_visit_files(argv + optind, print_head));
}
