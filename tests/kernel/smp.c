/*
 * Several CPUs: threads run on each of them, and messages, answers, signals and timeouts go from one to another, with
 * counts that are exact. With one CPU the same programs run there.
 */
#include "lib/test/thread.h"

#define LEVEL  (TEST_PRIORITY - 10)
#define ROUNDS 300
#define MANY   12 /* clients */
#define SERVER (TEST_THREADS - 1)

static volatile u64 counts[TEST_THREADS], errors[TEST_THREADS];
static volatile bool stop;

static u64 sum(void)
{
    u64 all = 0;
    for (u32 i = 0; i < TEST_THREADS; i++)
        all += counts[i];
    return all;
}

static void clear(void)
{
    stop = false;
    for (u32 i = 0; i < TEST_THREADS; i++)
        counts[i] = errors[i] = 0;
}

static bool ended(u32 threads)
{
    for (u32 i = 0; i < threads; i++)
        if (errors[i] == 0)
            return false;
    return true;
}

/* Waits, asleep, until threads 0 .. threads - 1 have noted their end. */
static bool wait_for(u32 threads)
{
    for (u32 i = 0; i < 20000 && !ended(threads); i++)
        sys_sleep(1000);
    return ended(threads);
}

/* A thread's end, with the error that led to it. */
static void note_end(err_t error)
{
    errors[test_thread_number()] = (u64)error + 1;
}

static u32 cpu_for(u32 i)
{
    return i % test_cpus();
}

static void cpus_are_listed(void)
{
    u64 idle = 0;
    u32 n = test_cpus();
    CHECK_EQ(n, test_boot->cpu_count);
    for (u32 i = 0; i < n; i++) {
        bool online = false;
        CHECK_OK(scheduler_is_online(SCHEDULER, i, &online));
        CHECK(online);
        CHECK_OK(scheduler_idle_time(SCHEDULER, i, &idle));
    }
    bool online = true;
    CHECK_OK(scheduler_is_online(SCHEDULER, n, &online));
    CHECK(!online);
    CHECK_EQ(scheduler_idle_time(SCHEDULER, n, &idle), E_RANGE);
    CHECK_OK(test_thread_create(0, TASK, LEVEL, 0, 0));
    CHECK_EQ(scheduler_run_thread(SCHEDULER, TEST_THREAD(0), TEST_SC(0), n), E_RANGE);
    CHECK_EQ(sc_configure(TEST_SC(0), LEVEL, 0, 0, n), E_RANGE);
    CHECK_EQ(sc_configure(TEST_SC(0), LEVEL, 0, 0, 1u << 31), E_RANGE);
}

static void count(u64 unused)
{
    while (!stop)
        counts[test_thread_number()]++;
    note_end(E_OK);
}

/* The test's own thread is more urgent and never sleeps: only other CPUs let the others count. */
static void each_cpu_runs_threads(void)
{
    clear();
    u32 n = test_cpus() < TEST_THREADS ? test_cpus() : TEST_THREADS;
    for (u32 i = 1; i < n; i++)
        CHECK_OK(test_thread_start_on(i, i, LEVEL, count, 0));
    for (u32 i = 1; i < n; i++)
        for (u64 spins = 0; counts[i] == 0; spins++)
            CHECK(spins < 1ull << 32);
    stop = true;
    counts[0] = errors[0] = 1;
    CHECK(wait_for(n));
}

static void serve(u64 unused)
{
    u32 me = test_thread_number();
    struct msg m = {0};
    err_t error = sys_wait(&m, TIMEOUT_NEVER, 0);
    while (!error) {
        counts[me]++;
        m.w[1] += m.w[0];
        error = sys_reply_wait(&m, 0);
    }
    note_end(error);
}

/* ROUNDS calls with words that change, each answer checked. */
static void call(u64 gate)
{
    u32 me = test_thread_number();
    err_t error = E_OK;
    for (u64 k = 0; k < ROUNDS && !error; k++) {
        struct msg m = {.tag = TAG(2, 0), .w = {me, k}};
        error = sys_call(&m, (cap_t)gate);
        if (!error && m.w[1] != k + me)
            error = E_FAULT;
        counts[me] += !error;
    }
    note_end(error);
}

