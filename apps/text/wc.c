/* wc: counts lines, words and bytes. */
#include <ctype.h>
#include <stdio.h>
#include <unistd.h>

#include "apps/lib/app.h"

struct counts {
    unsigned long long lines, words, bytes;
};

static bool show_lines, show_words, show_bytes;
static struct counts total;
static char **operands;

static void print_counts(const struct counts *counts, const char *name)
{
    const char *gap = "";
    /* A single number stands alone, as scripts like it; several are aligned. */
    int width = show_lines + show_words + show_bytes == 1 && (!operands[0] || !operands[1]) ? 0 : 7;
    if (show_lines)
        gap = (printf("%*llu", width, counts->lines), " ");
    if (show_words)
        gap = (printf("%s%*llu", gap, width, counts->words), " ");
    if (show_bytes)
        printf("%s%*llu", gap, width, counts->bytes);
    printf("%s%s\n", name ? " " : "", name ? name : "");
}

static void count_piece(const char *piece, size_t length, bool *in_word, struct counts *counts)
{
    counts->bytes += length;
    for (size_t i = 0; i < length; i++) {
        bool space = isspace((unsigned char)piece[i]);
        counts->lines += piece[i] == '\n';
        counts->words += !space && !*in_word;
        *in_word = !space;
    }
}

static bool count_file(int fd, const char *name)
{
    static char piece[APP_PIECE];
    struct counts counts = {0};
    bool in_word = false;
    ssize_t got;
    while ((got = io_read(fd, piece, sizeof(piece))) > 0)
        count_piece(piece, got, &in_word, &counts);
    if (got < 0)
        app_warn_errno("%s", name);
    print_counts(&counts, operands[0] ? name : NULL);
    total.lines += counts.lines;
    total.words += counts.words;
    total.bytes += counts.bytes;
    return got == 0;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    for (int letter; (letter = getopt(argc, argv, "lwc")) != -1;) {
        if (letter == '?')
            app_usage("wc [-lwc] [FILE]...");
        show_lines |= letter == 'l';
        show_words |= letter == 'w';
        show_bytes |= letter == 'c';
    }
    if (!show_lines && !show_words && !show_bytes)
        show_lines = show_words = show_bytes = true;
    operands = argv + optind;
    int status = io_visit_files(operands, count_file);
    if (operands[0] && operands[1])
        print_counts(&total, "total");
    return app_finish(status);
}
