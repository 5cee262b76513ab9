/* uname: names the system and the machine. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "apps/lib/app.h"

int main(int argc, char **argv)
{
    app_start(argv[0]);
    static const char letters[] = "snrvm";
    struct utsname names;
    if (uname(&names) < 0)
        app_die_errno("cannot tell the system's name");
    const char *value[] = {names.sysname, names.nodename, names.release, names.version, names.machine};

    bool show[sizeof(letters)] = {false}, any = false;
    for (int letter; (letter = getopt(argc, argv, "asnrvm")) != -1; any = true) {
        if (letter == '?')
            app_usage("uname [-asnrvm]");
        if (letter == 'a')
            memset(show, true, sizeof(show));
        else
            show[strchr(letters, letter) - letters] = true;
    }
    show[0] |= !any;
    const char *gap = "";
    for (size_t i = 0; letters[i]; i++) {
        if (show[i])
            gap = (printf("%s%s", gap, value[i]), " ");
    }
    putchar('\n');
    return app_finish(0);
}
