/* Running the launcher's command lines. */
#pragma once

#include "channel.h"

/* EXEC: runs the command line in the shell with empty stdin; sends what it writes as it comes, then STATUS; or FAIL. */
void command_run(const struct frame *frame);

/* OFF: answers DONE and runs `poweroff`. */
void command_power_off(void);
