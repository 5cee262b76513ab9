/* tail: the last lines or bytes of files, or everything from a given line or byte on. Keeps only what may be printed:
 * a pipe of any length needs memory for its last lines alone. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/lib/app.h"

static const char synopsis[] = "tail [-n [+]LINES | -c [+]BYTES] [FILE]...";

static long long count = 10;
static bool in_bytes, from_start, with_titles;

/* The end of the input so far. */
struct kept {
    char *data;
    size_t length, capacity;
};

static void kept_append(struct kept *kept, const char *piece, size_t length)
{
    if (kept->length + length > kept->capacity) {
        kept->capacity = 2 * (kept->length + length);
        kept->data = app_realloc(kept->data, kept->capacity);
    }
    memcpy(kept->data + kept->length, piece, length);
    kept->length += length;
}

/* Where the wanted end begins, as an offset into what is kept. */
static size_t find_start(const struct kept *kept)
{
    if (in_bytes)
        return (long long)kept->length > count ? kept->length - count : 0;
    if (count == 0)
        return kept->length;
    size_t at = kept->length;
    if (at > 0 && kept->data[at - 1] == '\n')
        at--;
    for (long long left = count; at > 0; at--) {
        if (kept->data[at - 1] == '\n' && --left == 0)
            break;
    }
    return at;
}

static void kept_trim(struct kept *kept)
{
    size_t start = find_start(kept);
    memmove(kept->data, kept->data + start, kept->length - start);
    kept->length -= start;
}

static bool print_end(int fd, const char *name)
{
    static char piece[APP_PIECE];
    struct kept kept = {0};
    size_t trimmed = 0; /* length after the last trim: the next is due when it has doubled */
    ssize_t got;
    while ((got = io_read(fd, piece, sizeof(piece))) > 0) {
        kept_append(&kept, piece, got);
        if (kept.length > 2 * trimmed + APP_PIECE) {
            kept_trim(&kept);
            trimmed = kept.length;
        }
    }
    if (got < 0)
        app_warn_errno("%s", name);
    if (kept.length) {
        kept_trim(&kept);
        fwrite(kept.data, 1, kept.length, stdout);
    }
    free(kept.data);
    return got == 0;
}

/* Skips lines or bytes 1 .. count - 1, prints the rest. */
static bool print_from(int fd, const char *name)
{
    static char piece[APP_PIECE];
    long long skip = count > 0 ? count - 1 : 0;
    ssize_t got;
    while ((got = io_read(fd, piece, sizeof(piece))) > 0) {
        ssize_t at = 0;
        for (; skip > 0 && at < got; at++)
            skip -= in_bytes || piece[at] == '\n';
        fwrite(piece + at, 1, got - at, stdout);
    }
    if (got < 0)
        app_warn_errno("%s", name);
    return got == 0;
}

static bool print_tail(int fd, const char *name)
{
    static const char *gap = "";
    if (with_titles)
        printf("%s==> %s <==\n", gap, name);
    gap = "\n";
    return (from_start ? print_from : print_end)(fd, name);
}

static void set_count(const char *text)
{
    from_start = *text == '+';
    if (*text == '-')
        text++;
    if (!app_parse_number(text, 0, LLONG_MAX, &count))
        app_die("bad number '%s'", text);
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    if (argv[1] && argv[1][0] == '-' && app_parse_number(argv[1] + 1, 0, LLONG_MAX, &count))
        argv[1] = "-q"; /* "tail -5" means "tail -n 5" */
    for (int letter; (letter = getopt(argc, argv, "n:c:q")) != -1;) {
        if (letter == '?')
            app_usage(synopsis);
        if (letter != 'q')
            set_count(optarg);
        in_bytes |= letter == 'c';
    }
    with_titles = argc - optind > 1;
    return app_finish(io_visit_files(argv + optind, print_tail));
}
