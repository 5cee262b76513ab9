/* poweroff: ends the machine with an exit status that the emulator hands on (0 if none is given). */
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "apps/lib/app.h"

/* reboot(2) asks for these two, so that it is never called by accident. */
#define REBOOT_MAGIC_1 0xfee1dead
#define REBOOT_MAGIC_2 672274793

/* The same program runs on the machine of whoever develops it, which should stay on. */
static bool is_tessera(void)
{
    struct utsname names;
    return uname(&names) == 0 && strcmp(names.sysname, "Tessera") == 0;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    long long status = 0;
    if (argc > 2)
        app_usage("poweroff [STATUS]");
    if (argc == 2 && !app_parse_number(argv[1], 0, 255, &status))
        app_die("bad status '%s': a number from 0 to 255 is needed", argv[1]);
    if (!is_tessera())
        app_die("this machine does not run Tessera; left on");
    sync();
    /* Linux gives the fourth argument a meaning for restarts only; Tessera takes the exit status from it. */
    syscall(SYS_reboot, REBOOT_MAGIC_1, REBOOT_MAGIC_2, RB_POWER_OFF, status);
    app_die_errno("cannot power off");
}
