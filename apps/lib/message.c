/* Messages and the end of a program. Output that cannot be written must never pass for success, so every program
 * leaves main through app_finish. */
#include "apps/lib/app.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *program_name = "app";

void app_start(const char *argv0)
{
    if (argv0 && *argv0) {
        const char *slash = strrchr(argv0, '/');
        program_name = slash ? slash + 1 : argv0;
    }
    static char buffer[APP_PIECE];
    if (!isatty(STDOUT_FILENO))
        setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
}

int app_finish(int status)
{
    bool lost = ferror(stdout);
    if (fflush(stdout) == 0 && !lost)
        return status;
    app_warn_errno("write error");
    return EXIT_FAILURE;
}

const char *app_name(void)
{
    return program_name;
}

static void print_message(const char *format, va_list arguments, int error)
{
    fflush(stdout);
    fprintf(stderr, "%s: ", program_name);
    vfprintf(stderr, format, arguments);
    if (error)
        fprintf(stderr, ": %s", strerror(error));
    fputc('\n', stderr);
}

/* The four variants differ in whether errno is described and whether the program goes on. */
#define PRINT_MESSAGE(format, error)                                                                                   \
    do {                                                                                                               \
        int error_now = (error);                                                                                       \
        va_list arguments;                                                                                             \
        va_start(arguments, format);                                                                                   \
        print_message(format, arguments, error_now);                                                                   \
        va_end(arguments);                                                                                             \
    } while (0)

void app_warn(const char *format, ...)
{
    PRINT_MESSAGE(format, 0);
}

void app_warn_errno(const char *format, ...)
{
    PRINT_MESSAGE(format, errno);
}

void app_die(const char *format, ...)
{
    PRINT_MESSAGE(format, 0);
    exit(EXIT_FAILURE);
}

void app_die_errno(const char *format, ...)
{
    PRINT_MESSAGE(format, errno);
    exit(EXIT_FAILURE);
}

void app_usage(const char *synopsis)
{
    fprintf(stderr, "usage: %s\n", synopsis);
    exit(EXIT_FAILURE);
}
