/* The one system call, in full: everything that the fast path leaves. */
#pragma once

#include "kernel/cold.h"
#include "kernel/thread.h"

/* Executes the invocation in t's registers. */
void invoke(struct thread *t);

/* A row of abi/op.def: what it does, and the least that it wants. Items are looked at by who uses them. */
typedef err_t operation_fn(struct thread *caller, struct object *object, u64 *w);
struct operation {
    operation_fn *run;
    u8 rights, words;
};

#define OPERATIONS_MAX 16 /* of an object, and 0; a power of two is found fastest */
extern const struct operation invoke_operations[][OPERATIONS_MAX]; /* by type and number; no `run`: none */

/* Operation `number` of o, for a capability and a tag that are enough for it. NULL and *error: NOSYS, MSGSIZE, PERM. */
static ALWAYS_INLINE const struct operation *invoke_find(const struct object *o, u64 number, u64 capability, u64 tag,
                                                         err_t *error)
{
    const struct operation *op = number < OPERATIONS_MAX ? &invoke_operations[o->type][number] : NULL;
    *error = !op || !op->run                           ? E_NOSYS
             : (tag & TAG_WORDS_MASK) < op->words      ? E_MSGSIZE
             : (capability & op->rights) != op->rights ? E_PERM
                                                       : E_OK;
    return *error ? NULL : op;
}

/*
 * t's operation on o has returned `error`. True: t goes on, nothing else concerns who runs (cpu.news); its answer is no
 * error, words 1-4 as they are, else 0. False: t's registers are as they shall be; sched_exit is next.
 */
bool invoke_ended(struct thread *t, const struct object *o, err_t error);
