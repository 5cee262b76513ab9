/* Text on the debug console, and the end. */
#include "kernel/arch.h"
#include "kernel/debug.h"
#include "kernel/panic.h"
#include "lib/base/format.h"

static void put(void *context, const char *text, size_t length)
{
    while (length--)
        arch_console_put(*text++);
}

static void print(const char *format, va_list args)
{
    format_print(put, NULL, format, args);
}

void kernel_print(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print(format, args);
    va_end(args);
}

void kernel_panic(const char *format, ...)
{
    va_list args;
    kernel_print("\npanic: ");
    va_start(args, format);
    print(format, args);
    va_end(args);
    kernel_print("\n");
    debug_backtrace(NULL);
    arch_halt();
}
