/* kill: sends a signal to processes (PID), process groups (-PGID) or all there are (-1). */
#include "apps/lib/app.h"

int main(int argc, char **argv)
{
    app_start(argv[0]);
    return app_finish(kill_command(argv, NULL));
}
