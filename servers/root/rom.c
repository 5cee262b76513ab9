/* The boot archive as a service: see rom.h. */
#include "servers/root/rom.h"

#include "lib/base/string.h"
#include "proto/rom.h"
#include "servers/root/archive.h"
#include "servers/root/area.h"

static err_t open_file(void *self, const char *name, size_t name_length, struct map_item *dataspace, u64 *size)
{
    struct archive_file file;
    if (!archive_find(name, &file))
        return E_NOENT;
    *size = file.size;
    return area_open(file.start, file.size, RIGHT_R | RIGHT_X, dataspace);
}

static err_t name_file(void *self, u64 index, char *name, size_t *name_length, u64 *size)
{
    struct archive_file file;
    if (!archive_get(index, &file))
        return E_NOENT;
    *name_length = strlen(file.name);
    memcpy(name, file.name, *name_length);
    *size = file.size;
    return E_OK;
}

static const struct rom_handlers handlers = {.open = open_file, .name = name_file};

static bool dispatch(struct session *session, struct msg *m)
{
    return rom_dispatch(&handlers, session, m);
}

static const struct session_type rom_type = {.name = "rom", .size = sizeof(struct session), .dispatch = dispatch};

struct session *rom_open_session(void)
{
    return session_create(&rom_type);
}
