/*
 * printf for code without a C library: %d %i %u %x %X %c %s %p %%, the lengths hh h l ll z j t, width, precision (for
 * integers and %s), and the flags `-` and `0`. No floating point.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* Formats piece by piece into `put(context, text, length)`. Returns the number of characters. */
size_t format_print(void (*put)(void *context, const char *text, size_t length), void *context, const char *format,
                    va_list args);

/* Into a buffer of `size` bytes, cut off if need be, always ended with NUL (size > 0). Returns the full length. */
size_t format_buffer(char *buffer, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
size_t format_buffer_args(char *buffer, size_t size, const char *format, va_list args);