static void clients_end(u32 clients, void (*run)(u64))
{
    for (u32 i = 0; i < clients; i++)
        CHECK_OK(test_thread_start_on(i, cpu_for(i), LEVEL - i % 3, run, A));
    CHECK(wait_for(clients));
    for (u32 i = 0; i < clients; i++)
        CHECK_EQ(errors[i], E_OK + 1);
}

static void a_call_goes_to_every_cpu(void)
{
    for (u32 cpu = 0; cpu < test_cpus(); cpu++) {
        clear();
        CHECK_OK(test_thread_start_on(SERVER, cpu, LEVEL, serve, 0));
        CHECK_OK(test_gate_create(A, TEST_THREAD(SERVER), 7));
        clients_end(2, call);
        CHECK_EQ(counts[SERVER], 2 * ROUNDS);
        CHECK_OK(test_delete(A));
        CHECK_OK(test_delete(TEST_THREAD(SERVER)));
        for (u32 i = 0; i < 2; i++)
            CHECK_OK(test_delete(TEST_THREAD(i)));
        CHECK_OK(test_delete(TEST_SC(SERVER)));
        for (u32 i = 0; i < 2; i++)
            CHECK_OK(test_delete(TEST_SC(i)));
    }
}

static void many_clients_are_all_answered(void)
{
    clear();
    CHECK_OK(test_thread_start_on(SERVER, test_cpus() - 1, LEVEL - 1, serve, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(SERVER), 7));
    clients_end(MANY, call);
    CHECK_EQ(counts[SERVER], MANY * ROUNDS);
    CHECK_EQ(sum(), 2 * MANY * ROUNDS);
}

static void call_long(u64 gate)
{
    u32 me = test_thread_number();
    err_t error = E_OK;
    for (u64 k = 0; k < ROUNDS && !error; k++) {
        struct msg m = {.tag = TAG(64, 0), .w = {me, k}};
        for (u32 i = MSG_REGS; i < 64; i++)
            sys_utcb->mr[i] = k * 1000 + i;
        error = sys_call(&m, (cap_t)gate);
        for (u32 i = MSG_REGS; i < 64 && !error; i++)
            error = sys_utcb->mr[i] == k * 1000 + i ? E_OK : E_FAULT;
        counts[me] += !error;
    }
    note_end(error);
}

static void long_messages_arrive_whole(void)
{
    clear();
    CHECK_OK(test_thread_start_on(SERVER, test_cpus() - 1, LEVEL, serve, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(SERVER), 7));
    clients_end(4, call_long);
    CHECK_EQ(counts[SERVER], 4 * ROUNDS);
}

static void serve_passive(struct msg *m)
{
    err_t error = E_OK;
    while (!error) {
        counts[SERVER]++;
        m->w[1] += m->w[0];
        error = sys_reply_wait(m, 0);
    }
}

/* It runs on the caller's SC, so it comes to the caller's CPU each time. */
static void a_passive_server_is_called_from_all(void)
{
    clear();
    CHECK_OK(test_thread_start_passive(SERVER, TASK, serve_passive));
    CHECK_OK(test_gate_create(A, TEST_THREAD(SERVER), 7));
    clients_end(MANY, call);
    CHECK_EQ(counts[SERVER], MANY * ROUNDS);
}

/* B and C: semaphores, up and down in turn. */
static void up_down(u64 first)
{
    err_t error = E_OK;
    for (u64 k = 0; k < ROUNDS && !error; k++) {
        error = first ? semaphore_up(B) : semaphore_down(B, TIMEOUT_NEVER);
        if (!error)
            error = first ? semaphore_down(C, TIMEOUT_NEVER) : semaphore_up(C);
        counts[test_thread_number()] += !error;
    }
    note_end(error);
}

