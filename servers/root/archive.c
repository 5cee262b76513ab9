/* Reading the boot archive: see archive.h. Format: cpio(5), "New ASCII Format". */
#include "servers/root/archive.h"

#include "lib/base/string.h"

#define MAGIC       "070701"
#define FIELD       8   /* hexadecimal digits of a number */
#define HEADER      110 /* magic and thirteen numbers */
#define FILE_SIZE   6   /* which number is what */
#define NAME_SIZE   11
#define LAST_MEMBER "TRAILER!!!"

static paddr_t archive_start, archive_end;

void archive_init(paddr_t start, paddr_t end)
{
    archive_start = start;
    archive_end = end;
}

static u64 number(const char *header, u32 field)
{
    u64 value = 0;
    const char *digits = header + sizeof MAGIC - 1 + field * FIELD;
    for (u32 i = 0; i < FIELD; i++) {
        char c = digits[i];
        value = value << 4 | (u64)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

static u64 align4(u64 n)
{
    return (n + 3) & ~3ull;
}

/* The member whose header stands at *at; moves *at to the next. False at the end. */
static bool read_member(u64 *at, struct archive_file *file)
{
    u64 size = archive_end - archive_start;
    if (*at > size || size - *at < HEADER)
        return false;
    const char *header = (const char *)archive_start + *at;
    u64 file_size = number(header, FILE_SIZE), name_size = number(header, NAME_SIZE);
    if (memcmp(header, MAGIC, sizeof MAGIC - 1) || name_size < 1 || name_size > size - *at - HEADER)
        return false;
    u64 data = align4(*at + HEADER + name_size);
    const char *name = header + HEADER;
    if (data > size || file_size > size - data || !strcmp(name, LAST_MEMBER))
        return false;
    *file = (struct archive_file){.start = archive_start + data, .size = file_size};
    u64 length = strnlen(name, name_size); /* names may be padded, so that the data is aligned */
    memcpy(file->name, name, length < sizeof file->name - 1 ? length : sizeof file->name - 1);
    *at = align4(data + file_size);
    return true;
}

bool archive_get(u64 index, struct archive_file *file)
{
    u64 at = 0;
    do {
        if (!read_member(&at, file))
            return false;
    } while (index--);
    return true;
}

bool archive_find(const char *name, struct archive_file *file)
{
    for (u64 at = 0; read_member(&at, file);)
        if (!strcmp(file->name, name))
            return true;
    return false;
}
