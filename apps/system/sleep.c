/* sleep: waits for the sum of its operands, in seconds with optional fraction. */
#include <errno.h>
#include <time.h>

#include "apps/lib/app.h"

int main(int argc, char **argv)
{
    app_start(argv[0]);
    if (argc < 2)
        app_usage("sleep SECONDS...");
    struct timespec duration;
    for (int i = 1; i < argc; i++) { /* check all before the first wait */
        if (!app_parse_seconds(argv[i], &duration))
            app_die("bad number of seconds '%s'", argv[i]);
    }
    for (int i = 1; i < argc; i++) {
        app_parse_seconds(argv[i], &duration);
        while (nanosleep(&duration, &duration) < 0) {
            if (errno != EINTR)
                app_die_errno("cannot sleep");
        }
    }
    return 0;
}
