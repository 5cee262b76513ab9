/* Marks: hints by which programs talk to the simulator; see hw/mosaic_marks.h. */
#define INSN_FILE "machine/core/rv_marks.def"
#include "machine/core/table.h"

const struct isa_extension isa_ext_marks = {.name = "marks", .insns = insn_table, .insn_count = INSN_COUNT};
