/* rmdir: removes empty directories. */
#include <unistd.h>

#include "apps/lib/app.h"

int main(int argc, char **argv)
{
    app_start(argv[0]);
    if (getopt(argc, argv, "") != -1 || optind == argc)
        app_usage("rmdir DIRECTORY...");
    int status = 0;
    for (char **path = argv + optind; *path; path++) {
        if (rmdir(*path) < 0) {
            app_warn_errno("cannot remove '%s'", *path);
            status = 1;
        }
    }
    return app_finish(status);
}
