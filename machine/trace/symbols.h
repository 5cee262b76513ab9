/* Symbols of guest programs: which function an address belongs to. */
#ifndef MACHINE_TRACE_SYMBOLS_H
#define MACHINE_TRACE_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

struct symbol {
    uint64_t start, end;
    char *name;
};

struct symbols {
    struct symbol *list; /* sorted by start; does not overlap */
    unsigned count;
};

/* Adds the functions of a 64-bit RISC-V ELF file. Returns NULL, or a text that says what is wrong with it. */
const char *symbols_add(struct symbols *s, const char *path);

/* The symbol that contains `address`, or NULL. */
const struct symbol *symbols_find(const struct symbols *s, uint64_t address);

/* The address of a symbol by name. Returns false if there is none. */
bool symbols_address(const struct symbols *s, const char *name, uint64_t *address);

void symbols_free(struct symbols *s);

#endif
