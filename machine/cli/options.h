/* Options of `mosaic run`: parsing, checking, help. The list of options stands once, in options.def. */
#ifndef MACHINE_CLI_OPTIONS_H
#define MACHINE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "machine/cli/transfer.h"

#define OPTIONS_MAX_PORTS     3
#define OPTIONS_MAX_SYMBOLS   64
#define OPTIONS_MAX_TRANSFERS 16

struct options {
    struct system_description description;
    bool fast, scratch, interactive, stats, net, stretch;
    const char *firmware, *kernel, *initrd, *append, *disk, *stats_json, *save, *restore, *record, *replay, *forward,
        *trace, *profile, *flame, *window, *log;
    const char *symbol_files[OPTIONS_MAX_SYMBOLS];
    const char *ports[OPTIONS_MAX_PORTS];
    unsigned port_count, symbol_file_count, gdb_port;
    struct transfer loads[OPTIONS_MAX_TRANSFERS], dumps[OPTIONS_MAX_TRANSFERS];
    unsigned load_count, dump_count, host_threads;
    uint64_t max_cycles, save_at;
};

/* Fills in the options; what they say about boards is in the description then. Returns false after explaining on
 * stderr; *help is set if only help was wanted and given. */
bool options_parse(int argc, char **argv, struct options *o, bool *help);

#endif
