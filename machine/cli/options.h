/* Options of `mosaic run`: parsing, checking, help. The list of options stands once, in options.def. */
#ifndef MACHINE_CLI_OPTIONS_H
#define MACHINE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "machine/board/machine.h"

#define OPTIONS_MAX_PORTS   3
#define OPTIONS_MAX_SYMBOLS 16

struct options {
    struct machine_config config;
    bool fast, scratch, interactive, stats, net;
    const char *firmware, *kernel, *initrd, *append, *disk, *stats_json, *save, *restore, *record, *replay, *forward,
        *trace, *profile, *flame, *window;
    const char *symbol_files[OPTIONS_MAX_SYMBOLS];
    const char *ports[OPTIONS_MAX_PORTS];
    unsigned port_count, symbol_file_count, gdb_port;
    uint64_t max_cycles, save_at;
};

/* Fills in the options. Returns false after explaining on stderr; *help is set if only help was wanted and given. */
bool options_parse(int argc, char **argv, struct options *o, bool *help);

#endif
