/*
 * What the fuzzers of the kernel drive: a first task and four others on the host kernel, each with a thread, a factory
 * of its own and capabilities to objects that all share; two threads are passive, two serve as pagers and handlers.
 */
#pragma once

#include "kernel/arch/host/host.h"

/* Boots and makes the tasks. Same world each time. */
void world_make(void);

/* Slots of the first task. Task n: n; its thread, SC and factory behind it. */
enum {
    WORLD_TASK = 1,
    WORLD_THREAD,
    WORLD_FACTORY,
    WORLD_LOG,
    WORLD_ICU,
    WORLD_SCHEDULER,
    WORLD_GATES = 8, /* to the threads of the tasks */
    WORLD_IRQ = 12,
    WORLD_SEMAPHORE,
    WORLD_SHARED_SCHEDULER,
    WORLD_SHARED_THREAD, /* of the last task */
    WORLD_TASKS = 16,
    WORLD_GUESTS = 32, /* a task without threads for each of the others, for its virtual user mode */
};
#define WORLD_TASK_COUNT 4
#define WORLD_PASSIVE    2 /* the threads of this task and those behind it have no SC */

/* A step of a run, as fuzzers make them up: any bytes mean something. */
struct step {
    u8 action; /* low 4 bits: what; others: with an interrupt, with an allocation that fails, ... */
    u8 row;    /* row of abi/op.def, or kind of message */
    u8 target;
    u8 shape;  /* deviations from the words and items that the row wants; rights */
    u8 w1_kind, w1, w2_kind, w2, w3_kind, w3;
    u8 item_kind, item, item2_kind, item2;
    u8 window;
    u8 time;   /* timeouts, reply slot */
};

/* Does the step with whoever runs. False: everybody waits for ever, or nobody is left. */
bool world_step(const struct step *s);

/* Invocations done in all. */
extern u64 world_invocations;

/* Runs these steps in a new world and checks the invariants after each `check_every`-th; aborts with what is wrong. */
void world_run(const u8 *bytes, u64 size, u64 check_every);
