/* cmp: compares two files byte by byte; status 0 equal, 1 different, 2 trouble. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apps/lib/app.h"

enum { SAME, DIFFERENT, TROUBLE };

static bool silent;

static int report_end(const char *name, unsigned long long offset)
{
    if (!silent)
        app_warn("EOF on %s after byte %llu", name, offset);
    return DIFFERENT;
}

static int compare(const int fd[2], char *const name[2])
{
    static char piece[2][APP_PIECE];
    unsigned long long offset = 0, line = 1;
    for (;;) {
        ssize_t got[2];
        for (int i = 0; i < 2; i++) {
            got[i] = io_read_full(fd[i], piece[i], APP_PIECE);
            if (got[i] < 0) {
                app_warn_errno("%s", name[i]);
                return TROUBLE;
            }
        }
        ssize_t common = got[0] < got[1] ? got[0] : got[1], at = 0;
        for (; at < common && piece[0][at] == piece[1][at]; at++)
            line += piece[0][at] == '\n';
        offset += at;
        if (at < common) {
            if (!silent)
                printf("%s %s differ: byte %llu, line %llu\n", name[0], name[1], offset + 1, line);
            return DIFFERENT;
        }
        if (got[0] != got[1])
            return report_end(name[got[0] > got[1]], offset);
        if (common == 0)
            return SAME;
    }
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    for (int letter; (letter = getopt(argc, argv, "s")) != -1; silent = true) {
        if (letter == '?')
            optind = argc;
    }
    if (argc - optind != 2) {
        fprintf(stderr, "usage: cmp [-s] FILE FILE\n");
        return TROUBLE;
    }
    int fd[2];
    for (int i = 0; i < 2; i++) {
        const char *name = argv[optind + i];
        fd[i] = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
        if (fd[i] < 0) {
            app_warn_errno("%s", name);
            return TROUBLE;
        }
    }
    return app_finish(compare(fd, argv + optind));
}
