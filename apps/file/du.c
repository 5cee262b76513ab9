/* du: the space that files and trees take up on the disk. A file with several names counts each time it is met. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/lib/app.h"

struct total {
    unsigned long long blocks; /* of 512 bytes */
    bool summary, all, human;  /* options -s, -a, -h */
    bool operand;              /* the path is one that the user named */
};

static void print_total(const struct total *total, const char *path)
{
    char size[16];
    app_format_size(total->blocks * 512, size);
    if (total->human)
        printf("%s\t%s\n", size, path);
    else
        printf("%llu\t%s\n", (total->blocks + 1) / 2, path);
}

static bool add(const char *path, void *context)
{
    struct total *above = context, here = *above;
    struct stat s;
    if (lstat(path, &s) < 0) {
        app_warn_errno("%s", path);
        return false;
    }
    here.operand = false;
    here.blocks = (unsigned long long)s.st_blocks;
    bool good = !S_ISDIR(s.st_mode) || path_visit_entries(path, add, &here);
    if (above->operand || (!here.summary && (here.all || S_ISDIR(s.st_mode))))
        print_total(&here, path);
    above->blocks += here.blocks;
    return good;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    struct total total = {.operand = true};
    for (int letter; (letter = getopt(argc, argv, "sah")) != -1;) {
        if (letter == '?')
            app_usage("du [-s] [-a] [-h] [FILE]...");
        *(letter == 's' ? &total.summary : letter == 'a' ? &total.all : &total.human) = true;
    }
    if (optind == argc)
        return app_finish(add(".", &total) ? 0 : 1);
    bool good = true;
    for (char **path = argv + optind; *path; path++)
        good = add(*path, &total) && good;
    return app_finish(good ? 0 : 1);
}
