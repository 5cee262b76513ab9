/* mv: renames files and directories; between file systems, copies and then removes. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "apps/lib/app.h"

static const char synopsis[] = "mv [-fv] SOURCE... TARGET";

static bool verbose;

static bool move(const char *source, const char *destination)
{
    if (rename(source, destination) < 0) {
        if (errno != EXDEV) {
            app_warn_errno("cannot move '%s' to '%s'", source, destination);
            return false;
        }
        const struct tree_options whole = {.recursive = true, .force = true, .preserve = true};
        if (!tree_copy(source, destination, &whole) || !tree_remove(source, &whole))
            return false;
    }
    if (verbose)
        printf("'%s' -> '%s'\n", source, destination);
    return true;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    for (int letter; (letter = getopt(argc, argv, "fv")) != -1;) {
        if (letter == '?')
            app_usage(synopsis);
        verbose |= letter == 'v'; /* -f is how it works anyway */
    }
    if (argc - optind < 2)
        app_usage(synopsis);
    return app_finish(path_each_destination(argv + optind, argc - optind, move));
}
