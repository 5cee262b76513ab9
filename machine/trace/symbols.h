/* Symbols of guest programs: which function an address belongs to. */
#ifndef MACHINE_TRACE_SYMBOLS_H
#define MACHINE_TRACE_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#define SYMBOLS_ALL 0 /* of programs that any hart runs; else the hart's number + 1 */

struct symbol {
    uint32_t whose; /* SYMBOLS_ALL or a hart's: tiles have memories and programs of their own */
    uint64_t start, end;
    char *name;
};

struct symbols {
    struct symbol *list; /* sorted by whose, then start; those of one do not overlap */
    unsigned count;
};

/* Adds the functions of a 64-bit RISC-V ELF file, for all harts or for one. Returns NULL, or a text that says what is
 * wrong with it. */
const char *symbols_add(struct symbols *s, const char *path, uint32_t whose);

/* The symbol that contains `address` on the hart with that number, or NULL. Its own symbols come before those of all.
 */
const struct symbol *symbols_find(const struct symbols *s, unsigned hart, uint64_t address);

/* The address of a symbol by name. Returns false if there is none. */
bool symbols_address(const struct symbols *s, const char *name, uint64_t *address);

void symbols_free(struct symbols *s);

#endif
