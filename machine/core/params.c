/* Parameters by name; see params.h. */
#include "machine/core/params.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

const struct timing_params timing_default_params = {
#define PARAM(section, name, value, lowest, highest, meaning) .section##_##name = value,
#include "machine/core/params.def"
#undef PARAM
};

static const struct {
    const char *name;
    size_t offset;
    uint32_t lowest, highest;
} table[] = {
#define PARAM(section, name, value, lowest, highest, meaning)                                                          \
    {#section "." #name, offsetof(struct timing_params, section##_##name), lowest, highest},
#include "machine/core/params.def"
#undef PARAM
};

const char *timing_param_set(struct timing_params *p, const char *name, uint64_t value)
{
    static char text[96];

    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].name, name) != 0)
            continue;
        if (value < table[i].lowest || value > table[i].highest) {
            snprintf(text, sizeof text, "%s must be %u to %u", name, table[i].lowest, table[i].highest);
            return text;
        }
        *(uint32_t *)((char *)p + table[i].offset) = (uint32_t)value;
        return NULL;
    }
    return "there is no such parameter";
}

static bool is_power_of_two(uint32_t v)
{
    return (v & (v - 1)) == 0;
}

static bool cache_ok(uint32_t size, uint32_t ways)
{
    return size % (64 * ways) == 0 && is_power_of_two(size / (64 * ways));
}

const char *timing_params_check(const struct timing_params *p)
{
    if (!cache_ok(p->l1i_size, p->l1i_ways) || !cache_ok(p->l1d_size, p->l1d_ways) || !cache_ok(p->l2_size, p->l2_ways))
        return "a cache's size must be ways * 64 bytes * a power of two";
    if (!is_power_of_two(p->branch_bht) || !is_power_of_two(p->tlb_l2_entries) || !is_power_of_two(p->dram_banks) ||
        !is_power_of_two(p->dram_row_bytes))
        return "branch.bht, tlb.l2_entries, dram.banks and dram.row_bytes must be powers of two";
    return NULL;
}
