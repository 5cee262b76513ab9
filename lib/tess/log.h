/* Text on the debug console: messages of servers, one line each, that begin with the program's name. */
#pragma once

/* printf on the debug console (formats of lib/base/format.h); lost if the program has no log capability. */
void log_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For our own bugs only: prints and ends the program. */
_Noreturn void log_panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define log_assert(condition)                                                                                          \
    ((condition) ? (void)0 : log_panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition))
