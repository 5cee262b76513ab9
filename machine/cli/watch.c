/* Observers of a run; see watch.h. */
#include "machine/cli/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/cli/cli.h"

static void observe(struct machine *m, struct observer *ob)
{
    ob->next = m->harts[0]->observer;
    for (unsigned i = 0; i < m->config.harts; i++)
        m->harts[i]->observer = ob;
}

static bool parse_address(const struct symbols *s, const char *text, uint64_t *address)
{
    char *end;

    if (symbols_address(s, text, address))
        return true;
    *address = strtoull(text, &end, 16);
    return end != text && *end == '\0';
}

static bool start_window(struct watch *w, struct machine *m, const char *text)
{
    char start[128], end[128];
    uint64_t from, to;

    if (sscanf(text, "%127[^,],%127s", start, end) != 2 || !parse_address(&w->symbols, start, &from) ||
        !parse_address(&w->symbols, end, &to))
        return cli_complain(text, "is not START,END, each a symbol of --symbols or a hexadecimal address");
    window_init(&w->window, from, to);
    observe(m, &w->window.observer);
    return w->has_window = true;
}

bool watch_start(struct watch *w, struct machine *m, const struct options *o)
{
    for (unsigned i = 0; i < o->symbol_file_count; i++)
        if (!cli_complain(o->symbol_files[i], symbols_add(&w->symbols, o->symbol_files[i])))
            return false;
    if (o->trace) {
        if (!hart_trace_open(&w->trace, m, o->trace))
            return cli_complain(o->trace, "cannot be written");
        w->has_trace = true;
        observe(m, &w->trace.observer);
    }
    if (o->profile || o->flame) {
        profile_init(&w->profile, &w->symbols);
        w->has_profile = true;
        observe(m, &w->profile.observer);
    }
    return !o->window || start_window(w, m, o->window);
}

static bool write_profile(const struct profile *p, const char *path, void (*print)(const struct profile *p, FILE *out))
{
    FILE *out = fopen(path, "w");

    if (!out)
        return cli_complain(path, "cannot be written");
    print(p, out);
    return fclose(out) == 0 || cli_complain(path, "cannot be written completely");
}

bool watch_finish(struct watch *w, const struct options *o)
{
    bool ok = true;

    if (w->has_trace && !hart_trace_close(&w->trace))
        ok = cli_complain(o->trace, "cannot be written completely");
    if (o->profile)
        ok &= write_profile(&w->profile, o->profile, profile_print_flat);
    if (o->flame)
        ok &= write_profile(&w->profile, o->flame, profile_print_folded);
    if (w->has_profile)
        profile_free(&w->profile);
    if (w->has_window)
        window_print(&w->window, stderr);
    symbols_free(&w->symbols);
    return ok;
}
