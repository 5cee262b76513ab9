/* Helpers for tables of control and status registers. */
#ifndef MACHINE_CORE_CSR_H
#define MACHINE_CORE_CSR_H

#include "machine/core/isa.h"

/* CSR_FIELD(name, mask): accessors of a register that is just the field `name` of the hart, with writable bits. */
#define CSR_FIELD(name, mask)                                                                                          \
    static uint64_t read_##name(struct hart *h, unsigned number)                                                       \
    {                                                                                                                  \
        return h->name;                                                                                                \
    }                                                                                                                  \
    static void write_##name(struct hart *h, unsigned number, uint64_t value)                                          \
    {                                                                                                                  \
        h->name = value & (mask);                                                                                      \
    }

/* CSR_CONSTANT(name, value): a register that always reads as `value`; writes are ignored. */
#define CSR_CONSTANT(name, value)                                                                                      \
    static uint64_t read_##name(struct hart *h, unsigned number)                                                       \
    {                                                                                                                  \
        return value;                                                                                                  \
    }                                                                                                                  \
    static void write_##name(struct hart *h, unsigned number, uint64_t ignored)                                        \
    {                                                                                                                  \
    }

#define CSR_ROW(number, flags, name, allowed)                                                                          \
    {                                                                                                                  \
        number, flags, #name, read_##name, write_##name, allowed                                                       \
    }
#define CSR_TABLE(ext, table)                                                                                          \
    const struct isa_extension isa_ext_##ext = {                                                                       \
        .name = #ext, .csrs = table, .csr_count = sizeof table / sizeof table[0], .reset = reset}

#endif
