/* hexdump: bytes as numbers; with -C also as text. All operands are one stream, as they are for cat. */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apps/lib/app.h"

static const char synopsis[] = "hexdump [-Cv] [-n LENGTH] [-s SKIP] [FILE]...";

#define LINE_BYTES 16

static bool canonical, verbose;
static long long limit = LLONG_MAX, skip;

/* The line being filled, and the one before it: a line that repeats is printed as one star. */
static struct {
    unsigned char bytes[LINE_BYTES], previous[LINE_BYTES];
    size_t filled;
    long long offset; /* of the line in the input */
    bool any, starred;
} line;

/*
 * 00000000  54 65 73 73 65 72 61 0a                           |Tessera.|
 */
static void print_canonical(void)
{
    printf("%08llx ", line.offset);
    for (size_t i = 0; i < LINE_BYTES; i++) {
        const char *gap = i % 8 == 0 ? "  " : " ";
        if (i < line.filled)
            printf("%s%02x", gap + (i == 0), line.bytes[i]);
        else
            printf("%s  ", gap + (i == 0));
    }
    printf("  |");
    for (size_t i = 0; i < line.filled; i++)
        putchar(isprint(line.bytes[i]) ? line.bytes[i] : '.');
    printf("|\n");
}

/* 16-bit little-endian words, as hexdump prints without options. */
static void print_words(void)
{
    printf("%07llx", line.offset);
    for (size_t i = 0; i < line.filled; i += 2)
        printf(" %02x%02x", i + 1 < line.filled ? line.bytes[i + 1] : 0, line.bytes[i]);
    printf("%*s\n", (int)(LINE_BYTES - line.filled) / 2 * 5, "");
}

static void end_line(void)
{
    bool repeats = line.any && line.filled == LINE_BYTES && memcmp(line.bytes, line.previous, LINE_BYTES) == 0;
    if (repeats && !verbose) {
        if (!line.starred)
            puts("*");
        line.starred = true;
    } else {
        (canonical ? print_canonical : print_words)();
        line.starred = false;
    }
    memcpy(line.previous, line.bytes, LINE_BYTES);
    line.any = true;
    line.offset += line.filled;
    line.filled = 0;
}

static void dump_piece(const unsigned char *piece, size_t length)
{
    while (length > 0 && limit > 0) {
        size_t part = LINE_BYTES - line.filled;
        part = part < length ? part : length;
        part = (long long)part < limit ? part : (size_t)limit;
        memcpy(line.bytes + line.filled, piece, part);
        line.filled += part;
        limit -= part;
        piece += part;
        length -= part;
        if (line.filled == LINE_BYTES)
            end_line();
    }
}

static bool dump_file(int fd, const char *name)
{
    static unsigned char piece[APP_PIECE];
    ssize_t got = 0;
    while (limit > 0 && (got = io_read(fd, piece, sizeof(piece))) > 0) {
        size_t skipped = skip < got ? (size_t)skip : (size_t)got;
        skip -= skipped;
        dump_piece(piece + skipped, got - skipped);
    }
    if (got < 0)
        app_warn_errno("%s", name);
    return got >= 0;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    for (int letter; (letter = getopt(argc, argv, "Cvn:s:")) != -1;) {
        if (letter == '?')
            app_usage(synopsis);
        canonical |= letter == 'C';
        verbose |= letter == 'v';
        if ((letter == 'n' || letter == 's') && !app_parse_number(optarg, 0, LLONG_MAX, letter == 'n' ? &limit : &skip))
            app_die("bad number '%s'", optarg);
    }
    line.offset = skip;
    int status = io_visit_files(argv + optind, dump_file);
    if (line.filled)
        end_line();
    if (line.any)
        printf(canonical ? "%08llx\n" : "%07llx\n", line.offset);
    return app_finish(status);
}
