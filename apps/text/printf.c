/* printf: prints its operands, by a format. */
#include "apps/lib/app.h"

int main(int argc, char **argv)
{
    app_start(argv[0]);
    return app_finish(printf_command(argv));
}
