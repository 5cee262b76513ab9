/*
 * The timing model of an in-order, single-issue core in the class of Rocket and U54: what an instruction costs, given
 * that it has been executed. docs/timing.md describes the model; params.def holds its numbers.
 */
#ifndef MACHINE_CORE_TIMING_H
#define MACHINE_CORE_TIMING_H

#include "machine/core/code.h"
#include "machine/core/params.h"
#include "machine/mem/hierarchy.h"

enum timing_event {
    TIMING_NO_EVENT,
#define EVENT(name, meaning) TIMING_##name,
#include "machine/core/events.def"
#undef EVENT
    TIMING_EVENTS
};

extern const char *const timing_event_names[TIMING_EVENTS];

struct timing;
struct snapshot;

/* The model of one core; `hierarchy` is shared with the others. NULL if there is no memory. */
struct timing *timing_create(const struct timing_params *params, struct hierarchy *hierarchy, unsigned core,
                             const struct ram *ram);
void timing_free(struct timing *t);

/*
 * Charges the instruction `o` at `pc` in `page`, just executed, to hart.cycle. `next_pc` is where execution goes on;
 * hart.access and hart.leave tell what memory it touched and whether it trapped.
 */
void timing_charge(struct timing *t, struct hart *h, const struct code_page *page, const struct op *o, uint64_t pc,
                   uint64_t next_pc);

/* An interrupt was taken instead of an instruction. */
void timing_interrupt(struct timing *t, struct hart *h);

/* sfence.vma: forgets translations. */
void timing_fence(struct timing *t);

/* How often an event has happened; 0 for numbers that mean nothing. */
uint64_t timing_count(const struct timing *t, unsigned event);

/* Saves or restores the state of the core's predictors, TLBs and units. */
void timing_snapshot(struct timing *t, struct snapshot *s);

#endif
