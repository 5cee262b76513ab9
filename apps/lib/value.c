/* Memory that is there or ends the program, and numbers from the command line that are checked to the last
 * character. */
#include "apps/lib/app.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void *app_realloc(void *old, size_t size)
{
    void *memory = realloc(old, size ? size : 1);
    if (!memory)
        app_die("out of memory");
    return memory;
}

void *app_alloc(size_t size)
{
    return app_realloc(NULL, size);
}

char *app_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(app_alloc(size), text, size);
}

bool app_parse_number(const char *text, long long min, long long max, long long *value)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end || errno || isspace((unsigned char)*text) || number < min || number > max)
        return false;
    *value = number;
    return true;
}

bool app_parse_seconds(const char *text, struct timespec *duration)
{
    time_t seconds = 0;
    const char *at = text;
    for (; isdigit((unsigned char)*at); at++) {
        if (__builtin_mul_overflow(seconds, 10, &seconds) || __builtin_add_overflow(seconds, *at - '0', &seconds))
            return false;
    }
    size_t digits = at - text;
    long nanoseconds = 0;
    if (*at == '.') {
        at++;
        for (long unit = 100000000; isdigit((unsigned char)*at); at++, unit /= 10, digits++)
            nanoseconds += (*at - '0') * unit;
    }
    if (*at || digits == 0)
        return false;
    *duration = (struct timespec){.tv_sec = seconds, .tv_nsec = nanoseconds};
    return true;
}

void app_format_size(unsigned long long bytes, char *text)
{
    static const char units[] = " KMGTPE";
    double size = (double)bytes;
    int unit = 0;
    for (; size >= 1024; unit++)
        size /= 1024;
    if (unit)
        sprintf(text, "%.*f%c", size < 10 ? 1 : 0, size, units[unit]);
    else
        sprintf(text, "%llu", bytes);
}
