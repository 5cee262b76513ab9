/* clear: empties the terminal's screen (ECMA-48: cursor to the first place, erase the page). */
#include <stdio.h>

#include "apps/lib/app.h"

int main(int argc, char **argv)
{
    app_start(argv[0]);
    if (argc != 1)
        app_usage("clear");
    fputs("\033[H\033[2J", stdout);
    return app_finish(0);
}
