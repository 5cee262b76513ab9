/*
 * A kernel that plays back messages to one serving thread: kernel objects say yes to everything, and what the server
 * answers is written down.
 */
#pragma once

#include <setjmp.h>

#include "lib/sys/object.h"

#define SCRIPT_MAX 32

/* What the server receives next; word 0 and tag as sent. `error`: the wait ends with this error instead. */
struct script_step {
    void *label;
    u64 tag, w[4];
    err_t error;
    cap_t capability; /* arrives in window 0 */
};

/* What it answered: to step `request`, through which reply slot (0: implicit). */
struct script_answer {
    u64 tag, w[MSG_REGS];
    cap_t reply;
    struct map_item item;
};

extern struct script_answer script_answers[SCRIPT_MAX];
extern u32 script_answer_count;
extern cap_t script_deleted[SCRIPT_MAX]; /* slots that were emptied, in order */
extern u32 script_deleted_count;
extern u64 script_unheld;     /* label of a session that has lost its clients: told once */
extern u64 script_irq;        /* label of the Irq that was bound last: the signal that clients have gone */
extern bool script_no_memory; /* factories are exhausted */

/* Runs the serve loop over the steps; returns when it waits for more. */
void script_run(const struct script_step *steps, u32 count);

/* Forgets what was written down. */
void script_reset(void);
