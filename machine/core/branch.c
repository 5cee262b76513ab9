/*
 * Branch prediction; see branch.h. A taken branch costs nothing if the target buffer knows it and the counters agree;
 * without an entry the front end goes straight on, so that a taken branch is a misprediction and a direct jump is
 * noticed at decode.
 */
#include "machine/core/branch.h"

#include <stdlib.h>
#include <string.h>

#include "machine/dev/snapshot.h"

bool branch_init(struct branch_predictor *b, const struct timing_params *params)
{
    *b = (struct branch_predictor){.params = params};
    b->btb = calloc(params->branch_btb, sizeof *b->btb);
    b->bht = calloc(params->branch_bht, sizeof *b->bht);
    b->ras = calloc(params->branch_ras, sizeof *b->ras);
    return b->btb && b->bht && b->ras;
}

void branch_free(struct branch_predictor *b)
{
    free(b->btb);
    free(b->bht);
    free(b->ras);
}

static uint16_t *hint_of(struct branch_predictor *b, uint64_t pc)
{
    return &b->hint[pc >> 1 & (BRANCH_HINTS - 1)];
}

static struct branch_target *find(struct branch_predictor *b, uint64_t pc)
{
    struct branch_target *t = &b->btb[*hint_of(b, pc)];

    if (t->pc != pc) {
        for (t = b->btb; t < b->btb + b->params->branch_btb && t->pc != pc; t++)
            ;
        if (t == b->btb + b->params->branch_btb)
            return NULL;
        *hint_of(b, pc) = (uint16_t)(t - b->btb);
    }
    t->used = ++b->clock;
    return t;
}

static void learn(struct branch_predictor *b, uint64_t pc, uint64_t target)
{
    struct branch_target *oldest = b->btb;

    for (uint32_t i = 1; i < b->params->branch_btb; i++)
        if (b->btb[i].used < oldest->used)
            oldest = &b->btb[i];
    *oldest = (struct branch_target){pc, target, ++b->clock};
    *hint_of(b, pc) = (uint16_t)(oldest - b->btb);
}

/* Two-bit counters: 0 and 1 predict not taken, 2 and 3 taken. */
static void train(uint8_t *counter, bool taken)
{
    if (taken && *counter < 3)
        ++*counter;
    else if (!taken && *counter > 0)
        --*counter;
}

uint32_t branch_conditional(struct branch_predictor *b, uint64_t pc, uint64_t target, bool taken)
{
    uint8_t *counter = &b->bht[pc >> 1 & (b->params->branch_bht - 1)];
    bool predicted = *counter >= 2;

    train(counter, taken);
    if (!taken && !predicted)
        return 0; /* the usual case needs no look at the target buffer */
    struct branch_target *t = find(b, pc);
    if (!taken)
        return t && predicted ? b->params->core_mispredict : 0;
    if (!t) {
        learn(b, pc, target);
        return b->params->core_mispredict;
    }
    return predicted ? 0 : b->params->core_mispredict;
}

uint32_t branch_jump(struct branch_predictor *b, uint64_t pc, uint64_t target)
{
    if (find(b, pc))
        return 0;
    learn(b, pc, target);
    return b->params->core_jump_decode;
}

uint32_t branch_indirect(struct branch_predictor *b, uint64_t pc, uint64_t target)
{
    struct branch_target *t = find(b, pc);

    if (!t) {
        learn(b, pc, target);
        return b->params->core_mispredict;
    }
    bool right = t->target == target;
    t->target = target;
    return right ? 0 : b->params->core_mispredict;
}

void branch_push(struct branch_predictor *b, uint64_t return_address)
{
    b->ras_top = (b->ras_top + 1) % b->params->branch_ras;
    b->ras[b->ras_top] = return_address;
    if (b->ras_depth < b->params->branch_ras)
        b->ras_depth++;
}

uint32_t branch_return(struct branch_predictor *b, uint64_t target)
{
    if (!b->ras_depth)
        return b->params->core_mispredict;
    uint64_t predicted = b->ras[b->ras_top];
    b->ras_top = (b->ras_top + b->params->branch_ras - 1) % b->params->branch_ras;
    b->ras_depth--;
    return predicted == target ? 0 : b->params->core_mispredict;
}

void branch_snapshot(struct branch_predictor *b, struct snapshot *s)
{
    snapshot_section(s, "branch", b->params->branch_btb);
    snapshot_bytes(s, b->btb, b->params->branch_btb * sizeof *b->btb);
    snapshot_bytes(s, b->bht, b->params->branch_bht * sizeof *b->bht);
    snapshot_bytes(s, b->ras, b->params->branch_ras * sizeof *b->ras);
    snapshot_bytes(s, &b->ras_top, sizeof b->ras_top);
    snapshot_bytes(s, &b->ras_depth, sizeof b->ras_depth);
    snapshot_bytes(s, &b->clock, sizeof b->clock);
    memset(b->hint, 0, sizeof b->hint);
    if (b->ras_top >= b->params->branch_ras || b->ras_depth > b->params->branch_ras)
        s->failed = true;
}
