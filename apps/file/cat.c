/* cat: files, or stdin, to stdout. */
#include <unistd.h>

#include "apps/lib/app.h"

static bool print_file(int fd, const char *name)
{
    return io_copy(fd, name, STDOUT_FILENO, "standard output");
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    if (getopt(argc, argv, "u") != -1 && optopt)
        app_usage("cat [FILE]...");
    return app_finish(io_visit_files(argv + optind, print_file));
}
