/* Where command lines come from. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "apps/sh/sh.h"

#define BUFFER_SIZE  4096
#define FAILURES_MAX 5

static char *line_of_string(struct input *input)
{
    size_t length = strcspn(input->text, "\n");
    length += input->text[length] == '\n';
    char *line = length ? scratch_copy(input->text, length) : NULL;
    input->text += length;
    return line;
}

/* Makes sure that there are bytes in the buffer; false at the end, or after a message. */
static bool fill(struct input *input)
{
    if (input->taken < input->filled)
        return true;
    if (!input->buffer)
        input->buffer = app_alloc(BUFFER_SIZE);
    ssize_t got = io_read(input->fd, input->buffer, input->shared ? 1 : BUFFER_SIZE);
    if (got < 0)
        app_warn_errno("%s", input->name ? input->name : "standard input");
    input->taken = 0;
    input->filled = got > 0 ? got : 0;
    return got > 0;
}

static char *line_of_file(struct input *input)
{
    struct text line = {0};
    while (fill(input)) {
        char byte = input->buffer[input->taken++];
        if (byte)
            text_add(&line, byte);
        if (byte == '\n')
            break;
    }
    return line.length ? text_string(&line) : NULL;
}

static const char *prompt(bool more)
{
    const char *format = var_get(more ? "PS2" : "PS1");
    const char *text = format ? expand_in_quotes(format) : NULL;
    return text ? text : more ? "> " : "$ ";
}

/* The terminal may be gone for a while (its server died and is started again): try again before giving up. */
static char *line_of_terminal(bool more)
{
    char *line;
    for (int failures = 0; failures < FAILURES_MAX; failures++) {
        switch (edit_line(prompt(more), &line)) {
        case EDIT_LINE:
            if (*line)
                history_add(line);
            return scratch_format("%s\n", line);
        case EDIT_INTERRUPTED:
            shell.unwind = UNWIND_INTERRUPT;
            return NULL;
        case EDIT_END:
            return NULL;
        case EDIT_FAILED:
            app_warn_errno("cannot read from the terminal");
            nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        }
    }
    return NULL;
}

char *input_line(struct input *input, bool more)
{
    char *line = input->text ? line_of_string(input) : input->fd >= 0 ? line_of_file(input) : line_of_terminal(more);
    input->line += line != NULL;
    return line;
}

void input_close(struct input *input)
{
    if (!input->text && input->fd > STDERR_FILENO)
        close(input->fd);
    free(input->buffer);
}
