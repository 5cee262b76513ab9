/*
 * Turns the rows of one .def file (INSN_FILE, a quoted path) into handlers and a table of instructions named
 * insn_table. It is included once by each extension, after the functions that its rows use. A row's encoding expands
 * to match, mask and format before the row is taken apart.
 */
#include "machine/core/exec.h"

#define INSN(...)      INSN_HANDLER(OP, __VA_ARGS__)
#define INSN_NEAR(...) INSN_HANDLER(OP_NEAR, __VA_ARGS__)
#define INSN_HANDLER(kind, name, match, mask, format, regs, cls, ...)                                                  \
    kind(op_##name)                                                                                                    \
    {                                                                                                                  \
        __VA_ARGS__;                                                                                                   \
        NEXT;                                                                                                          \
    }
#include INSN_FILE
#undef INSN
#undef INSN_NEAR

#define INSN(...)      INSN_ROW(EXEC, __VA_ARGS__)
#define INSN_NEAR(...) INSN_ROW(EXEC_NEAR, __VA_ARGS__)
#define INSN_ROW(kind, name, match, mask, format, regs, cls, ...)                                                      \
    {#name, match, mask, format, cls, regs, kind(op_##name)},
static const struct isa_insn insn_table[] = {
#include INSN_FILE
};
#undef INSN
#undef INSN_NEAR

#define INSN_COUNT (sizeof insn_table / sizeof insn_table[0])
