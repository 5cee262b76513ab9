/* Branch prediction: a target buffer, a table of two-bit counters, and a return-address stack. */
#ifndef MACHINE_CORE_BRANCH_H
#define MACHINE_CORE_BRANCH_H

#include "machine/core/params.h"

#define BRANCH_HINTS 256

struct branch_target {
    uint64_t pc, target, used;
};

struct branch_predictor {
    const struct timing_params *params;
    struct branch_target *btb;
    uint16_t hint[BRANCH_HINTS]; /* where in the BTB a pc may be: saves the search, not part of the model */
    uint8_t *bht;
    uint64_t *ras;
    uint32_t ras_top, ras_depth;
    uint64_t clock;
};

bool branch_init(struct branch_predictor *b, const struct timing_params *params);
void branch_free(struct branch_predictor *b);

/* Each function tells the outcome to the predictor and returns the cycles lost. */
uint32_t branch_conditional(struct branch_predictor *b, uint64_t pc, uint64_t target, bool taken);
uint32_t branch_jump(struct branch_predictor *b, uint64_t pc, uint64_t target);
uint32_t branch_indirect(struct branch_predictor *b, uint64_t pc, uint64_t target);
uint32_t branch_return(struct branch_predictor *b, uint64_t target);

/* A call pushes where it will return to. */
void branch_push(struct branch_predictor *b, uint64_t return_address);

struct snapshot;
void branch_snapshot(struct branch_predictor *b, struct snapshot *s);

#endif
