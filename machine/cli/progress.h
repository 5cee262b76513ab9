/* A line on stderr that tells how far a long run is, for people at a terminal whose output goes elsewhere. */
#ifndef MACHINE_CLI_PROGRESS_H
#define MACHINE_CLI_PROGRESS_H

#include "machine/board/machine.h"

struct progress {
    struct machine *machine;
    struct event event;
    double started, told; /* seconds of host time */
};

/* Tells progress from now on if stderr is a terminal and stdout is not. */
void progress_start(struct progress *p, struct machine *m);

/* Removes the line. */
void progress_end(struct progress *p);

#endif
