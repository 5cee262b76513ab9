/* How a native program begins and ends. It defines main; what main returns is its status. */
#pragma once

#include "lib/tess/start.h"

int main(void);

/* Called by _start. */
_Noreturn void program_start(const struct start_block *start);

/* Ends the program: tells its supervisor `status`, a wait status as in waitpid. */
_Noreturn void program_exit(u32 status);
