/*
 * Priority and time that urgent callers lend: they need not wait for who is between them and the client of a server.
 * Servers are passive threads of the test's task; thread 7 is the one in between, which never stops by itself.
 */
#include "lib/test/thread.h"

#define LOW     (TEST_PRIORITY - 30)
#define MIDDLE  (TEST_PRIORITY - 20)
#define HIGH    (TEST_PRIORITY - 10)
#define BETWEEN 7

static volatile struct {
    u64 runs, served[TEST_THREADS], error[TEST_THREADS];
    bool hold, stop; /* servers do not answer before `hold` is false */
    cap_t next;      /* gate of the second server, for the first one; 0: it answers itself */
} now;

static void run_on(u64 unused)
{
    while (!now.stop)
        now.runs++;
}

static void serve_held(struct msg *m)
{
    for (;;) {
        for (volatile u32 i = 0; i < 200000 || now.hold; i++)
            ;
        now.served[test_thread_number()]++;
        *m = (struct msg){.tag = TAG(1, 0)};
        sys_reply_wait(m, 0);
    }
}

static void serve_by_next(struct msg *m)
{
    for (;;) {
        struct msg call = {.tag = TAG(1, 0)};
        sys_call(&call, now.next);
        *m = (struct msg){.tag = TAG(1, 0)};
        sys_reply_wait(m, 0);
    }
}

static void call_gate(u64 gate)
{
    struct msg m = {.tag = TAG(1, 0)};
    now.error[test_thread_number()] = (u64)sys_call(&m, (cap_t)gate);
}

static err_t prepare(void)
{
    now.hold = now.stop = false;
    now.runs = 0;
    for (u32 i = 0; i < TEST_THREADS; i++) {
        now.error[i] = ~0ull;
        now.served[i] = 0;
    }
    err_t error = test_thread_start_passive(4, TASK, serve_held);
    if (!error)
        error = test_gate_create(A, TEST_THREAD(4), 1);
    if (!error)
        error = test_thread_start_passive(5, TASK, serve_by_next);
    now.next = A;
    return error ? error : test_gate_create(B, TEST_THREAD(5), 2);
}

/* low's call through `gate` is being served, then comes who never stops, then high's call. */
static err_t invert(cap_t gate, cap_t high_gate)
{
    err_t error = test_thread_start(0, LOW, call_gate, gate);
    sys_sleep(200); /* not enough for the server to answer */
    if (!error)
        error = test_thread_start(BETWEEN, MIDDLE, run_on, 0);
    return error ? error : test_thread_start(1, HIGH, call_gate, high_gate);
}

static void nobody_in_between_delays_an_urgent_caller(void)
{
    CHECK_OK(prepare());
    CHECK_OK(invert(A, A));
    sys_sleep(100000);
    CHECK_EQ(now.error[1], E_OK);
    CHECK_EQ(now.served[4], 2);
    CHECK(now.runs > 0);
    CHECK_EQ(now.error[0], ~0ull); /* low itself has no such friend */
}

static void nor_through_a_chain(void)
{
    CHECK_OK(prepare());
    CHECK_OK(invert(B, B)); /* thread 5 calls thread 4 */
    sys_sleep(100000);
    CHECK_EQ(now.error[1], E_OK);
    CHECK_EQ(now.served[4], 2);
}

static void nor_where_chains_meet(void)
{
    CHECK_OK(prepare());
    CHECK_OK(invert(A, B)); /* high waits for 5, which waits for 4, which works for low */
    sys_sleep(100000);
    CHECK_EQ(now.error[1], E_OK);
    CHECK_EQ(now.served[4], 2);
}

static void without_the_urgent_caller_all_is_as_before(void)
{
    CHECK_OK(prepare());
    CHECK_OK(invert(A, A));
    CHECK_OK(test_delete(TEST_THREAD(1)));
    sys_sleep(100000);
    CHECK_EQ(now.served[4], 0); /* who is in between has the CPU */
    now.stop = true;
    sys_sleep(100000);
    CHECK_EQ(now.error[0], E_OK);
}

/* A client with next to no budget stops in the middle of the server; the next client's drives it. */
static void small_budgets_do_not_stop_a_server(void)
{
    CHECK_OK(prepare());
    CHECK_OK(test_thread_create(0, TASK, LOW, 0, 0));
    CHECK_OK(sc_configure(TEST_SC(0), LOW, 300, 10000000, 0));
    CHECK_OK(test_thread_run(0, call_gate, A));
    sys_sleep(5000);
    CHECK_EQ(now.served[4], 0);
    CHECK_OK(test_thread_start(1, LOW, call_gate, A));
    sys_sleep(100000);
    CHECK_EQ(now.served[4], 2);
    CHECK_EQ(now.error[1], E_OK);
}

TESTS(TEST(nobody_in_between_delays_an_urgent_caller), TEST(nor_through_a_chain), TEST(nor_where_chains_meet),
      TEST(without_the_urgent_caller_all_is_as_before), TEST(small_budgets_do_not_stop_a_server));
