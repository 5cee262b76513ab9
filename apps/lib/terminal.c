/* What programs ask of a terminal beyond POSIX. */
#include <sys/ioctl.h>

#include "apps/lib/app.h"

int terminal_width(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}
