/*
 * One-way calls between address spaces and nothing else, for Mosaic to count the lines of memory that the kernel
 * touches from `lines_call` to `lines_served` (tools/bench). Runs as the first task, on nothing but the kernel.
 */
#include "lib/test/thread.h"

#define CALLS 64

/* Both live in labels of their own: windows are between addresses. */
static void serve(u64 unused)
{
    struct msg m = {0};
    sys_wait(&m, TIMEOUT_NEVER, 0);
    for (;;) {
        m = (struct msg){0};
        sys_reply_wait(&m, 0);
        __asm__ volatile(".globl lines_served\nlines_served:");
    }
}

static void call_lines(void)
{
    CHECK_OK(test_task_create(B));
    CHECK_OK(test_thread_start_in(0, B, TEST_PRIORITY + 10, serve, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), 1));
    for (u32 i = 0; i < CALLS; i++) {
        struct msg m = {0};
        __asm__ volatile(".globl lines_call\nlines_call:");
        sys_call(&m, A);
    }
}

TESTS(TEST(call_lines));
