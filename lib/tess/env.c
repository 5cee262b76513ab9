/* Lookups in the program's start block. */
#include "lib/tess/env.h"

#include "lib/base/string.h"

const struct start_block *env_start;

static const char *text(u32 offset)
{
    return (const char *)env_start + offset;
}

cap_t env_cap(const char *name)
{
    const struct start_cap *cap = (const struct start_cap *)text(env_start->capv);
    for (u32 i = 0; i < env_start->capc; i++)
        if (!strcmp(text(cap[i].name), name))
            return cap[i].slot;
    return 0;
}

const char *env_arg(u32 i)
{
    if (i >= env_start->argc)
        return NULL;
    const char *s = text(env_start->argv);
    while (i--)
        s += strlen(s) + 1;
    return s;
}
