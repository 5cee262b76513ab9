/* What execve runs: an ELF executable, or a script whose first line names its interpreter. */
#pragma once

#include "abi/types.h"

#define SCRIPT_LINE  256 /* bytes of the first line that count */
#define SCRIPT_DEPTH 4   /* interpreters that are scripts themselves */

struct program_file {
    cap_t gate;             /* session on the executable, in a slot of the caller's */
    const char *name;       /* path as it was found */
    char *const *arguments; /* those given; with `prefixes`, the first of them is replaced */
    const char *prefix[3 * SCRIPT_DEPTH];
    u32 prefixes; /* arguments that stand before arguments[1]; 0 = all as given */
    char line[SCRIPT_DEPTH][SCRIPT_LINE];
};

/*
 * Opens `path`. Errors: the file system's, ACCES (not an executable file), NOEXEC (neither ELF nor script), LOOP. After
 * success the session is the caller's to close.
 */
err_t program_open(struct program_file *program, const char *path, char *const arguments[]);

/* Argument i of the program that is really run, NULL behind the last. */
const char *program_argument(const struct program_file *program, u32 i);
