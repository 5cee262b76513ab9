/* df: how full file systems are, by the files that lie on them. */
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "apps/lib/app.h"

static bool human; /* option -h */

/* Blocks of a file system's own size as KiB, without overflow on the way; with -h in the unit that fits. */
static void print_space(unsigned long long blocks, unsigned long long size)
{
    char text[16];
    app_format_size(blocks * size, text);
    if (human)
        printf("%8s ", text);
    else
        printf("%12llu ", size >= 1024 ? blocks * (size / 1024) : blocks / (1024 / size));
}

static bool show(const char *path)
{
    struct statvfs s;
    if (statvfs(path, &s) < 0) {
        app_warn_errno("%s", path);
        return false;
    }
    unsigned long long size = s.f_frsize ? s.f_frsize : 1;
    unsigned long long used = s.f_blocks - s.f_bfree, usable = used + s.f_bavail;
    unsigned percent = usable ? (unsigned)((used * 100 + usable - 1) / usable) : 0; /* rounded up: 100 means full */
    print_space(s.f_blocks, size);
    print_space(used, size);
    print_space(s.f_bavail, size);
    printf("%4u%% %10llu  %s\n", percent, (unsigned long long)s.f_ffree, path);
    return true;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    for (int letter; (letter = getopt(argc, argv, "h")) != -1; human = true) {
        if (letter == '?')
            app_usage("df [-h] [FILE]...");
    }
    printf(human ? "%8s %8s %8s" : "%12s %12s %12s", human ? "SIZE" : "SIZE-KB", human ? "USED" : "USED-KB",
           human ? "FREE" : "FREE-KB");
    printf(" %5s %10s  %s\n", "USE", "INODES", "OF");
    bool good = optind < argc || show("/");
    for (char **path = argv + optind; *path; path++)
        good = show(*path) && good;
    return app_finish(good ? 0 : 1);
}
