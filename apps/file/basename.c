/* basename: the last component of a path, without a suffix. */
#include <stdio.h>
#include <string.h>

#include "apps/lib/app.h"

int main(int argc, char **argv)
{
    app_start(argv[0]);
    if (argc != 2 && argc != 3)
        app_usage("basename PATH [SUFFIX]");
    char *base = path_base(argv[1]);
    size_t length = strlen(base), suffix = argc == 3 ? strlen(argv[2]) : 0;
    if (suffix < length && strcmp(base + length - suffix, argc == 3 ? argv[2] : "") == 0)
        base[length - suffix] = '\0';
    puts(base);
    return app_finish(0);
}
