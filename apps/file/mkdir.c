/* mkdir: makes directories and, with -p, their parents. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/lib/app.h"

static const char synopsis[] = "mkdir [-p] [-m MODE] DIRECTORY...";

static bool make_directory(const char *path, mode_t mode, bool may_exist)
{
    if (mkdir(path, mode) == 0 || (may_exist && errno == EEXIST && path_is_directory(path)))
        return true;
    app_warn_errno("cannot create directory '%s'", path);
    return false;
}

static bool make_parents(const char *path)
{
    char *parent = app_strdup(path);
    bool good = true;
    for (char *slash = parent + 1; good && *parent && (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        good = make_directory(parent, 0777, true);
        *slash = '/';
    }
    free(parent);
    return good;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    bool parents = false, good = true;
    mode_t mode = 0777;
    for (int letter; (letter = getopt(argc, argv, "pm:")) != -1;) {
        char *end = "";
        if (letter == 'm')
            mode = strtoul(optarg, &end, 8);
        if (letter == '?' || *end || mode > 07777)
            app_usage(synopsis);
        parents |= letter == 'p';
    }
    if (optind == argc)
        app_usage(synopsis);
    for (char **path = argv + optind; *path; path++)
        good = (!parents || make_parents(*path)) && make_directory(*path, mode, parents) && good;
    return app_finish(good ? 0 : 1);
}
