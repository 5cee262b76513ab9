/* touch: sets the times of files to now, and makes those that do not exist. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/lib/app.h"

static bool touch_file(const char *path, bool create)
{
    if (utimensat(AT_FDCWD, path, NULL, 0) == 0)
        return true;
    if (errno == ENOENT && !create)
        return true;
    int fd = errno == ENOENT ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : -1;
    if (fd < 0) {
        app_warn_errno("cannot touch '%s'", path);
        return false;
    }
    close(fd);
    return true;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    bool create = true, good = true;
    for (int letter; (letter = getopt(argc, argv, "c")) != -1;) {
        if (letter == '?')
            app_usage("touch [-c] FILE...");
        create = false;
    }
    if (optind == argc)
        app_usage("touch [-c] FILE...");
    for (char **path = argv + optind; *path; path++)
        good = touch_file(*path, create) && good;
    return app_finish(good ? 0 : 1);
}
