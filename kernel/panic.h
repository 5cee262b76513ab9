/* The end: a bug of the kernel's own was found. Nothing that a user does may lead here. */
#pragma once

_Noreturn void kernel_panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Text on the console: %s %c %d %u %x %lx %p with a width. */
void kernel_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

#ifdef DEBUG
#define kernel_assert(condition)                                                                                       \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            kernel_panic("%s:%d: %s", __FILE__, __LINE__, #condition);                                                 \
    } while (0)
#else
#define kernel_assert(condition) ((void)sizeof(condition))
#endif
