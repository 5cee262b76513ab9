/* The stream of checkpoints; see snapshot.h. Sections begin with a name and a size, so that a mismatch is noticed. */
#include "machine/dev/snapshot.h"

#include <stdint.h>
#include <string.h>

struct section {
    char name[24];
    uint64_t size;
};

/* As FNV-1a of 64 bits: each step is one-to-one, so no single changed byte can go unnoticed. Leading zeros count. */
static uint64_t sum_bytes(uint64_t sum, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++)
        sum = (sum ^ bytes[i] ^ 0x100) * UINT64_C(0x100000001b3);
    return sum;
}

void snapshot_seal(struct snapshot *s)
{
    uint64_t sum = s->sum;
    snapshot_bytes(s, &sum, sizeof sum);
}

/* The sum of the next `size` bytes of a file, as far as it has them. */
static uint64_t sum_file(FILE *file, uint64_t size)
{
    uint8_t buffer[16384];
    uint64_t sum = 0;
    size_t got;

    while (size > 0 && (got = fread(buffer, 1, size < sizeof buffer ? size : sizeof buffer, file)) > 0) {
        sum = sum_bytes(sum, buffer, got);
        size -= got;
    }
    return sum;
}

bool snapshot_is_intact(FILE *file)
{
    uint64_t sum, stored;
    long end;

    if (fseek(file, 0, SEEK_END) != 0 || (end = ftell(file)) < (long)sizeof stored)
        return false;
    rewind(file);
    sum = sum_file(file, (uint64_t)end - sizeof stored);
    bool intact = fread(&stored, sizeof stored, 1, file) == 1 && stored == sum;
    rewind(file);
    return intact;
}

void snapshot_bytes(struct snapshot *s, void *data, size_t size)
{
    if (s->failed)
        return;
    size_t done = s->saving ? fwrite(data, 1, size, s->file) : fread(data, 1, size, s->file);
    s->failed = done != size;
    if (s->saving)
        s->sum = sum_bytes(s->sum, data, done);
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