static void semaphores_wake_other_cpus(void)
{
    clear();
    CHECK_OK(factory_create_semaphore(FACTORY, B, 0));
    CHECK_OK(factory_create_semaphore(FACTORY, C, 0));
    CHECK_OK(test_thread_start_on(0, 0, LEVEL, up_down, 0));
    CHECK_OK(test_thread_start_on(1, test_cpus() - 1, LEVEL, up_down, 1));
    CHECK(wait_for(2));
    CHECK_EQ(errors[0], E_OK + 1);
    CHECK_EQ(errors[1], E_OK + 1);
    CHECK_EQ(sum(), 2 * ROUNDS);
}

/* Receives signals until it has told the test of ROUNDS of them. */
static void receive(u64 irq)
{
    struct msg m = {0};
    err_t error = E_OK;
    for (u32 k = 0; k < ROUNDS && !error; k++) {
        error = k % 2 ? sys_wait(&m, TIMEOUT_NEVER, 0) : irq_receive((cap_t)irq, TIMEOUT_NEVER);
        counts[test_thread_number()] += !error;
    }
    note_end(error);
}

static void signals_reach_every_cpu(void)
{
    for (u32 cpu = 0; cpu < test_cpus() && cpu < 8; cpu++) {
        clear();
        CHECK_OK(factory_create_irq(FACTORY, B));
        CHECK_OK(test_thread_create(0, TASK, TEST_PRIORITY + 1, 0, 0));
        CHECK_OK(scheduler_run_thread(SCHEDULER, TEST_THREAD(0), TEST_SC(0), cpu));
        CHECK_OK(irq_bind(B, TEST_THREAD(0), 5));
        CHECK_OK(test_thread_run(0, receive, B));
        for (u64 k = 0; k < ROUNDS; k++) {
            CHECK_OK(irq_trigger(B));
            for (u32 i = 0; i < 100000 && counts[0] == k; i++) /* signals that nobody has received are one */
                sys_sleep(i < 100 ? 10 : 1000);
            CHECK_EQ(counts[0], k + 1);
        }
        CHECK(wait_for(1));
        CHECK_OK(test_delete(B));
        CHECK_OK(test_delete(TEST_THREAD(0)));
        CHECK_OK(test_delete(TEST_SC(0)));
    }
}

/* Calls with little time: each ends with the answer or with the timeout, and what is counted is what was answered. */
static void call_briefly(u64 gate)
{
    u32 me = test_thread_number();
    err_t error = E_OK;
    for (u64 k = 0; k < ROUNDS && (!error || error == E_TIMEDOUT); k++) {
        struct msg m = {.tag = TAG(2, 0), .w = {me, k}};
        sys_invoke(&m, SEL(gate, SEL_OP_CALL), TIMEOUTS(k % 2 ? TIMEOUT_NEVER : 20, k % 7 * 10), 0);
        error = sys_tag_error(m.tag);
        if (!error && m.w[1] != k + me)
            error = E_FAULT;
        counts[me] += !error;
    }
    note_end(error == E_TIMEDOUT ? E_OK : error);
}

/* Counts the answers that arrived: a reply to who has given up fails. */
static void serve_slowly(u64 unused)
{
    u32 me = test_thread_number();
    struct msg m = {0};
    for (;;) {
        err_t error = sys_wait(&m, TIMEOUT_NEVER, 0);
        if (error)
            continue;
        for (volatile u32 i = 0; i < (m.w[1] % 5) * 200; i++)
            ;
        m.w[1] += m.w[0];
        counts[me] += !sys_reply(&m, 0);
    }
}

static void timeouts_race_with_answers(void)
{
    clear();
    CHECK_OK(test_thread_start_on(SERVER, test_cpus() - 1, LEVEL + 1, serve_slowly, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(SERVER), 7));
    clients_end(6, call_briefly);
    for (u32 i = 0; i < 20000 && counts[SERVER] != sum() - counts[SERVER]; i++)
        sys_sleep(1000); /* it counts an answer behind it */
    CHECK_EQ(counts[SERVER], sum() - counts[SERVER]);
}

