/*
 * ioctl: terminals. Attributes are those that the terminal server has (proto/tty.idl); what it does not have is shown
 * as a terminal usually has it and may be set without effect.
 */
#include <sys/ioctl.h>
#include <termios.h>

#include "lib/posix/file.h"
#include "lib/posix/linux.h"
#include "proto/tty.h"

struct attributes {
    u32 flags, rows, columns, vmin, vtime;
};

/* Servers of other files answer NOSYS. */
static err_t get_attributes(cap_t gate, struct attributes *a)
{
    err_t error = tty_get_attr(gate, &a->flags, &a->rows, &a->columns, &a->vmin, &a->vtime);
    return error == E_NOSYS ? E_NOTTY : error;
}

/* musl's bits for the server's. */
static const struct {
    u32 server;
    size_t field; /* of struct termios */
    tcflag_t bits;
} flag_map[] = {
    {TTY_ECHO, offsetof(struct termios, c_lflag), ECHO | ECHOE | ECHOK},
    {TTY_CANON, offsetof(struct termios, c_lflag), ICANON},
    {TTY_ISIG, offsetof(struct termios, c_lflag), ISIG},
    {TTY_OPOST, offsetof(struct termios, c_oflag), OPOST | ONLCR},
    {TTY_ICRNL, offsetof(struct termios, c_iflag), ICRNL},
};
#define FLAGS (sizeof flag_map / sizeof flag_map[0])

static tcflag_t *flag_field(struct termios *t, size_t i)
{
    return (tcflag_t *)((char *)t + flag_map[i].field);
}

static long get_termios(cap_t gate, struct termios *out)
{
    static const cc_t characters[] = {
        [VINTR] = 3, [VQUIT] = 28, [VERASE] = 127, [VKILL] = 21, [VEOF] = 4, [VSUSP] = 26, [VWERASE] = 23,
    };
    struct attributes a;
    err_t error = get_attributes(gate, &a);
    if (error)
        return linux_error(error);
    out->c_iflag = out->c_oflag = out->c_lflag = 0;
    out->c_cflag = CS8 | CREAD | B115200;
    out->c_line = 0;
    for (size_t i = 0; i < FLAGS; i++)
        if (a.flags & flag_map[i].server)
            *flag_field(out, i) |= flag_map[i].bits;
    for (size_t i = 0; i < sizeof characters; i++)
        out->c_cc[i] = characters[i];
    out->c_cc[VMIN] = (cc_t)a.vmin;
    out->c_cc[VTIME] = (cc_t)a.vtime;
    return 0;
}

static long set_termios(cap_t gate, struct termios *in, bool drain)
{
    u32 flags = 0;
    for (size_t i = 0; i < FLAGS; i++) {
        tcflag_t first = flag_map[i].bits & -flag_map[i].bits; /* the flag itself stands lowest */
        if (*flag_field(in, i) & first)
            flags |= flag_map[i].server;
    }
    err_t error = tty_set_attr(gate, flags, in->c_cc[VMIN], in->c_cc[VTIME], drain);
    return linux_error(error == E_NOSYS ? E_NOTTY : error);
}

static long get_size(cap_t gate, struct winsize *out)
{
    struct attributes a;
    err_t error = get_attributes(gate, &a);
    if (!error)
        *out = (struct winsize){.ws_row = (u16)a.rows, .ws_col = (u16)a.columns};
    return linux_error(error);
}

static long set_size(cap_t gate, const struct winsize *in)
{
    err_t error = tty_set_size(gate, in->ws_row, in->ws_col);
    return linux_error(error == E_NOSYS ? E_NOTTY : error);
}

static long get_group(cap_t gate, int *out)
{
    u32 group;
    err_t error = tty_get_group(gate, &group);
    if (!error)
        *out = (int)group;
    return linux_error(error == E_NOSYS ? E_NOTTY : error);
}

static long set_group(cap_t gate, int group)
{
    err_t error = tty_set_group(gate, (u32)group);
    return linux_error(error == E_NOSYS ? E_NOTTY : error);
}

/* How many bytes can be read without waiting, as far as this side knows. */
static long count_input(struct file *file, int *out)
{
    *out = (int)(file->in.length - file->in.used);
    return 0;
}

static long control_session(struct file *file, u32 request, long argument)
{
    cap_t gate = file->gate;
    switch (request) {
    case TCGETS:
        return get_termios(gate, (struct termios *)argument);
    case TCSETS:
        return set_termios(gate, (struct termios *)argument, false);
    case TCSETSW:
    case TCSETSF:
        return set_termios(gate, (struct termios *)argument, true);
    case TIOCGWINSZ:
        return get_size(gate, (struct winsize *)argument);
    case TIOCSWINSZ:
        return set_size(gate, (const struct winsize *)argument);
    case TIOCGPGRP:
        return get_group(gate, (int *)argument);
    case TIOCSPGRP:
        return set_group(gate, *(int *)argument);
    case TIOCSCTTY:
        return 0;
    case TCSBRK:
    case TCXONC:
    case TCFLSH:
        return 0;
    case FIONREAD:
        return count_input(file, (int *)argument);
    default:
        return -E_NOTTY;
    }
}

/* A file that is known to be in the file system, or a pipe, is not asked. */
static bool may_be_terminal(const struct file *file)
{
    return file->gate && !(file->kind & (FILE_FLAG_SEEKABLE | FILE_FLAG_PIPE));
}

long linux_ioctl(long fd, long request, long argument, long d, long e, long f)
{
    struct file *file = descriptor_get(fd);
    if (!file)
        return -E_BADF;
    long result = may_be_terminal(file) ? control_session(file, (u32)request, argument) : -E_NOTTY;
    file_put(file);
    return result;
}
