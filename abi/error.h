/* Error codes as constants: E_OK, E_PERM ... from the rows of error.def. */
#pragma once

enum error {
#define ERROR(name, number, by_kernel, text) E_##name = number,
#include "abi/error.def"
#undef ERROR
};
