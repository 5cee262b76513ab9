/* Options of `mosaic run`; see options.h. */
#include "machine/cli/options.h"

#include "machine/cli/description.h"

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
    printf("usage: mosaic run [OPTION]...\n\nBoots a machine laid out as QEMU's virt.\n\n");
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        char left[40];
        snprintf(left, sizeof left, "--%s %s", table[i].name, table[i].argument ? table[i].argument : "");
        printf("  %-22s %s\n", left, table[i].help);
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
    const char *problem = description_set(&o->config, name, text + length);
    if (problem)
        fprintf(stderr, "mosaic: %s: %s\n", name, problem);
    return !problem;
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
        return description_parse_size(text, where);
    case PORT:
        return set_port(o, text);
    case MACHINE_FILE:
        return description_read(&o->config, text);
    case PARAMETER:
        return set_parameter(o, text);
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

bool options_parse(int argc, char **argv, struct options *o, bool *help)
{
    *o = (struct options){.config = machine_default_config(),
                          .firmware = DEFAULT_FIRMWARE,
                          .max_cycles = UINT64_MAX,
                          .save_at = UINT64_MAX};
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
    if (strcmp(o->firmware, "none") == 0)
        o->firmware = NULL;
    o->config.timed = !o->fast;
    return true;
}
