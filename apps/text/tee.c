/* tee: copies stdin to stdout and to files. */
#include <fcntl.h>
#include <unistd.h>

#include "apps/lib/app.h"

struct output {
    const char *name;
    int fd; /* -1: failed before, and said so */
};

static bool output_write(struct output *output, const char *piece, size_t length)
{
    if (output->fd < 0)
        return false;
    if (io_write_full(output->fd, piece, length))
        return true;
    app_warn_errno("%s", output->name);
    output->fd = -1;
    return false;
}

static bool copy_to_all(struct output *outputs, int count)
{
    static char piece[APP_PIECE];
    bool good = true;
    ssize_t got;
    while ((got = io_read(STDIN_FILENO, piece, sizeof(piece))) > 0) {
        for (int i = 0; i < count; i++)
            good = output_write(&outputs[i], piece, got) && good;
    }
    if (got < 0)
        app_warn_errno("standard input");
    return good && got == 0;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    int mode = O_TRUNC;
    for (int letter; (letter = getopt(argc, argv, "a")) != -1; mode = O_APPEND) {
        if (letter == '?')
            app_usage("tee [-a] [FILE]...");
    }
    int count = argc - optind + 1;
    struct output *outputs = app_alloc(count * sizeof(*outputs));
    outputs[0] = (struct output){"standard output", STDOUT_FILENO};
    for (int i = 1; i < count; i++) {
        const char *name = argv[optind + i - 1];
        outputs[i] = (struct output){name, open(name, O_WRONLY | O_CREAT | O_CLOEXEC | mode, 0666)};
        if (outputs[i].fd < 0)
            app_warn_errno("%s", name);
    }
    return app_finish(copy_to_all(outputs, count) ? 0 : 1);
}
