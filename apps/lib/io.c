/* Reads and writes that finish what they begin. */
#include "apps/lib/app.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

ssize_t io_read(int fd, void *buffer, size_t size)
{
    ssize_t got;
    do
        got = read(fd, buffer, size);
    while (got < 0 && errno == EINTR);
    return got;
}

ssize_t io_read_full(int fd, void *buffer, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = io_read(fd, (char *)buffer + done, size - done);
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += got;
    }
    return done;
}

bool io_write_full(int fd, const void *buffer, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t put = write(fd, (const char *)buffer + done, size - done);
        if (put < 0 && errno != EINTR)
            return false;
        if (put > 0)
            done += put;
    }
    return true;
}

bool io_copy(int from, const char *from_name, int to, const char *to_name)
{
    static char piece[APP_PIECE];
    for (;;) {
        ssize_t got = io_read(from, piece, sizeof(piece));
        if (got == 0)
            return true;
        if (got < 0) {
            app_warn_errno("%s", from_name);
            return false;
        }
        if (!io_write_full(to, piece, got)) {
            app_warn_errno("%s", to_name);
            return false;
        }
    }
}

static bool visit_file(const char *name, bool (*visit)(int fd, const char *name))
{
    if (strcmp(name, "-") == 0)
        return visit(STDIN_FILENO, "standard input");
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        app_warn_errno("%s", name);
        return false;
    }
    bool good = visit(fd, name);
    close(fd);
    return good;
}

int io_visit_files(char **operands, bool (*visit)(int fd, const char *name))
{
    if (!*operands)
        return visit(STDIN_FILENO, "standard input") ? 0 : 1;
    bool good = true;
    for (; *operands; operands++)
        good = visit_file(*operands, visit) && good;
    return good ? 0 : 1;
}
