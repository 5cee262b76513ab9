/* Recording and replaying input; see input_log.h. */
#include "machine/cli/input_log.h"

#include <string.h>

static const char magic[16] = "mosaic input 1\n";

/* The next entry that this reader is for. */
static void read_next(struct input_log *l)
{
    do {
        if (fread(&l->next, sizeof l->next, 1, l->replay) != 1 || l->next.count > INPUT_LOG_MAX ||
            fread(l->bytes, 1, l->next.count, l->replay) != l->next.count)
            l->next.count = 0;
    } while (l->next.count && (l->next.channel == INPUT_LOG_FRAMES) != l->only_frames);
}

static const char *start_replay(struct input_log *l, const char *path)
{
    char found[sizeof magic];

    l->replay = fopen(path, "rb");
    if (!l->replay || fread(found, sizeof found, 1, l->replay) != 1 || memcmp(found, magic, sizeof magic) != 0)
        return "the log cannot be read, or is none";
    read_next(l);
    return NULL;
}

const char *input_log_open(struct input_log *l, struct machine *m, const char *record, const char *replay)
{
    *l = (struct input_log){.machine = m};
    if (record && replay)
        return "input cannot be recorded and replayed at once";
    if (record) {
        l->record = fopen(record, "wb");
        return l->record && fwrite(magic, sizeof magic, 1, l->record) == 1 ? NULL : "the log cannot be written";
    }
    return replay ? start_replay(l, replay) : NULL;
}

const char *input_log_open_frames(struct input_log *l, const char *replay)
{
    *l = (struct input_log){.only_frames = true};
    return start_replay(l, replay);
}

bool input_log_next_frame(const struct input_log *l, uint64_t *cycle, size_t *count)
{
    *cycle = l->next.cycle;
    *count = l->next.count;
    return l->next.count != 0;
}

void input_log_drop_frame(struct input_log *l)
{
    read_next(l);
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
    input_log_note_at(l, machine_now(l->machine), channel, bytes, count);
}

void input_log_note_at(struct input_log *l, uint64_t cycle, uint32_t channel, const uint8_t *bytes, size_t count)
{
    if (!l->record || !count)
        return;
    l->next.cycle = cycle;
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
