/* ln: makes hard and, with -s, symbolic links. */
#include <unistd.h>

#include "apps/lib/app.h"

static const char synopsis[] = "ln [-sf] TARGET... LINK";

static bool symbolic, force;

static bool make_link(const char *target, const char *name)
{
    if (force)
        unlink(name);
    if ((symbolic ? symlink : link)(target, name) == 0)
        return true;
    app_warn_errno("cannot create link '%s' to '%s'", name, target);
    return false;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    for (int letter; (letter = getopt(argc, argv, "sf")) != -1;) {
        if (letter == '?')
            app_usage(synopsis);
        symbolic |= letter == 's';
        force |= letter == 'f';
    }
    char *operands[] = {argv[optind], "."};
    if (argc - optind == 1)
        return app_finish(path_each_destination(operands, 2, make_link));
    if (optind == argc)
        app_usage(synopsis);
    return app_finish(path_each_destination(argv + optind, argc - optind, make_link));
}
