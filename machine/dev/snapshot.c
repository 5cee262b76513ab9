/* The stream of checkpoints; see snapshot.h. Sections begin with a name and a size, so that a mismatch is noticed. */
#include "machine/dev/snapshot.h"

#include <stdint.h>
#include <string.h>

struct section {
    char name[24];
    uint64_t size;
};

void snapshot_bytes(struct snapshot *s, void *data, size_t size)
{
    if (s->failed)
        return;
    size_t done = s->saving ? fwrite(data, 1, size, s->file) : fread(data, 1, size, s->file);
    s->failed = done != size;
}

void snapshot_section(struct snapshot *s, const char *name, size_t size)
{
    struct section want = {.size = size}, have;

    strncpy(want.name, name, sizeof want.name - 1);
    have = want;
    snapshot_bytes(s, &have, sizeof have);
    if (memcmp(&want, &have, sizeof want) != 0)
        s->failed = true;
}
