/* Options of `mosaic run`; see options.h. */
#include "machine/cli/options.h"

#include "machine/cli/cli.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_FIRMWARE "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin"

enum kind {
    TEXT,
    FLAG,
    UNSIGNED,
    NUMBER,
    SIZE,
    PORT,
    MACHINE_FILE,
    PARAMETER,
    TILE,
    LOAD,
    DUMP,
    SYMBOLS,
};

struct option {
    const char *name, *argument;
    enum kind kind;
    size_t offset;
    const char *help;
};

static const struct option table[] = {
#define OPTION(name, argument, kind, where, help) {name, argument, kind, offsetof(struct options, where), help},
#include "machine/cli/options.def"
#undef OPTION
};

#define OPTION_COUNT (sizeof table / sizeof table[0])

static void print_help(void)
{
    printf("usage: mosaic run [OPTION]...\n\nBoots a machine laid out as QEMU's virt, or a machine of tiles.\n\n");
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        char left[40];
        snprintf(left, sizeof left, "--%s %s", table[i].name, table[i].argument ? table[i].argument : "");
        printf("  %-29s %s\n", left, table[i].help);
    }
}

/* ---- Values ---- */

static bool parse_number(const char *text, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 0);
    return errno == 0 && end != text && *end == '\0' && text[0] != '-';
}

static bool set_port(struct options *o, const char *text)
{
    if (o->port_count == OPTIONS_MAX_PORTS || !strchr(text, '=') || !strchr(text, ','))
        return false;
    o->ports[o->port_count++] = text;
    return true;
}

static bool set_parameter(struct options *o, const char *text)
{
    char name[64];
    int length = 0;

    if (sscanf(text, "%63[^=]=%n", name, &length) != 1 || !length)
        return false;
    return cli_complain(name, describe_set(&o->description, name, text + length));
}

static bool set_tile(struct options *o, const char *text)
{
    char name[64];
    unsigned tile;
    int length = 0;

    if (sscanf(text, "%u:%63[^=]=%n", &tile, name, &length) != 2 || !length)
        return false;
    return cli_complain(text, describe_set_tile(&o->description, tile, name, text + length));
}

static bool set_transfer(struct transfer *list, unsigned *count, const char *text, bool with_size)
{
    return *count < OPTIONS_MAX_TRANSFERS && transfer_parse(&list[(*count)++], text, with_size);
}

static bool set_symbols(struct options *o, const char *text)
{
    if (o->symbol_file_count == OPTIONS_MAX_SYMBOLS)
        return false;
    o->symbol_files[o->symbol_file_count++] = text;
    return true;
}

static bool set_unsigned(void *where, const char *text)
{
    uint64_t value;

    if (!parse_number(text, &value) || value > UINT32_MAX)
        return false;
    *(unsigned *)where = (unsigned)value;
    return true;
}

static bool set(struct options *o, const struct option *opt, const char *text)
{
    void *where = (char *)o + opt->offset;

    switch (opt->kind) {
    case TEXT:
        *(const char **)where = text;
        return true;
    case FLAG:
        *(bool *)where = true;
        return true;
    case UNSIGNED:
        return set_unsigned(where, text);
    case NUMBER:
        return parse_number(text, where);
    case SIZE:
        return describe_parse_size(text, where);
    case PORT:
        return set_port(o, text);
    case MACHINE_FILE:
        return describe_read(&o->description, text);
    case PARAMETER:
        return set_parameter(o, text);
    case TILE:
        return set_tile(o, text);
    case LOAD:
        return set_transfer(o->loads, &o->load_count, text, false);
    case DUMP:
        return set_transfer(o->dumps, &o->dump_count, text, true);
    case SYMBOLS:
        return set_symbols(o, text);
    }
    return false;
}

/* ---- The command line ---- */

static const struct option *find(const char *arg)
{
    for (unsigned i = 0; i < OPTION_COUNT; i++)
        if (strncmp(arg, "--", 2) == 0 && strcmp(arg + 2, table[i].name) == 0)
            return &table[i];
    return NULL;
}

static bool parse_one(int argc, char **argv, int *i, struct options *o)
{
    const struct option *opt = find(argv[*i]);
    const char *value = NULL;

    if (!opt) {
        fprintf(stderr, "mosaic: there is no option '%s'; see mosaic run --help\n", argv[*i]);
        return false;
    }
    if (opt->argument && ++*i >= argc) {
        fprintf(stderr, "mosaic: --%s needs %s\n", opt->name, opt->argument);
        return false;
    }
    value = opt->argument ? argv[*i] : NULL;
    if (set(o, opt, value))
        return true;
    fprintf(stderr, "mosaic: --%s: '%s' is not a valid %s\n", opt->name, value, opt->argument);
    return false;
}

/* Whether what is asked for goes together. */
static const char *check(const struct options *o)
{
    bool watched = o->trace || o->profile || o->flame || o->window || o->stretch || o->gdb_port;

    if (o->host_threads < 1 || o->host_threads > 16)
        return "--host-threads: must be 1 to 16";
    if (o->host_threads > 1 && watched)
        return "--host-threads: traces, profiles, windows, stretches and debuggers need a single thread";
    return NULL;
}

/* Options about a board are properties of the first one. */
static const char *settle(struct options *o)
{
    struct system_description *d = &o->description;
    const char *firmware = o->firmware ? o->firmware : describe_is_tiled(d) ? NULL : DEFAULT_FIRMWARE;
    const struct {
        const char *text;
        char *where;
    } texts[] = {{firmware, d->files[0].firmware},
                 {o->kernel, d->files[0].program},
                 {o->initrd, d->files[0].initrd},
                 {o->append, d->files[0].arguments},
                 {o->disk, d->files[0].disk}};

    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].text && strlen(texts[i].text) >= SYSTEM_TEXT)
            return "a file's name or the kernel's arguments are too long";
        if (texts[i].text)
            strcpy(texts[i].where, texts[i].text);
    }
    if (strcmp(d->files[0].firmware, "none") == 0)
        d->files[0].firmware[0] = '\0';
    if (o->fast)
        d->board.timed = false;
    return check(o);
}

bool options_parse(int argc, char **argv, struct options *o, bool *help)
{
    *o = (struct options){.max_cycles = UINT64_MAX, .save_at = UINT64_MAX, .host_threads = 1};
    describe_init(&o->description);
    *help = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            print_help();
            *help = true;
            return true;
        }
        if (!parse_one(argc, argv, &i, o))
            return false;
    }
    const char *problem = settle(o);
    if (problem)
        fprintf(stderr, "mosaic: %s\n", problem);
    return !problem;
}
