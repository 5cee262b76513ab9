/* seq: counts from FIRST (1) to LAST in steps of STEP (1), all whole numbers. */
#include <limits.h>
#include <stdio.h>

#include "apps/lib/app.h"

static long long parse(const char *text)
{
    long long number;
    if (!app_parse_number(text, LLONG_MIN, LLONG_MAX, &number))
        app_die("bad number '%s'", text);
    return number;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    if (argc < 2 || argc > 4)
        app_usage("seq [FIRST [STEP]] LAST");
    long long first = argc > 2 ? parse(argv[1]) : 1;
    long long step = argc > 3 ? parse(argv[2]) : 1;
    long long last = parse(argv[argc - 1]);
    if (step == 0)
        app_die("the step must not be 0");
    for (long long i = first; step > 0 ? i <= last : i >= last;) {
        printf("%lld\n", i);
        if (__builtin_add_overflow(i, step, &i))
            break;
    }
    return app_finish(0);
}
