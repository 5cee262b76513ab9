/* cp: copies files and trees. */
#include <unistd.h>

#include "apps/lib/app.h"

static const char synopsis[] = "cp [-rfpv] SOURCE... TARGET";

static struct tree_options options;

static bool copy(const char *source, const char *destination)
{
    return tree_copy(source, destination, &options);
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    for (int letter; (letter = getopt(argc, argv, "arRfpv")) != -1;) {
        switch (letter) {
        case 'a':
            options.recursive = options.preserve = true;
            break;
        case 'r':
        case 'R':
            options.recursive = true;
            break;
        case 'f':
            options.force = true;
            break;
        case 'p':
            options.preserve = true;
            break;
        case 'v':
            options.verbose = true;
            break;
        default:
            app_usage(synopsis);
        }
    }
    if (argc - optind < 2)
        app_usage(synopsis);
    return app_finish(path_each_destination(argv + optind, argc - optind, copy));
}
