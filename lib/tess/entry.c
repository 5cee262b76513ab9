/* Packing and unpacking of folders' entries: see entry.h. */
#include "lib/tess/entry.h"

#include "lib/base/string.h"

bool entry_put(char *text, size_t room, size_t *done, const struct folder_entry *entry, const char *name)
{
    if (sizeof *entry + entry->length > room - *done)
        return false;
    memcpy(text + *done, entry, sizeof *entry);
    memcpy(text + *done + sizeof *entry, name, entry->length);
    *done += sizeof *entry + entry->length;
    return true;
}

const char *entry_get(const char *text, size_t length, size_t *at, struct folder_entry *entry)
{
    size_t left = length - *at;
    if (left < sizeof *entry)
        return NULL;
    memcpy(entry, text + *at, sizeof *entry);
    const char *name = text + *at + sizeof *entry;
    if (entry->length > left - sizeof *entry)
        return NULL;
    *at += sizeof *entry + entry->length;
    return name;
}
