/* yes: prints a line until nobody reads it any more. */
#include <stdio.h>
#include <unistd.h>

#include "apps/lib/app.h"

int main(int argc, char **argv)
{
    app_start(argv[0]);
    const char *line = argc > 1 ? argv[1] : "y";
    while (!ferror(stdout))
        puts(line);
    return app_finish(1);
}
