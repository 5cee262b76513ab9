/* env: prints the environment, or runs a program in a changed one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/lib/app.h"

extern char **environ;

int main(int argc, char **argv)
{
    app_start(argv[0]);
    for (int letter; (letter = getopt(argc, argv, "+iu:")) != -1;) {
        if (letter == '?')
            app_usage("env [-i] [-u NAME]... [NAME=VALUE]... [PROGRAM [ARGUMENT]...]");
        if (letter == 'i')
            environ = (char *[]){NULL};
        else
            unsetenv(optarg);
    }
    for (; optind < argc && strchr(argv[optind], '='); optind++)
        putenv(argv[optind]);
    if (optind == argc) {
        for (char **variable = environ; *variable; variable++)
            puts(*variable);
        return app_finish(0);
    }
    execvp(argv[optind], argv + optind);
    app_warn_errno("%s", argv[optind]);
    return errno == ENOENT ? 127 : 126;
}
