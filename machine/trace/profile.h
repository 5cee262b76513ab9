/*
 * Profiles: cycles by function, flat and by call path (the text that flame-graph tools read). Call paths come from
 * the calls and returns that harts execute; where they contradict the program counter (a thread was switched), the
 * counter is believed.
 */
#ifndef MACHINE_TRACE_PROFILE_H
#define MACHINE_TRACE_PROFILE_H

#include <stdio.h>

#include "machine/board/machine.h"
#include "machine/core/observer.h"
#include "machine/trace/symbols.h"

#define PROFILE_DEPTH 64

struct profile_node {
    const struct symbol *symbol; /* NULL: unknown code */
    struct profile_node *parent, *child, *sibling;
    uint64_t cycles, instructions;
};

struct profile {
    struct observer observer; /* first: observers are cast back */
    const struct symbols *symbols;
    struct profile_node root;
    struct profile_node *at[MACHINE_MAX_HARTS]; /* where each hart is */
    unsigned depth[MACHINE_MAX_HARTS];
    uint64_t since[MACHINE_MAX_HARTS];
    bool failed; /* out of memory: the profile is incomplete */
};

void profile_init(struct profile *p, const struct symbols *symbols);
void profile_free(struct profile *p);

/* Functions by cycles, most first. */
void profile_print_flat(const struct profile *p, FILE *out);

/* Call paths: `outer;inner;innermost cycles`. */
void profile_print_folded(const struct profile *p, FILE *out);

#endif
