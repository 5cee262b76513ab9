/* printf without a C library: see format.h. */
#include "lib/base/format.h"

#include "abi/types.h"
#include "lib/base/string.h"

#define DIGITS_MAX 24

/* Where text goes, and how much went. */
struct sink {
    void (*put)(void *context, const char *text, size_t length);
    void *context;
    size_t count;
};

/* One conversion: % flags width .precision length letter. */
struct spec {
    bool left, zero;
    int width, precision; /* precision < 0: none given */
    int size;             /* bytes of an integer argument */
    char letter;
};

static void emit(struct sink *sink, const char *text, size_t length)
{
    if (length)
        sink->put(sink->context, text, length);
    sink->count += length;
}

static void pad(struct sink *sink, char with, int n)
{
    for (; n > 0; n--)
        emit(sink, &with, 1);
}

static void emit_field(struct sink *sink, const struct spec *spec, const char *text, size_t length)
{
    int blanks = spec->width - (int)length;
    if (!spec->left)
        pad(sink, ' ', blanks);
    emit(sink, text, length);
    if (spec->left)
        pad(sink, ' ', blanks);
}

/* Digits of `value` in front of `end`; returns the first. */
static char *put_digits(char *end, u64 value, u32 base, const char *digits)
{
    do
        *--end = digits[value % base];
    while (value /= base);
    return end;
}

static void emit_number(struct sink *sink, struct spec *spec, u64 value, bool negative)
{
    char text[DIGITS_MAX];
    char *end = text + sizeof text, *digits = end;
    bool hex = spec->letter == 'x' || spec->letter == 'X' || spec->letter == 'p';
    if (value || spec->precision)
        digits = put_digits(end, value, hex ? 16 : 10, spec->letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef");
    const char *sign = negative ? "-" : spec->letter == 'p' ? "0x" : "";
    int length = (int)(end - digits), signs = (int)strlen(sign);
    int zeros = spec->precision - length;
    if (spec->precision < 0 && spec->zero && !spec->left)
        zeros = spec->width - signs - length;
    zeros = zeros > 0 ? zeros : 0;
    int blanks = spec->width - signs - zeros - length;
    if (!spec->left)
        pad(sink, ' ', blanks);
    emit(sink, sign, (size_t)signs);
    pad(sink, '0', zeros);
    emit(sink, digits, (size_t)length);
    if (spec->left)
        pad(sink, ' ', blanks);
}

static int take_number(const char **at, va_list *args)
{
    int n = 0;
    if (**at == '*') {
        ++*at;
        return va_arg(*args, int);
    }
    for (; **at >= '0' && **at <= '9'; ++*at)
        n = n * 10 + (**at - '0');
    return n;
}

static int take_size(const char **at)
{
    int size = sizeof(int);
    for (;; ++*at) {
        if (**at == 'h')
            size = size == sizeof(int) ? sizeof(short) : sizeof(char);
        else if (**at == 'l' || **at == 'z' || **at == 'j' || **at == 't')
            size = sizeof(u64);
        else
            return size;
    }
}

/* Reads what stands behind a %; *at is behind the letter afterwards. */
static struct spec take_spec(const char **at, va_list *args)
{
    struct spec spec = {.precision = -1};
    for (;; ++*at) {
        if (**at == '-')
            spec.left = true;
        else if (**at == '0')
            spec.zero = true;
        else
            break;
    }
    spec.width = take_number(at, args);
    if (spec.width < 0) {
        spec.left = true;
        spec.width = -spec.width;
    }
    if (**at == '.') {
        ++*at;
        spec.precision = take_number(at, args);
    }
    spec.size = take_size(at);
    spec.letter = **at;
    if (**at)
        ++*at;
    return spec;
}

static u64 take_unsigned(const struct spec *spec, va_list *args)
{
    if (spec->letter == 'p' || spec->size == sizeof(u64))
        return va_arg(*args, u64);
    u32 value = va_arg(*args, u32);
    return spec->size == sizeof(u16) ? (u16)value : spec->size == sizeof(u8) ? (u8)value : value;
}

static i64 take_signed(const struct spec *spec, va_list *args)
{
    if (spec->size == sizeof(u64))
        return va_arg(*args, i64);
    i32 value = va_arg(*args, i32);
    return spec->size == sizeof(i16) ? (i16)value : spec->size == sizeof(i8) ? (i8)value : value;
}

static void emit_string(struct sink *sink, const struct spec *spec, const char *text)
{
    if (!text)
        text = "(null)";
    emit_field(sink, spec, text, spec->precision < 0 ? strlen(text) : strnlen(text, (size_t)spec->precision));
}

static void convert(struct sink *sink, struct spec *spec, va_list *args)
{
    char c;
    i64 value;
    switch (spec->letter) {
    case 'd':
    case 'i':
        value = take_signed(spec, args);
        emit_number(sink, spec, value < 0 ? -(u64)value : (u64)value, value < 0);
        break;
    case 'u':
    case 'x':
    case 'X':
    case 'p':
        emit_number(sink, spec, take_unsigned(spec, args), false);
        break;
    case 's':
        emit_string(sink, spec, va_arg(*args, const char *));
        break;
    case 'c':
        c = (char)va_arg(*args, int);
        emit_field(sink, spec, &c, 1);
        break;
    default: /* %% and what we do not know stand for themselves */
        emit(sink, &spec->letter, spec->letter != 0);
    }
}

size_t format_print(void (*put)(void *, const char *, size_t), void *context, const char *format, va_list args)
{
    struct sink sink = {put, context, 0};
    va_list rest;
    va_copy(rest, args);
    while (*format) {
        const char *start = format;
        while (*format && *format != '%')
            format++;
        emit(&sink, start, (size_t)(format - start));
        if (*format) {
            format++;
            struct spec spec = take_spec(&format, &rest);
            convert(&sink, &spec, &rest);
        }
    }
    va_end(rest);
    return sink.count;
}

struct buffer {
    char *next;
    size_t left; /* without the NUL */
};

static void put_buffer(void *context, const char *text, size_t length)
{
    struct buffer *b = context;
    size_t n = length < b->left ? length : b->left;
    memcpy(b->next, text, n);
    b->next += n;
    b->left -= n;
}

size_t format_buffer_args(char *buffer, size_t size, const char *format, va_list args)
{
    struct buffer b = {buffer, size - 1};
    size_t length = format_print(put_buffer, &b, format, args);
    *b.next = 0;
    return length;
}

size_t format_buffer(char *buffer, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t length = format_buffer_args(buffer, size, format, args);
    va_end(args);
    return length;
}
