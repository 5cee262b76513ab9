/* free: user and kernel memory, by component, as the system reports them. */
#include "apps/lib/app.h"

int main(int argc, char **argv)
{
    app_start(argv[0]);
    return app_finish(table_print("/proc/memory"));
}
