/* Standard input and output as a serial line; see terminal.h. */
#include "machine/cli/terminal.h"

#include <poll.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#define ESCAPE 1 /* Ctrl-A */

static struct termios saved;
static bool raw, at_end, escaped;
static FILE *copy; /* of what the guest says; NULL: none */

bool terminal_open(void)
{
    struct termios t;

    if (tcgetattr(STDIN_FILENO, &saved) != 0)
        return false;
    t = saved;
    cfmakeraw(&t);
    t.c_oflag |= OPOST; /* guests may end lines with LF alone */
    raw = tcsetattr(STDIN_FILENO, TCSANOW, &t) == 0;
    return true;
}

void terminal_close(void)
{
    terminal_flush();
    if (raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    raw = false;
}

bool terminal_copy(const char *path)
{
    copy = fopen(path, "wb");
    return copy != NULL;
}

void terminal_put(void *unused, uint8_t byte)
{
    putchar_unlocked(byte);
    if (copy)
        putc_unlocked(byte, copy);
    if (byte == '\n')
        terminal_flush();
}

void terminal_flush(void)
{
    fflush(stdout);
    if (copy)
        fflush(copy);
}

static bool is_ready(int timeout_ms)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&p, 1, timeout_ms) > 0;
}

/* What a key means: Ctrl-A Ctrl-A is Ctrl-A, Ctrl-A b a break, Ctrl-A x quits. */
static enum terminal_input meaning(uint8_t key)
{
    if (!escaped && key == ESCAPE) {
        escaped = true;
        return TERMINAL_NOTHING;
    }
    bool command = escaped;
    escaped = false;
    return command && key == 'x' ? TERMINAL_QUIT : command && key == 'b' ? TERMINAL_BREAK : TERMINAL_BYTES;
}

/* Key by key up to one that is a command; `due` is the command that ended the keys before it. */
static enum terminal_input get_keys(uint8_t *bytes, size_t room, size_t *count)
{
    static enum terminal_input due;
    enum terminal_input what = due;

    due = TERMINAL_NOTHING;
    while (what < TERMINAL_END && *count < room && is_ready(0)) {
        what = read(STDIN_FILENO, &bytes[*count], 1) == 1 ? meaning(bytes[*count]) : TERMINAL_END;
        *count += what == TERMINAL_BYTES;
    }
    if (!*count)
        return what;
    due = what >= TERMINAL_END ? what : TERMINAL_NOTHING;
    return TERMINAL_BYTES;
}

enum terminal_input terminal_get(uint8_t *bytes, size_t room, size_t *count)
{
    enum terminal_input what = TERMINAL_NOTHING;

    *count = 0;
    if (at_end)
        return TERMINAL_END;
    if (raw) {
        what = get_keys(bytes, room, count);
    } else if (room && is_ready(0)) {
        ssize_t n = read(STDIN_FILENO, bytes, room);
        *count = n > 0 ? (size_t)n : 0;
        what = n > 0 ? TERMINAL_BYTES : TERMINAL_END;
    }
    at_end = what == TERMINAL_END;
    return what;
}

void terminal_wait(uint64_t microseconds)
{
    terminal_flush();
    if (at_end)
        usleep((useconds_t)(microseconds < 1000000 ? microseconds : 1000000));
    else
        is_ready((int)(microseconds / 1000 < 100 ? microseconds / 1000 : 100));
}
