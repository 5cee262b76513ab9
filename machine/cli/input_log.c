/* Recording and replaying input; see input_log.h. */
#include "machine/cli/input_log.h"

#include <string.h>

static const char magic[16] = "mosaic input 1\n";

static void read_next(struct input_log *l)
{
    if (fread(&l->next, sizeof l->next, 1, l->replay) != 1 || l->next.count > INPUT_LOG_MAX ||
        fread(l->bytes, 1, l->next.count, l->replay) != l->next.count)
        l->next.count = 0;
}

const char *input_log_open(struct input_log *l, struct machine *m, const char *record, const char *replay)
{
    char found[sizeof magic];

    *l = (struct input_log){.machine = m};
    if (record && replay)
        return "input cannot be recorded and replayed at once";
    if (record) {
        l->record = fopen(record, "wb");
        return l->record && fwrite(magic, sizeof magic, 1, l->record) == 1 ? NULL : "the log cannot be written";
    }
    if (!replay)
        return NULL;
    l->replay = fopen(replay, "rb");
    if (!l->replay || fread(found, sizeof found, 1, l->replay) != 1 || memcmp(found, magic, sizeof magic) != 0)
        return "the log cannot be read, or is none";
    read_next(l);
    return NULL;
}

void input_log_close(struct input_log *l)
{
    if (l->record)
        fclose(l->record);
    if (l->replay)
        fclose(l->replay);
}

bool input_log_is_live(const struct input_log *l)
{
    return !l->replay;
}

void input_log_note(struct input_log *l, uint32_t channel, const uint8_t *bytes, size_t count)
{
    if (!l->record || !count)
        return;
    l->next.cycle = machine_now(l->machine);
    l->next.channel = channel;
    l->next.count = (uint32_t)count;
    fwrite(&l->next, sizeof l->next, 1, l->record);
    fwrite(bytes, 1, count, l->record);
}

size_t input_log_take(struct input_log *l, uint32_t channel, uint8_t *bytes, size_t room)
{
    size_t count = l->next.count;

    if (!l->replay || !count || l->next.channel != channel || l->next.cycle != machine_now(l->machine) || count > room)
        return 0;
    memcpy(bytes, l->bytes, count);
    read_next(l);
    return count;
}
