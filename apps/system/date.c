/* date: prints the time, by a strftime format. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "apps/lib/app.h"

static const char synopsis[] = "date [-u] [-d @SECONDS] [+FORMAT]";

int main(int argc, char **argv)
{
    app_start(argv[0]);
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        app_die_errno("cannot tell the time");
    for (int letter; (letter = getopt(argc, argv, "ud:")) != -1;) {
        long long seconds;
        if (letter == '?')
            app_usage(synopsis);
        if (letter == 'u')
            setenv("TZ", "UTC0", 1);
        if (letter != 'd')
            continue;
        if (*optarg != '@' || !app_parse_number(optarg + 1, LLONG_MIN, LLONG_MAX, &seconds))
            app_die("bad time '%s': @SECONDS since 1970 is needed", optarg);
        now.tv_sec = seconds;
    }
    const char *format = "%a %b %e %H:%M:%S %Z %Y";
    if (optind < argc && *argv[optind] == '+')
        format = argv[optind++] + 1;
    if (optind < argc)
        app_usage(synopsis);

    struct tm broken;
    char text[1024];
    if (!localtime_r(&now.tv_sec, &broken))
        app_die_errno("cannot convert the time");
    if (strftime(text, sizeof(text), format, &broken) == 0 && *format)
        app_die("the result of '%s' is too long", format);
    puts(*format ? text : "");
    return app_finish(0);
}
