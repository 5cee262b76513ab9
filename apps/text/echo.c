/* echo: prints its operands. */
#include "apps/lib/app.h"

int main(int argc, char **argv)
{
    app_start(argv[0]);
    return app_finish(echo_command(argv));
}
