/* The command printf, for the program and for the shell: prints its operands by a format, as often as there are
 * operands left for it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/lib/app.h"

static char **operand; /* the next one */
static bool stopped;   /* \c was met, or a conversion that there is none of */
static int status;     /* 1 after that, or an operand that is not the number it should be */

static const char *next_operand(void)
{
    return *operand ? *operand++ : "";
}

/* A number in C's notation, or a quote and a character. */
static long long next_number(void)
{
    const char *text = next_operand();
    char *end;
    if (*text == '\'' || *text == '"')
        return (unsigned char)text[1];
    errno = 0;
    long long number = *text == '-' ? strtoll(text, &end, 0) : (long long)strtoull(text, &end, 0);
    if (*text && (end == text || *end || errno)) {
        app_warn("%s: not a number", text);
        status = 1;
    }
    return number;
}

/* Prints one operand by a conversion such as "%-10s"; specification has room for two bytes more. */
static void print_operand(char *specification, char conversion)
{
    size_t length = strlen(specification);
    switch (conversion) {
    case 's':
        memcpy(specification + length, "s", 2);
        printf(specification, next_operand());
        break;
    case 'c':
        memcpy(specification + length, "c", 2);
        printf(specification, *next_operand());
        break;
    case 'b':
        stopped = !escape_print(next_operand(), true);
        break;
    default:
        snprintf(specification + length, 4, "ll%c", conversion);
        printf(specification, next_number());
    }
}

/* Prints what the conversion after a '%' says; returns its end. */
static const char *print_conversion(const char *at)
{
    char specification[32] = "%";
    size_t length = strspn(at, "-+ #0123456789.");
    if (*at == '%') {
        putchar('%');
        return at + 1;
    }
    if (length > 20 || !at[length] || !strchr("scbdiuoxX", at[length])) {
        app_warn("%%%.*s: no such conversion", (int)length + 1, at);
        stopped = true;
        status = 1;
        return at;
    }
    memcpy(specification + 1, at, length);
    print_operand(specification, at[length]);
    return at + length + 1;
}

static void print_format(const char *at)
{
    while (*at && !stopped) {
        int byte = *at++;
        if (byte == '%') {
            at = print_conversion(at);
            continue;
        }
        if (byte == '\\')
            byte = escape_take(&at, false);
        stopped = byte == ESCAPE_STOP;
        if (!stopped)
            putchar(byte);
    }
}

int printf_command(char **argv)
{
    operand = argv + 1;
    stopped = false;
    status = 0;
    if (*operand && strcmp(*operand, "--") == 0)
        operand++;
    if (!*operand) {
        fputs("usage: printf FORMAT [OPERAND]...\n", stderr);
        return 1;
    }
    const char *format = *operand++;
    char **before;
    do {
        before = operand;
        print_format(format);
    } while (*operand && operand > before && !stopped);
    return status;
}
