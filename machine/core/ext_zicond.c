/*
 * Zicond: conditional zeroing. It is the smallest complete extension, and the example to start others from: rows for
 * its instructions, the descriptor below, and its line in extensions.def.
 */
#define INSN_FILE "machine/core/rv_zicond.def"
#include "machine/core/table.h"

const struct isa_extension isa_ext_zicond = {.name = "zicond", .insns = insn_table, .insn_count = INSN_COUNT};
