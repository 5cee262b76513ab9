/* What debuggers and traces hook into: called around each instruction of a hart that has an observer. */
#ifndef MACHINE_CORE_OBSERVER_H
#define MACHINE_CORE_OBSERVER_H

#include "machine/core/hart.h"

struct observer {
    /*
     * Before the instruction at `pc`. False: do not execute it, but leave hart_run(); *hart.stop must be set. May be
     * NULL.
     */
    bool (*before)(struct observer *ob, struct hart *h, uint64_t pc, const struct op *o, const struct op_info *info);
    /* After it, trapped or not (hart.leave); may be NULL. */
    void (*after)(struct observer *ob, struct hart *h, uint64_t pc, const struct op *o, const struct op_info *info);
    struct observer *next; /* asked after this one; NULL: none */
};

#endif
