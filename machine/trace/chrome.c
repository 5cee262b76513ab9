/* Chrome traces; see chrome.h. Names are ours or symbols; quotes and backslashes in them become underscores. */
#include "machine/trace/chrome.h"

#include <string.h>

#define EVENTS_MAX 5000000

static void put_name(struct chrome *c, const char *name)
{
    for (; *name; name++)
        fputc(*name == '"' || *name == '\\' || (unsigned char)*name < ' ' ? '_' : *name, c->out);
}

/* Begins an event: everything but its own arguments. False if the trace is full. */
static bool event(struct chrome *c, char kind, unsigned process, unsigned thread, const char *name, uint64_t cycle)
{
    if (c->events == c->limit)
        return false;
    fprintf(c->out, "%s\n{\"ph\":\"%c\",\"pid\":%u,\"tid\":%u,\"ts\":%.4f,\"name\":\"", c->events++ ? "," : "", kind,
            process, thread, (double)cycle * c->us_per_cycle);
    put_name(c, name);
    fputc('"', c->out);
    return true;
}

bool chrome_open(struct chrome *c, const char *path, uint64_t clock_hz)
{
    *c = (struct chrome){.out = fopen(path, "w"), .us_per_cycle = 1e6 / (double)clock_hz, .limit = EVENTS_MAX};
    if (c->out)
        fputs("[", c->out);
    return c->out != NULL;
}

bool chrome_close(struct chrome *c)
{
    fputs("\n]\n", c->out);
    bool ok = !ferror(c->out);
    return fclose(c->out) == 0 && ok;
}

void chrome_name(struct chrome *c, unsigned process, unsigned thread, const char *name)
{
    if (!event(c, 'M', process, thread, "thread_name", 0))
        return;
    fputs(",\"args\":{\"name\":\"", c->out);
    put_name(c, name);
    fputs("\"}}", c->out);
}

void chrome_begin(struct chrome *c, unsigned process, unsigned thread, const char *name, uint64_t cycle)
{
    if (event(c, 'B', process, thread, name, cycle))
        fputs("}", c->out);
}

void chrome_end(struct chrome *c, unsigned process, unsigned thread, uint64_t cycle)
{
    if (event(c, 'E', process, thread, "", cycle))
        fputs("}", c->out);
}

void chrome_instant(struct chrome *c, unsigned process, unsigned thread, const char *name, uint64_t cycle)
{
    if (event(c, 'i', process, thread, name, cycle))
        fputs(",\"s\":\"t\"}", c->out);
}

void chrome_counter(struct chrome *c, unsigned process, const char *name, uint64_t value, uint64_t cycle)
{
    if (event(c, 'C', process, 0, name, cycle))
        fprintf(c->out, ",\"args\":{\"value\":%llu}}", (unsigned long long)value);
}

void chrome_arrow(struct chrome *c, unsigned process, unsigned thread, uint64_t id, bool is_end, uint64_t cycle)
{
    if (event(c, is_end ? 'f' : 's', process, thread, "message", cycle))
        fprintf(c->out, ",\"cat\":\"message\",\"id\":%llu%s}", (unsigned long long)id, is_end ? ",\"bp\":\"e\"" : "");
}
