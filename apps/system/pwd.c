/* pwd: prints the working directory. */
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "apps/lib/app.h"

int main(int argc, char **argv)
{
    app_start(argv[0]);
    char path[PATH_MAX];
    if (!getcwd(path, sizeof(path)))
        app_die_errno("cannot tell the working directory");
    puts(path);
    return app_finish(0);
}
