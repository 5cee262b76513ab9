/*
 * Priority lent across CPUs. The test's thread, the most urgent of all on CPU 0, arranges who waits for whom; when it
 * sleeps, a thread in between, which never stops by itself, has CPU 0 unless somebody waits there for the server. So
 * each test ends only if priority was lent. With one CPU all are on that.
 */
#include "lib/test/thread.h"

#define LOW    (TEST_PRIORITY - 40)
#define MIDDLE (TEST_PRIORITY - 30)
#define HIGH   (TEST_PRIORITY - 20)

enum { CLIENT, BETWEEN, URGENT, RELAY, KEEPER, SERVER }; /* threads */

static volatile struct {
    u64 served, order[TEST_THREADS]; /* who noted something, in this order; NOBODY: not yet */
    bool busy, hold, stop; /* the server has a request; it does not go on with it; all end */
    u64 error[TEST_THREADS];
} now;
static u64 tickets;

#define NOBODY TEST_THREADS

static void note(void)
{
    now.order[__atomic_fetch_add(&tickets, 1, __ATOMIC_RELAXED) % TEST_THREADS] = test_thread_number();
}

static u64 noted(void)
{
    u64 n = 0;
    while (n < TEST_THREADS && now.order[n] != NOBODY)
        n++;
    return n;
}

/* The server: stays with its first request while it is told to, and notes that it has ended with it. */
static void handle(struct msg *m)
{
    now.busy = true;
    while (now.hold)
        ;
    now.served++;
    note();
    *m = (struct msg){.tag = TAG(1, 0)};
}

static void serve(u64 unused)
{
    struct msg m = {0};
    sys_wait(&m, TIMEOUT_NEVER, 0);
    for (;;) {
        handle(&m);
        sys_reply_wait(&m, 0);
    }
}

static void serve_passive(struct msg *m)
{
    for (;;) {
        handle(m);
        sys_reply_wait(m, 0);
    }
}

/* Answers by way of the server behind A. */
static void relay(u64 unused)
{
    struct msg m = {0};
    sys_wait(&m, TIMEOUT_NEVER, 0);
    for (;;) {
        m = (struct msg){.tag = TAG(1, 0)};
        sys_call(&m, A);
        m = (struct msg){.tag = TAG(1, 0)};
        sys_reply_wait(&m, 0);
    }
}

static void call_gate(u64 gate)
{
    struct msg m = {.tag = TAG(1, 0)};
    now.error[test_thread_number()] = (u64)sys_call(&m, (cap_t)gate);
    note();
}

static void run_on(u64 unused)
{
    note();
    while (!now.stop)
        ;
}

static u32 other_cpu(u32 n)
{
    return n % test_cpus();
}

static u64 state_of(u32 thread)
{
    u64 us, state = ~0ull, priority;
    thread_stats(TEST_THREAD(thread), &us, &state, &priority);
    return state;
}

/* Sleeps until the thread is in this state; who waits in a queue has lent its priority by then. */
static bool comes_to(u32 thread, u64 state)
{
    for (u32 i = 0; i < 20000 && state_of(thread) != state; i++)
        sys_sleep(1000);
    return state_of(thread) == state;
}

static bool comes_true(volatile bool *what)
{
    for (u32 i = 0; i < 20000 && !*what; i++)
        sys_sleep(1000);
    return *what;
}

/* So many have noted something. */
static bool have_ended(u64 count)
{
    for (u32 i = 0; i < 20000 && noted() < count; i++)
        sys_sleep(1000);
    return noted() >= count;
}

static bool answered(u32 thread)
{
    for (u32 i = 0; i < 20000 && now.error[thread] == ~0ull; i++)
        sys_sleep(1000);
    return now.error[thread] == E_OK;
}

/* Server and client are on CPU 0, the first with the second's request. `passive`: on the client's time. */
static err_t start_server(bool passive)
{
    now.served = tickets = 0;
    now.busy = now.stop = false;
    now.hold = true;
    for (u32 i = 0; i < TEST_THREADS; i++)
        now.error[i] = ~0ull, now.order[i] = NOBODY;
    err_t error = passive ? test_thread_start_passive(SERVER, TASK, serve_passive)
                          : test_thread_start_on(SERVER, 0, LOW, serve, 0);
    if (!error)
        error = test_gate_create(A, TEST_THREAD(SERVER), 1);
    if (!error)
        error = test_thread_start_on(CLIENT, 0, LOW, call_gate, A);
    return error;
}

