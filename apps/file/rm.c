/* rm: removes files and, with -r, directories with all in them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/lib/app.h"

static const char synopsis[] = "rm [-rfv] FILE...";

/* Removing these is never what was meant. */
static bool is_protected(const char *path)
{
    char *base = path_base(path);
    bool protected = strcmp(base, ".") == 0 || strcmp(base, "..") == 0 || strcmp(base, "/") == 0;
    free(base);
    return protected;
}

static bool remove_operand(const char *path, const struct tree_options *options)
{
    if (is_protected(path)) {
        app_warn("refusing to remove '%s'", path);
        return false;
    }
    return tree_remove(path, options);
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    struct tree_options options = {0};
    for (int letter; (letter = getopt(argc, argv, "rRfv")) != -1;) {
        if (letter == '?')
            app_usage(synopsis);
        options.recursive |= letter == 'r' || letter == 'R';
        options.force |= letter == 'f';
        options.verbose |= letter == 'v';
    }
    if (optind == argc && !options.force)
        app_usage(synopsis);
    bool good = true;
    for (char **path = argv + optind; *path; path++)
        good = remove_operand(*path, &options) && good;
    return app_finish(good ? 0 : 1);
}
