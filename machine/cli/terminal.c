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

/* Removes escape sequences: Ctrl-A Ctrl-A is Ctrl-A, Ctrl-A x quits. */
static enum terminal_input filter(uint8_t *bytes, size_t *count)
{
    size_t kept = 0;

    for (size_t i = 0; i < *count; i++) {
        if (escaped && bytes[i] == 'x')
            return TERMINAL_QUIT;
        if (!escaped && bytes[i] == ESCAPE) {
            escaped = true;
            continue;
        }
        escaped = false;
        bytes[kept++] = bytes[i];
    }
    *count = kept;
    return kept ? TERMINAL_BYTES : TERMINAL_NOTHING;
}

enum terminal_input terminal_get(uint8_t *bytes, size_t room, size_t *count)
{
    *count = 0;
    if (at_end)
        return TERMINAL_END;
    if (room == 0 || !is_ready(0))
        return TERMINAL_NOTHING;
    ssize_t n = read(STDIN_FILENO, bytes, room);
    if (n <= 0) {
        at_end = true;
        return TERMINAL_END;
    }
    *count = (size_t)n;
    return raw ? filter(bytes, count) : TERMINAL_BYTES;
}

void terminal_wait(uint64_t microseconds)
{
    terminal_flush();
    if (at_end)
        usleep((useconds_t)(microseconds < 1000000 ? microseconds : 1000000));
    else
        is_ready((int)(microseconds / 1000 < 100 ? microseconds / 1000 : 100));
}
