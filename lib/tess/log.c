/* Log lines of native programs: "name: text" on the debug console. */
#include "lib/tess/log.h"

#include "lib/base/format.h"
#include "lib/base/string.h"
#include "lib/sys/object.h"
#include "lib/tess/env.h"
#include "lib/tess/program.h"

#define LINE_MAX       256
#define STATUS_ABORTED 6 /* wait status: died of SIGABRT */

static void log_args(const char *format, va_list args)
{
    char line[LINE_MAX];
    const char *name = env_start ? env_arg(0) : NULL;
    size_t length = format_buffer(line, sizeof line, "%s: ", name ? name : "?");
    length += format_buffer_args(line + length, sizeof line - length - 1, format, args);
    if (length > sizeof line - 2)
        length = sizeof line - 2;
    line[length++] = '\n';
    log_write(SLOT_LOG, line, length);
}

void log_printf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_args(format, args);
    va_end(args);
}

_Noreturn void log_panic(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_args(format, args);
    va_end(args);
    program_exit(STATUS_ABORTED);
}
