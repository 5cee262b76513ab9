/*
 * Further threads for tests of the kernel: each with a stack, a UTCB and slots of its own, in the test's task or in
 * another one that shares its image.
 */
#pragma once

#include "lib/test/test.h"

#define TEST_THREADS 16

/* Slots of thread i, emptied behind each test like the others: so the threads end with the test. */
#define TEST_THREAD(i) (SLOT_END + 2 * (i))
#define TEST_SC(i)     (SLOT_END + 2 * (i) + 1)

/* Where UTCBs stand, in each task. */
#define TEST_UTCBS       0x3800000000ull
#define TEST_UTCBS_ORDER 14

/* A new task in `slot` that sees the test's image, at the same addresses, and can have threads. */
err_t test_task_create(cap_t slot);

/* Starts thread i in `task` with an SC of this priority; it calls run(argument) and then sleeps. */
err_t test_thread_start_in(u32 i, cap_t task, u32 priority, void (*run)(u64), u64 argument);

/* The same in the test's own task. */
err_t test_thread_start(u32 i, u32 priority, void (*run)(u64), u64 argument);

/* The same on CPU `cpu`. */
err_t test_thread_start_on(u32 i, u32 cpu, u32 priority, void (*run)(u64), u64 argument);

/* How many CPUs there are. */
u32 test_cpus(void);

/* Makes thread i in `task`, passive and waiting; its first message is handed to `serve`, which never returns. */
err_t test_thread_start_passive(u32 i, cap_t task, void (*serve)(struct msg *));

/* Makes thread i in `task` without starting it; pager and handler are gates or 0. */
err_t test_thread_create(u32 i, cap_t task, u32 priority, cap_t pager, cap_t handler);

/* Thread i and its SC were made otherwise: they come into the test's task and to CPU `cpu`. */
err_t test_thread_adopt(u32 i, u32 cpu);

/* The page that is thread i's stack, in the test's image. */
vaddr_t test_thread_stack(u32 i);

/* Lets thread i run: run(argument) on its stack. */
err_t test_thread_run(u32 i, void (*run)(u64), u64 argument);

/* Number of the calling thread: 0.. as started here, TEST_THREADS for the test's own. */
u32 test_thread_number(void);

/* A gate in `slot` to thread i with this label. */
err_t test_gate_create(cap_t slot, cap_t thread, u64 label);

/* Answers every call with its own words and label: w0 = 0, w1.. as they came, until the thread is killed. */
void test_echo(u64 unused);

/* Answers every call with nothing, by the shortest way: what a message costs at the least. */
void test_serve(u64 unused);
