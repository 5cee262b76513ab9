/* The parameters of the timing model, as a struct made from params.def. */
#ifndef MACHINE_CORE_PARAMS_H
#define MACHINE_CORE_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

struct timing_params {
#define PARAM(section, name, value, lowest, highest, meaning) uint32_t section##_##name;
#include "machine/core/params.def"
#undef PARAM
};

extern const struct timing_params timing_default_params;

/*
 * Sets a parameter by its full name, `section.name`. Returns NULL, or a text that says what is wrong: no such
 * parameter, or out of its range.
 */
const char *timing_param_set(struct timing_params *p, const char *name, uint64_t value);

/* Checks what concerns several parameters. Returns NULL, or what is wrong. */
const char *timing_params_check(const struct timing_params *p);

#endif