/*
 * An urgent caller of `gate` on CPU `cpu` waits already when somebody comes to CPU 0 who never stops; then all may go
 * on. The server must end with its first request before that one has begun.
 */
static void urgent_caller_comes_first(cap_t gate, u32 cpu)
{
    CHECK(comes_true(&now.busy));
    CHECK_OK(test_thread_start_on(URGENT, cpu, HIGH, call_gate, gate));
    CHECK(comes_to(URGENT, THREAD_STATE_SENDING));
    CHECK_OK(test_thread_start_on(BETWEEN, 0, MIDDLE, run_on, 0));
    CHECK_EQ(noted(), 0);
    now.hold = false;
    CHECK(have_ended(1));
    CHECK_EQ(now.order[0], SERVER);
}

/* The server has an SC of its own: with the urgent caller's request it goes on as it would with any other. */
static void busy_server_is_as_urgent_as_a_caller_elsewhere(void)
{
    CHECK_OK(start_server(false));
    urgent_caller_comes_first(A, other_cpu(1));
    now.stop = true;
    CHECK(answered(URGENT));
    CHECK(answered(CLIENT));
    CHECK_EQ(now.served, 2);
}

/* A passive one goes to the urgent caller's CPU and time, and answers though the one in between never stops. */
static void so_is_a_passive_one(void)
{
    CHECK_OK(start_server(true));
    urgent_caller_comes_first(A, other_cpu(1));
    CHECK(answered(URGENT));
    CHECK_EQ(now.error[CLIENT], ~0ull);
    now.stop = true;
    CHECK(answered(CLIENT));
    CHECK_EQ(now.served, 2);
}

/* The urgent caller waits for a thread on a second CPU, which waits for the server on CPU 0. */
static void so_is_one_at_the_end_of_a_chain(void)
{
    CHECK_OK(start_server(false));
    CHECK(comes_true(&now.busy));
    CHECK_OK(test_thread_start_on(RELAY, other_cpu(1), LOW, relay, 0));
    CHECK_OK(test_gate_create(B, TEST_THREAD(RELAY), 2));
    CHECK_OK(test_thread_start_on(KEEPER, other_cpu(1), LOW, call_gate, B));
    CHECK(comes_to(RELAY, THREAD_STATE_SENDING));
    urgent_caller_comes_first(B, other_cpu(2));
    now.stop = true;
    CHECK(answered(URGENT));
    CHECK(answered(KEEPER));
    CHECK(answered(CLIENT));
    CHECK_EQ(now.served, 3);
}

/* An urgent caller that gives up takes its priority along: who is in between comes first. */
static void who_gives_up_lends_nothing(void)
{
    CHECK_OK(start_server(false));
    CHECK(comes_true(&now.busy));
    CHECK_OK(test_thread_start_on(URGENT, other_cpu(1), HIGH, call_gate, A));
    CHECK(comes_to(URGENT, THREAD_STATE_SENDING));
    CHECK_OK(thread_ex_regs(TEST_THREAD(URGENT), EX_REGS_CANCEL, 0, 0, 0, 0));
    CHECK(have_ended(1));
    CHECK_EQ(now.order[0], URGENT);
    CHECK_EQ(now.error[URGENT], E_INTR);
    CHECK_OK(test_thread_start_on(BETWEEN, 0, MIDDLE, run_on, 0));
    now.hold = false;
    CHECK(have_ended(2));
    CHECK_EQ(now.order[1], BETWEEN);
    now.stop = true;
    CHECK(answered(CLIENT));
}

TESTS(TEST(busy_server_is_as_urgent_as_a_caller_elsewhere), TEST(so_is_a_passive_one),
      TEST(so_is_one_at_the_end_of_a_chain), TEST(who_gives_up_lends_nothing));
