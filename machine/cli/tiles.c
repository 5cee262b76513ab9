/* `mosaic tiles`: makes the machine of tiles that a description says, runs it to the end, saves memory. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/cli/cli.h"
#include "machine/tile/system.h"
#include "machine/trace/tile_trace.h"

#define MAX_TRANSFERS 16

/* TILE:OFFSET=FILE or TILE:OFFSET:SIZE=FILE */
struct transfer {
    uint32_t tile;
    uint64_t offset, size;
    const char *file;
};

struct tiles_options {
    struct system_description description;
    struct transfer loads[MAX_TRANSFERS], saves[MAX_TRANSFERS];
    int load_count, save_count;
    uint64_t max_cycles;
    const char *trace;
    bool stats;
};

static int usage(FILE *out)
{
    fputs("usage: mosaic tiles FILE [OPTION]...\n\nRuns the machine of tiles that FILE describes (docs/tiles.md).\n\n"
          "  --set NAME=VALUE               change a parameter\n"
          "  --tile TILE:NAME=VALUE         change a property of a tile: program, firmware, initrd, cycles ...\n"
          "  --load TILE:OFFSET=FILE        put a file into a tile's memory before\n"
          "  --save TILE:OFFSET:SIZE=FILE   write a tile's memory to a file afterwards\n"
          "  --trace FILE                   write a Chrome trace: messages, accelerators, sleep\n"
          "  --max-cycles N                 stop after so many cycles, with status 124\n"
          "  --stats                        print statistics at the end\n",
          out);
    return out == stderr ? CLI_USAGE : 0;
}

/* Splits NAME=VALUE in place; NULL if there is no '='. */
static char *value_of(char *text)
{
    char *equals = strchr(text, '=');
    if (equals)
        *equals++ = '\0';
    return equals;
}

static bool parse_transfer(char *text, bool has_size, struct transfer *t)
{
    char *end;
    t->file = value_of(text);
    t->tile = strtoul(text, &end, 0);
    if (!t->file || *end != ':')
        return false;
    t->offset = strtoull(end + 1, &end, 0);
    if (has_size && *end == ':')
        t->size = strtoull(end + 1, &end, 0);
    return *end == '\0' && (!has_size || t->size > 0);
}

/* TILE:NAME=VALUE */
static const char *set_tile(struct system_description *d, char *text)
{
    char *name, *value = value_of(text);
    unsigned long tile = strtoul(text, &name, 0);
    if (!value || *name != ':' || tile >= SYSTEM_MAX_TILES)
        return "give TILE:NAME=VALUE";
    return system_set_tile(d, tile, name + 1, value);
}

static const char *set_option(struct tiles_options *o, const char *name, char *value)
{
    static const char bad[] = "the value makes no sense";
    if (strcmp(name, "--set") == 0) {
        char *number = value_of(value);
        return number ? system_set(&o->description, value, number) : bad;
    }
    if (strcmp(name, "--tile") == 0)
        return set_tile(&o->description, value);
    if (strcmp(name, "--load") == 0 && o->load_count < MAX_TRANSFERS)
        return parse_transfer(value, false, &o->loads[o->load_count++]) ? NULL : bad;
    if (strcmp(name, "--save") == 0 && o->save_count < MAX_TRANSFERS)
        return parse_transfer(value, true, &o->saves[o->save_count++]) ? NULL : bad;
    if (strcmp(name, "--trace") == 0) {
        o->trace = value;
        return NULL;
    }
    if (strcmp(name, "--max-cycles") == 0) {
        o->max_cycles = strtoull(value, NULL, 0);
        return NULL;
    }
    return "there is no such option";
}

static bool parse(struct tiles_options *o, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--stats") == 0) {
            o->stats = true;
            continue;
        }
        const char *wrong = i + 1 < argc ? set_option(o, argv[i], argv[i + 1]) : "a value is missing";
        if (wrong) {
            fprintf(stderr, "mosaic: %s: %s\n", argv[i], wrong);
            return false;
        }
        i++;
    }
    return true;
}

static bool complain(const char *file, const char *what)
{
    fprintf(stderr, "mosaic: %s: %s\n", file, what);
    return false;
}

static bool load(struct system *s, const struct transfer *t)
{
    FILE *file = fopen(t->file, "rb");
    uint8_t bytes[4096];
    uint64_t offset = t->offset;
    bool fits = true;
    if (!file)
        return complain(t->file, "cannot be opened");
    for (size_t count; fits && (count = fread(bytes, 1, sizeof bytes, file)) > 0; offset += count)
        fits = system_access(s, t->tile, true, offset, bytes, count);
    fclose(file);
    return fits || complain(t->file, "does not fit into the tile's memory");
}

static bool save(struct system *s, const struct transfer *t)
{
    FILE *file = fopen(t->file, "wb");
    uint8_t bytes[4096];
    bool good = true;
    if (!file)
        return complain(t->file, "cannot be written");
    for (uint64_t done = 0; good && done < t->size; done += sizeof bytes) {
        uint32_t count = t->size - done < sizeof bytes ? t->size - done : sizeof bytes;
        good =
            system_access(s, t->tile, false, t->offset + done, bytes, count) && fwrite(bytes, 1, count, file) == count;
    }
    good = fclose(file) == 0 && good;
    return good || complain(t->file, "could not be written, or the tile has no such memory");
}

static void put_char(void *context, uint8_t byte)
{
    putchar(byte);
}

static int status_of(const struct system *s, enum machine_stop stop)
{
    switch (stop) {
    case MACHINE_POWERED_OFF:
        return (int)(s->exit_code & 0xff);
    case MACHINE_LIMIT:
        fprintf(stderr, "mosaic: the limit of cycles is reached\n");
        return CLI_LIMIT;
    default:
        fprintf(stderr, "mosaic: no core runs and no event is due\n");
        return CLI_STUCK;
    }
}

/* Runs it, traced if asked for. */
static int simulate(struct system *s, const struct tiles_options *o)
{
    static struct tile_trace trace;
    if (o->trace && !tile_trace_open(&trace, s->mesh, o->trace))
        return complain(o->trace, "cannot be written"), CLI_FAILURE;
    int status = status_of(s, system_run(s, o->max_cycles));
    fflush(stdout);
    if (o->trace && !tile_trace_close(&trace))
        return complain(o->trace, "could not be written"), CLI_FAILURE;
    return status;
}

static int run(struct tiles_options *o)
{
    struct system_error error;
    struct system *s = system_create(&o->description, put_char, NULL, &error);
    bool good = s != NULL;
    if (!s) {
        fprintf(stderr, "mosaic: %s\n", error.text);
        return CLI_FAILURE;
    }
    for (int i = 0; good && i < o->load_count; i++)
        good = load(s, &o->loads[i]);
    int status = good ? simulate(s, o) : CLI_FAILURE;
    if (o->stats)
        system_print_stats(s, stderr);
    for (int i = 0; good && i < o->save_count; i++)
        good = save(s, &o->saves[i]);
    system_destroy(s);
    return good ? status : CLI_FAILURE;
}

int cli_tiles(int argc, char **argv)
{
    static struct tiles_options options = {.max_cycles = UINT64_MAX};
    struct system_error error;
    if (argc < 2)
        return usage(stderr);
    if (strcmp(argv[1], "--help") == 0)
        return usage(stdout);
    system_describe(&options.description);
    if (!system_read(&options.description, argv[1], &error)) {
        fprintf(stderr, "mosaic: %s\n", error.text);
        return CLI_USAGE;
    }
    return parse(&options, argc, argv) ? run(&options) : CLI_USAGE;
}
