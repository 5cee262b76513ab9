/* Backslash escapes, as echo -e and printf understand them. */
#include <stdio.h>
#include <string.h>

#include "apps/lib/app.h"

static int octal_digits(const char **at)
{
    int value = 0;
    for (int digits = 0; digits < 3 && **at >= '0' && **at <= '7'; digits++)
        value = value * 8 + *(*at)++ - '0';
    return value;
}

int escape_take(const char **at, bool zero_first)
{
    static const char letters[] = "abefnrtv\\", values[] = "\a\b\033\f\n\r\t\v\\";
    const char *letter = **at ? strchr(letters, **at) : NULL;
    if (letter) {
        ++*at;
        return values[letter - letters];
    }
    if (**at == 'c')
        return ESCAPE_STOP;
    if (zero_first ? **at != '0' : **at < '0' || **at > '7')
        return '\\';
    *at += zero_first;
    return octal_digits(at);
}

bool escape_print(const char *text, bool zero_first)
{
    while (*text) {
        int byte = *text++;
        if (byte == '\\')
            byte = escape_take(&text, zero_first);
        if (byte == ESCAPE_STOP)
            return false;
        putchar(byte);
    }
    return true;
}
