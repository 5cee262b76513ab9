/*
 * What a call to another hart costs, in instructions of both together, firmware included. On two harts that take turns
 * (`-icount`): while one works the other is idle, so the counter, which is the machine's, counts the call and no more.
 */
#include "bench/kernel/measure.h"
#include "lib/test/thread.h"

static void call_cross(void)
{
    CHECK(test_cpus() > 1);
    CHECK_OK(test_task_create(B));
    CHECK_OK(test_thread_create(0, B, TEST_PRIORITY, 0, 0));
    CHECK_OK(scheduler_run_thread(SCHEDULER, TEST_THREAD(0), TEST_SC(0), 1));
    CHECK_OK(test_thread_run(0, test_serve, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), 1));
    sys_sleep(1000);
    report(test_boot->command_line[0] ? test_boot->command_line : "ipc.call.cross",
           measure_calls(0, 1000)); /* pauses: the other hart has come to rest */
}

TESTS(TEST(call_cross));
