/* dirname: paths without their last component. */
#include <libgen.h>
#include <stdio.h>

#include "apps/lib/app.h"

int main(int argc, char **argv)
{
    app_start(argv[0]);
    if (argc < 2)
        app_usage("dirname PATH...");
    for (char **path = argv + 1; *path; path++)
        puts(dirname(*path));
    return app_finish(0);
}
