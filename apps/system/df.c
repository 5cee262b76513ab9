/* df: how full file systems are, by the files that lie on them. */
#include <stdio.h>
#include <sys/statvfs.h>

#include "apps/lib/app.h"

/* Blocks of a file system's own size as KiB, without overflow on the way. */
static unsigned long long kib(unsigned long long blocks, unsigned long long size)
{
    return size >= 1024 ? blocks * (size / 1024) : blocks / (1024 / size);
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
    printf("%12llu %12llu %12llu %4u%% %10llu  %s\n", kib(s.f_blocks, size), kib(used, size), kib(s.f_bavail, size),
           percent, (unsigned long long)s.f_ffree, path);
    return true;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    bool good = true;
    printf("%12s %12s %12s %5s %10s  %s\n", "SIZE-KB", "USED-KB", "FREE-KB", "USE", "INODES", "OF");
    if (argc == 1)
        good = show("/");
    for (char **path = argv + 1; *path; path++)
        good = show(*path) && good;
    return app_finish(good ? 0 : 1);
}
