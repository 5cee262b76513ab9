/*
 * Log.debug, and something to watch: a caller and a server, on two CPUs where there are. `watched=panic` and
 * `watched=trap` on the kernel's command line end the kernel instead.
 */
#include "abi/trace.h"
#include "lib/base/string.h"
#include "lib/test/thread.h"

#define CALLS 20

static bool command_line_has(const char *word)
{
    for (const char *p = test_boot->command_line; *p; p++)
        if (!strncmp(p, word, strlen(word)))
            return true;
    return false;
}

/* The kernel is a debug build; a release build knows nothing of all this. */
static bool debug_kernel(void)
{
    err_t error = log_debug(LOG, DEBUG_TRACE, command_line_has("trace"), 0, NULL);
    if (error == E_NOSYS)
        test_skip("the kernel is a release build");
    else if (error)
        test_fail_equal(__FILE__, __LINE__, "error of Log.debug", (u64)error, E_OK);
    return !error;
}

static void refuses_nonsense(void)
{
    u64 w[4];
    if (!debug_kernel())
        return;
    CHECK_EQ(log_debug(LOG, 0, 0, 0, NULL), E_INVAL);
    CHECK_EQ(log_debug(LOG, DEBUG_PANIC + 1, 0, 0, NULL), E_INVAL);
    CHECK_EQ(log_debug(LOG, DEBUG_RECORD, TRACE_RINGS_MAX, 0, w), E_RANGE);
    CHECK_EQ(log_debug(LOG, DEBUG_RECORD, 0, ~0ull, w), E_NOENT);
    sys_put_cap(0, THREAD);
    CHECK_EQ(log_debug(LOG, DEBUG_NAME, 0, 0, NULL), E_INVAL);
    CHECK_OK(task_map(TASK, TASK, FPAGE_OBJ(LOG, 0, RIGHT_USE), (u64)A << FPAGE_START_SHIFT));
    CHECK_EQ(log_debug(A, DEBUG_PANIC, 0, 0, NULL), E_PERM);
}

/* A name arrives in the last ring, from where it can be read. */
static void names_a_task(void)
{
    u64 w[4], name = 0x64656863746177; /* "watched" */
    if (!debug_kernel())
        return;
    sys_put_cap(0, TASK);
    CHECK_OK(log_debug(LOG, DEBUG_NAME, name, 0, NULL));
    for (u64 n = 0; !log_debug(LOG, DEBUG_RECORD, test_boot->cpu_count, n, w); n++)
        if ((u32)w[1] == TRACE_NAME && w[2] == name)
            return;
    CHECK(!"the name is in the ring");
}

/* Events appear in the ring while tracing is on, and only then. */
static void traces_when_asked(void)
{
    u64 w[4], head = 0;
    if (!debug_kernel())
        return;
    CHECK_OK(log_debug(LOG, DEBUG_TRACE, 0, 0, NULL));
    while (log_debug(LOG, DEBUG_RECORD, 0, head, w) == E_OK)
        head++;
    CHECK_OK(factory_create_gate(FACTORY, A));
    CHECK_EQ(log_debug(LOG, DEBUG_RECORD, 0, head, w), E_NOENT);
    CHECK_OK(log_debug(LOG, DEBUG_TRACE, 1, 0, NULL));
    CHECK_OK(factory_create_gate(FACTORY, B));
    CHECK_OK(log_debug(LOG, DEBUG_TRACE, command_line_has("trace"), 0, NULL));
    for (bool found = false; !found; head++) {
        CHECK_OK(log_debug(LOG, DEBUG_RECORD, 0, head, w));
        found = (u32)w[1] == TRACE_CREATE && w[3] == OBJ_GATE;
    }
}

static void calls_a_server(void)
{
    u64 label;
    err_t error = test_thread_create(0, TASK, TEST_PRIORITY + 1, 0, 0);
    if (!error && test_boot->cpu_count > 1)
        error = scheduler_run_thread(SCHEDULER, TEST_THREAD(0), TEST_SC(0), 1);
    CHECK_OK(error);
    CHECK_OK(test_thread_run(0, test_echo, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), 7));
    for (label = 0; label < CALLS; label++) {
        struct msg m = {.tag = TAG(2, 0), .w = {0, label}};
        CHECK_OK(sys_call(&m, A));
        CHECK_EQ(m.w[1], label);
    }
}

static void dumps(void)
{
    if (debug_kernel())
        CHECK_OK(log_debug(LOG, DEBUG_DUMP, 'a', 0, NULL));
}

static void ends_if_asked(void)
{
    if (command_line_has("watched=panic"))
        log_debug(LOG, DEBUG_PANIC, 0, 0, NULL);
    if (command_line_has("watched=trap"))
        log_debug(LOG, DEBUG_PANIC, 1, 0, NULL);
}

TESTS(TEST(ends_if_asked), TEST(refuses_nonsense), TEST(names_a_task), TEST(traces_when_asked), TEST(calls_a_server),
      TEST(dumps));
