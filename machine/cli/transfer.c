/* Transfers between memory and files; see transfer.h. */
#include "machine/cli/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/cli/cli.h"

bool transfer_parse(struct transfer *t, const char *text, bool with_size)
{
    char *end;
    t->tile = strtoul(text, &end, 0);
    if (end == text || *end != ':')
        return false;
    t->offset = strtoull(end + 1, &end, 0);
    if (with_size && *end == ':')
        t->size = strtoull(end + 1, &end, 0);
    t->file = end + 1;
    return *end == '=' && end[1] && (!with_size || t->size > 0);
}

bool transfer_load(struct system *s, const struct transfer *t)
{
    FILE *file = fopen(t->file, "rb");
    uint8_t bytes[4096];
    uint64_t offset = t->offset;
    bool fits = true;
    if (!file)
        return cli_complain(t->file, "cannot be opened");
    for (size_t count; fits && (count = fread(bytes, 1, sizeof bytes, file)) > 0; offset += count)
        fits = system_access(s, t->tile, true, offset, bytes, count);
    fclose(file);
    return fits || cli_complain(t->file, "does not fit into the tile's memory");
}

bool transfer_dump(struct system *s, const struct transfer *t)
{
    FILE *file = fopen(t->file, "wb");
    uint8_t bytes[4096];
    bool good = true;
    if (!file)
        return cli_complain(t->file, "cannot be written");
    for (uint64_t done = 0; good && done < t->size; done += sizeof bytes) {
        uint32_t count = t->size - done < sizeof bytes ? t->size - done : sizeof bytes;
        good =
            system_access(s, t->tile, false, t->offset + done, bytes, count) && fwrite(bytes, 1, count, file) == count;
    }
    good = fclose(file) == 0 && good;
    return good || cli_complain(t->file, "could not be written, or the tile has no such memory");
}
