/* A line on stderr that tells how far a long run is, for people at a terminal whose output goes elsewhere. */
#ifndef MACHINE_CLI_PROGRESS_H
#define MACHINE_CLI_PROGRESS_H

#include "machine/tile/system.h"

struct progress {
    struct system *system; /* NULL: silent */
    uint64_t before;       /* instructions of a checkpoint */
    double started, told;  /* seconds of host time */
};

/* Tells progress from now on if stderr is a terminal and stdout is not. */
void progress_start(struct progress *p, struct system *s);

/* To be called now and then. */
void progress_tell(struct progress *p);

/* Removes the line. */
void progress_end(struct progress *p);

#endif
