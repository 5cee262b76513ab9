/*
 * Machine descriptions: lines `name = value`, with # for comments. Names are those of the machine (description.c) and
 * of the timing model's parameters (core/params.def).
 */
#ifndef MACHINE_CLI_DESCRIPTION_H
#define MACHINE_CLI_DESCRIPTION_H

#include <stdio.h>

#include "machine/board/machine.h"

/* Sets one value. Returns NULL, or a text that says what is wrong. */
const char *description_set(struct machine_config *c, const char *name, const char *value);

/* Reads a description. Problems are told on stderr with file and line; returns false then. */
bool description_read(struct machine_config *c, const char *path);

/* Writes the complete description of a configuration, with the meaning of each parameter. */
void description_write(const struct machine_config *c, FILE *out);

/* A number, with an optional K, M or G. */
bool description_parse_size(const char *text, uint64_t *value);

#endif
