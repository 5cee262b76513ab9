/* The program as a process: what several calls need of the process server. */
#pragma once

#include "abi/types.h"

#define SIGNAL_PIPE 13

/* Sends the signal to the program itself; returns if the process server says that it is ignored. */
void process_raise(u32 signal);

/* Ends the program; `status` as in waitpid. */
_Noreturn void process_exit(u32 status);
