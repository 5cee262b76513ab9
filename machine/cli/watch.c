/* Observers of a run; see watch.h. */
#include "machine/cli/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/cli/cli.h"

static void observe(const struct system *s, struct observer *ob)
{
    ob->next = system_hart(s, 0)->observer;
    for (uint32_t i = 0; i < SYSTEM_MAX_HARTS; i++)
        if (system_hart(s, i))
            system_hart(s, i)->observer = ob;
}

static bool parse_address(const struct symbols *s, const char *text, uint64_t *address)
{
    char *end;

    if (symbols_address(s, text, address))
        return true;
    *address = strtoull(text, &end, 16);
    return end != text && *end == '\0';
}

static bool start_window(struct watch *w, const char *text)
{
    char start[128], end[128];
    uint64_t from, to;

    if (sscanf(text, "%127[^,],%127s", start, end) != 2 || !parse_address(&w->symbols, start, &from) ||
        !parse_address(&w->symbols, end, &to))
        return cli_complain(text, "is not START,END, each a symbol of --symbols or a hexadecimal address");
    window_init(&w->window, from, to);
    observe(w->system, &w->window.observer);
    return w->has_window = true;
}

/* [TILE:]FILE */
static bool add_symbols(struct watch *w, const char *text)
{
    char *end;
    unsigned long tile = strtoul(text, &end, 10);
    bool is_tile = end != text && *end == ':';

    if (is_tile && (tile >= SYSTEM_MAX_HARTS || !system_hart(w->system, (uint32_t)tile)))
        return cli_complain(text, "there is no such core tile");
    return is_tile ? cli_complain(end + 1, symbols_add(&w->symbols, end + 1, (uint32_t)tile + 1))
                   : cli_complain(text, symbols_add(&w->symbols, text, SYMBOLS_ALL));
}

static bool start_trace(struct watch *w, const char *path)
{
    if (!chrome_open(&w->chrome, path, w->system->clock_hz))
        return false;
    hart_trace_begin(&w->harts, w->system, &w->symbols, &w->chrome);
    observe(w->system, &w->harts.observer);
    if (w->system->mesh)
        tile_trace_begin(&w->tiles, w->system->mesh, &w->chrome);
    return w->has_trace = true;
}

static bool end_trace(struct watch *w)
{
    hart_trace_end(&w->harts);
    if (w->system->mesh)
        tile_trace_end(&w->tiles, w->system->now);
    return chrome_close(&w->chrome);
}

bool watch_start(struct watch *w, struct system *s, const struct options *o)
{
    w->system = s;
    for (unsigned i = 0; i < o->symbol_file_count; i++)
        if (!add_symbols(w, o->symbol_files[i]))
            return false;
    if (o->trace && !start_trace(w, o->trace))
        return cli_complain(o->trace, "cannot be written");
    if (o->profile || o->flame) {
        profile_init(&w->profile, &w->symbols);
        w->has_profile = true;
        observe(w->system, &w->profile.observer);
    }
    if (o->stretch) {
        stretch_init(&w->stretch, &w->symbols);
        w->has_stretch = true;
        observe(w->system, &w->stretch.observer);
    }
    return !o->window || start_window(w, o->window);
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

    if (w->has_trace && !end_trace(w))
        ok = cli_complain(o->trace, "cannot be written completely");
    if (o->profile)
        ok &= write_profile(&w->profile, o->profile, profile_print_flat);
    if (o->flame)
        ok &= write_profile(&w->profile, o->flame, profile_print_folded);
    if (w->has_profile)
        profile_free(&w->profile);
    if (w->has_window)
        window_print(&w->window, stderr);
    if (w->has_stretch) {
        stretch_print(&w->stretch, stderr);
        stretch_free(&w->stretch);
    }
    symbols_free(&w->symbols);
    return ok;
}
