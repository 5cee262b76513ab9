/*
 * What a call to another hart costs, in instructions of both together, firmware included. On two harts that take turns
 * (`-icount`): while one works the other is idle, so the counter, which is the machine's, counts the call and no more.
 */
#include "bench/kernel/measure.h"
#include "lib/test/thread.h"

static void serve(u64 unused)
{
    struct msg m = {0};
    sys_wait(&m, TIMEOUT_NEVER, 0);
    for (;;) {
        m = (struct msg){0};
        sys_reply_wait(&m, 0);
    }
}

static u64 measure_calls(void)
{
    u64 least = ~0ull, a = 1, b = 2, c = 3, d = 4;
    for (u32 i = 0; i < ROUNDS; i++) {
        LIVE(a);
        LIVE(b);
        LIVE(c);
        LIVE(d);
        u64 start = instructions();
        struct msg m = {0};
        sys_call(&m, A);
        u64 spent = instructions() - start;
        LIVE(a);
        LIVE(b);
        LIVE(c);
        LIVE(d);
        least = spent < least ? spent : least;
        sys_sleep(1000); /* the other hart has come to rest */
    }
    return least - overhead();
}

static void call_cross(void)
{
    CHECK(test_cpus() > 1);
    CHECK_OK(test_task_create(B));
    CHECK_OK(test_thread_create(0, B, TEST_PRIORITY, 0, 0));
    CHECK_OK(scheduler_run_thread(SCHEDULER, TEST_THREAD(0), TEST_SC(0), 1));
    CHECK_OK(test_thread_run(0, serve, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), 1));
    sys_sleep(1000);
    report(test_boot->command_line[0] ? test_boot->command_line : "ipc.call.cross", measure_calls());
}

TESTS(TEST(call_cross));