/* Both parties wander from CPU to CPU while they talk. */
static void threads_move_while_they_talk(void)
{
    clear();
    u32 n = test_cpus();
    CHECK_OK(test_thread_start_on(SERVER, n - 1, LEVEL, serve, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(SERVER), 7));
    for (u32 i = 0; i < 4; i++)
        CHECK_OK(test_thread_start_on(i, cpu_for(i), LEVEL, call, A));
    for (u32 k = 0; k < 20000 && !ended(4); k++) {
        u32 i = k % 5 < 4 ? k % 5 : SERVER, cpu = (u32)test_random() % n;
        if (k % 2)
            CHECK_OK(sc_configure(TEST_SC(i), LEVEL, 0, 0, cpu));
        else
            CHECK_OK(scheduler_run_thread(SCHEDULER, TEST_THREAD(i), TEST_SC(i), cpu));
        if (k % 16 == 0)
            sys_sleep(100);
    }
    CHECK(wait_for(4));
    for (u32 i = 0; i < 4; i++)
        CHECK_EQ(errors[i], E_OK + 1);
    CHECK_EQ(counts[SERVER], 4 * ROUNDS);
}

/* Sends itself from CPU to CPU, and sleeps there now and then: its timeout is that of the CPU it has come to. */
static void wander(u64 unused)
{
    u32 me = test_thread_number(), n = test_cpus();
    err_t error = E_OK;
    for (u32 k = 0; k < ROUNDS && !error; k++) {
        error = k % 2 ? sc_configure(TEST_SC(me), LEVEL, 0, 0, (k + me) % n)
                      : scheduler_run_thread(SCHEDULER, TEST_THREAD(me), TEST_SC(me), (k * 3 + me) % n);
        if (k % 8 == 0)
            sys_sleep(50);
        counts[me] += !error;
    }
    note_end(error);
}

static void threads_move_themselves(void)
{
    clear();
    for (u32 i = 0; i < 6; i++)
        CHECK_OK(test_thread_start_on(i, cpu_for(i), LEVEL, wander, 0));
    CHECK(wait_for(6));
    for (u32 i = 0; i < 6; i++) {
        CHECK_EQ(errors[i], E_OK + 1);
        CHECK_EQ(counts[i], ROUNDS);
    }
}

/* Keeps a value in FPU registers while it is moved. */
static void compute(u64 seed)
{
    u32 me = test_thread_number();
    double x = (double)seed, step = 1.0 / 1024;
    for (u64 k = 0; k < 1 << 20 && !stop; k++) {
        __asm__ volatile("fadd.d %0, %0, %1" : "+f"(x) : "f"(step));
        counts[me]++;
    }
    note_end(x == (double)seed + (double)counts[me] * step ? E_OK : E_FAULT);
}

static void fpu_state_moves_with_its_thread(void)
{
    clear();
    u32 n = test_cpus();
    for (u32 i = 0; i < 4; i++)
        CHECK_OK(test_thread_start_on(i, cpu_for(i), LEVEL, compute, 1000 + i));
    for (u32 k = 0; k < 400 && !ended(4); k++) {
        CHECK_OK(scheduler_run_thread(SCHEDULER, TEST_THREAD(k % 4), TEST_SC(k % 4), (u32)test_random() % n));
        sys_sleep(200);
    }
    stop = true;
    CHECK(wait_for(4));
    for (u32 i = 0; i < 4; i++)
        CHECK_EQ(errors[i], E_OK + 1);
}

TESTS(TEST(cpus_are_listed), TEST(each_cpu_runs_threads), TEST(a_call_goes_to_every_cpu),
      TEST(many_clients_are_all_answered), TEST(long_messages_arrive_whole), TEST(a_passive_server_is_called_from_all),
      TEST(semaphores_wake_other_cpus), TEST(signals_reach_every_cpu), TEST(timeouts_race_with_answers),
      TEST(threads_move_while_they_talk), TEST(threads_move_themselves), TEST(fpu_state_moves_with_its_thread));
