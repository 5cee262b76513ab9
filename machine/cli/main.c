/* The command line of Mosaic. Each command is a function in a file of its own; this file only finds it. */
#include "machine/cli/cli.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"run", cli_run, "boot a machine, a plain one or one of tiles (mosaic run --help)"},
    {"sweep", cli_sweep, "run with several values of parameters (mosaic sweep --help)"},
    {"describe", cli_describe,
     "write the description of the default machine, with all parameters"},
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

bool cli_complain(const char *what, const char *problem)
{
    if (problem)
        fprintf(stderr, "mosaic: %s: %s\n", what, problem);
    return !problem;
}

static int usage(FILE *out)
{
    fprintf(out, "usage: mosaic COMMAND [OPTION]...\n\nMosaic simulates RISC-V machines, with cycles.\n\nCommands:\n");
    for (unsigned i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    return out == stderr ? CLI_USAGE : 0;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return usage(stderr);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
        return usage(stdout);
    for (unsigned i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "mosaic: there is no command '%s'; see mosaic --help\n", argv[1]);
    return CLI_USAGE;
}
