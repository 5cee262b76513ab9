/* The lines typed so far, oldest first. */
#include <stdlib.h>
#include <string.h>

#include "apps/sh/sh.h"

#define HISTORY_MAX 500

static char *entry[HISTORY_MAX];
static size_t count;

void history_add(const char *line)
{
    if (count > 0 && strcmp(entry[count - 1], line) == 0)
        return;
    if (count == HISTORY_MAX) {
        free(entry[0]);
        memmove(entry, entry + 1, --count * sizeof(*entry));
    }
    entry[count++] = app_strdup(line);
}

size_t history_count(void)
{
    return count;
}

const char *history_entry(size_t index)
{
    return entry[index];
}
