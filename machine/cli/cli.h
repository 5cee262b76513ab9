/* Commands of the program `mosaic`, and what they share. Exit statuses: the guest's, or one of these. */
#ifndef MACHINE_CLI_CLI_H
#define MACHINE_CLI_CLI_H

#include <stdbool.h>

enum cli_status {
    CLI_STUCK = 123,   /* the guest sleeps for ever */
    CLI_LIMIT = 124,   /* a limit of cycles or instructions was reached */
    CLI_FAILURE = 125, /* Mosaic could not do what was asked */
    CLI_USAGE = 2,
};

/* Tells a problem on stderr, if there is one: `what: problem`. Returns whether there is none. */
bool cli_complain(const char *what, const char *problem);

int cli_run(int argc, char **argv);
int cli_sweep(int argc, char **argv);
int cli_describe(int argc, char **argv);

#endif
