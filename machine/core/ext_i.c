/* The base integer instruction set, RV64I, except for what deals with privilege (ext_priv.c). */
#define INSN_FILE "machine/core/rv_i.def"
#include "machine/core/table.h"

const struct isa_extension isa_ext_i = {.name = "i", .insns = insn_table, .insn_count = INSN_COUNT};
