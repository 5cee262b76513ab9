/*
 * Ends on one CPU of what is in use on others: server, client, gate, task, factory. Whoever waits for what ends wakes
 * with an error, nobody hangs, and nothing leaks.
 */
#include "lib/test/thread.h"

#define LEVEL   (TEST_PRIORITY - 10)
#define CLIENTS 6
#define SERVER  (TEST_THREADS - 1)
#define ROUNDS  4

static volatile u64 calls[TEST_THREADS], end[TEST_THREADS];

static void clear(void)
{
    for (u32 i = 0; i < TEST_THREADS; i++)
        calls[i] = end[i] = 0;
}

static u32 cpu_for(u32 i)
{
    return i % test_cpus();
}

/* Calls until it fails; notes the error. */
static void call_until_error(u64 gate)
{
    u32 me = test_thread_number();
    err_t error = E_OK;
    while (!error) {
        struct msg m = {.tag = TAG(2, 0), .w = {me, calls[me]}};
        error = sys_call(&m, (cap_t)gate);
        calls[me] += !error;
    }
    end[me] = (u64)error;
}

/* The same, whatever happens. */
static void call_for_ever(u64 gate)
{
    for (u64 k = 0;; k++) {
        struct msg m = {.tag = TAG(2, 0), .w = {k}};
        if (!sys_call(&m, (cap_t)gate))
            calls[test_thread_number()]++;
    }
}

static bool all_called(u32 clients)
{
    for (u32 i = 0; i < clients; i++)
        if (calls[i] < 10)
            return false;
    return true;
}

static bool all_ended(u32 clients)
{
    for (u32 i = 0; i < clients; i++)
        if (end[i] == 0)
            return false;
    return true;
}

/* Sleeps until the condition has been seen to hold for threads 0 .. clients - 1; it may be over a moment later. */
static bool wait_until(bool (*condition)(u32), u32 clients)
{
    bool holds = condition(clients);
    for (u32 i = 0; i < 5000 && !holds; i++) {
        sys_sleep(i < 100 ? 100 : 2000);
        holds = condition(clients);
    }
    return holds;
}

/* Its slices are short, so that all have their turn soon where they share a CPU. */
static err_t start(u32 i, u32 cpu, void (*run)(u64))
{
    err_t error = test_thread_start_on(i, cpu, LEVEL, run, A);
    return error ? error : sc_configure(TEST_SC(i), LEVEL, 500, 0, cpu);
}

static err_t start_clients(void (*run)(u64))
{
    err_t error = E_OK;
    for (u32 i = 0; i < CLIENTS && !error; i++)
        error = start(i, cpu_for(i), run);
    return error;
}

static err_t start_server(u32 cpu)
{
    clear();
    err_t error = start(SERVER, cpu, test_echo);
    return error ? error : test_gate_create(A, TEST_THREAD(SERVER), 3);
}

static err_t end_threads(u32 count)
{
    err_t error = E_OK;
    for (u32 i = 0; i < count && !error; i++) {
        error = test_delete(TEST_THREAD(i));
        if (!error)
            error = test_delete(TEST_SC(i));
    }
    return error;
}

/* What ends the service: the slot is deleted in the middle of the calls. */
static void end_service(cap_t slot)
{
    for (u32 round = 0; round < ROUNDS; round++) {
        CHECK_OK(start_server(cpu_for(round)));
        CHECK_OK(start_clients(call_until_error));
        CHECK(wait_until(all_called, CLIENTS));
        CHECK_OK(test_delete(slot));
        CHECK(wait_until(all_ended, CLIENTS));
        for (u32 i = 0; i < CLIENTS; i++)
            CHECK(end[i] == E_CANCELED || end[i] == E_NOENT);
        CHECK_OK(end_threads(CLIENTS));
        if (slot != A)
            CHECK_OK(test_delete(A));
        else
            CHECK_OK(test_delete(TEST_THREAD(SERVER)));
        CHECK_OK(test_delete(TEST_SC(SERVER)));
    }
}

/*
 * A dead server's gate has nobody behind it: whoever calls waits there. While the server is taken apart, which other
 * CPUs may do in the middle of this, those who queue already are woken with an error and come back.
 */
static bool all_queue(u32 clients)
{
    u64 us, state = 0, priority;
    for (u32 i = 0; i < clients; i++)
        if (thread_stats(TEST_THREAD(i), &us, &state, &priority) || state != THREAD_STATE_SENDING)
            return false;
    return true;
}

/* Nobody of them runs any longer. */
static bool all_stand_still(u32 clients)
{
    u64 before[CLIENTS];
    for (u32 i = 0; i < clients; i++)
        before[i] = calls[i];
    sys_sleep(2000);
    for (u32 i = 0; i < clients; i++)
        if (calls[i] != before[i])
            return false;
    return true;
}

static void server_ends(void)
{
    for (u32 round = 0; round < ROUNDS; round++) {
        CHECK_OK(start_server(cpu_for(round)));
        CHECK_OK(start_clients(call_for_ever));
        CHECK(wait_until(all_called, CLIENTS));
        CHECK_OK(test_delete(TEST_THREAD(SERVER)));
        CHECK(wait_until(all_queue, CLIENTS));
        CHECK_OK(test_delete(A));
        CHECK_OK(end_threads(CLIENTS));
        CHECK_OK(test_delete(TEST_SC(SERVER)));
    }
}

static void gate_ends(void)
{
    end_service(A);
}

/* One after the other goes in the middle of its calls; the others' calls go on. */
static void clients_end(void)
{
    for (u32 round = 0; round < ROUNDS; round++) {
        CHECK_OK(start_server(cpu_for(round)));
        CHECK_OK(start_clients(call_until_error));
        CHECK(wait_until(all_called, CLIENTS));
        for (u32 i = CLIENTS; i-- > 0;) {
            CHECK_OK(test_delete(TEST_THREAD(i)));
            CHECK_OK(test_delete(TEST_SC(i)));
            for (u32 k = 0; k < i; k++)
                calls[k] = 0;
            CHECK(wait_until(all_called, i));
        }
        struct msg m = {.tag = TAG(2, 0), .w = {0, 5}};
        CHECK_OK(sys_call(&m, A)); /* the server has survived them all */
        CHECK_EQ(m.w[1], 5);
        CHECK_OK(test_delete(TEST_THREAD(SERVER)));
        CHECK_OK(test_delete(TEST_SC(SERVER)));
        CHECK_OK(test_delete(A));
    }
}

/* The SCs go, and with them the right to run, wherever the threads are. */
static void contexts_end(void)
{
    for (u32 round = 0; round < ROUNDS; round++) {
        CHECK_OK(start_server(cpu_for(round)));
        CHECK_OK(start_clients(call_until_error));
        CHECK(wait_until(all_called, CLIENTS));
        for (u32 i = 0; i < CLIENTS; i++)
            CHECK_OK(test_delete(TEST_SC(i)));
        CHECK(all_stand_still(CLIENTS));
        for (u32 i = 0; i < CLIENTS; i++)
            CHECK_OK(test_delete(TEST_THREAD(i)));
        CHECK_OK(test_delete(TEST_THREAD(SERVER)));
        CHECK_OK(test_delete(TEST_SC(SERVER)));
        CHECK_OK(test_delete(A));
    }
}

/* The server's task B goes, while its thread runs in it on another CPU; its threads are in no task any longer. */
static void task_ends(void)
{
    for (u32 round = 0; round < ROUNDS; round++) {
        clear();
        CHECK_OK(test_task_create(B));
        CHECK_OK(test_thread_create(SERVER, B, LEVEL, 0, 0));
        CHECK_OK(scheduler_run_thread(SCHEDULER, TEST_THREAD(SERVER), TEST_SC(SERVER), cpu_for(round)));
        CHECK_OK(test_thread_run(SERVER, test_echo, 0));
        CHECK_OK(test_gate_create(A, TEST_THREAD(SERVER), 3));
        CHECK_OK(start_clients(call_for_ever));
        CHECK(wait_until(all_called, CLIENTS));
        CHECK_OK(test_delete(B));
        CHECK(wait_until(all_queue, CLIENTS));
        CHECK_OK(end_threads(CLIENTS));
        CHECK_OK(test_delete(TEST_THREAD(SERVER)));
        CHECK_OK(test_delete(TEST_SC(SERVER)));
        CHECK_OK(test_delete(A));
    }
}

/* Everything that factory C made goes at once: gate, server, its SC. */
static void factory_ends(void)
{
    for (u32 round = 0; round < ROUNDS; round++) {
        clear();
        CHECK_OK(factory_create_factory(FACTORY, C, 64 << 10));
        CHECK_OK(factory_create_thread(C, TEST_THREAD(SERVER)));
        CHECK_OK(factory_create_sc(C, TEST_SC(SERVER), LEVEL));
        CHECK_OK(test_thread_adopt(SERVER, cpu_for(round)));
        CHECK_OK(test_thread_run(SERVER, test_echo, 0));
        CHECK_OK(factory_create_gate(C, A));
        CHECK_OK(gate_bind(A, TEST_THREAD(SERVER), 3));
        CHECK_OK(start_clients(call_until_error));
        CHECK(wait_until(all_called, CLIENTS));
        CHECK_OK(test_delete(C));
        CHECK(wait_until(all_ended, CLIENTS));
        CHECK_OK(end_threads(CLIENTS));
    }
}

/* Blocked and running threads of other CPUs are stopped, cancelled and started anew. */
static void threads_are_interrupted(void)
{
    CHECK_OK(start_server(cpu_for(1)));
    CHECK_OK(start_clients(call_for_ever));
    CHECK(wait_until(all_called, CLIENTS));
    for (u32 round = 0; round < 100 * ROUNDS; round++) {
        u32 i = (u32)test_random() % CLIENTS;
        if (round % 3) {
            CHECK_OK(thread_ex_regs(TEST_THREAD(i), EX_REGS_CANCEL, 0, 0, 0, 0));
        } else {
            CHECK_OK(thread_ex_regs(TEST_THREAD(i), EX_REGS_STOP, 0, 0, 0, 0));
            CHECK_OK(test_thread_run(i, call_for_ever, A));
        }
    }
    clear();
    for (u32 i = 0; i < CLIENTS; i++)
        CHECK_OK(thread_ex_regs(TEST_THREAD(i), EX_REGS_CANCEL, 0, 0, 0, 0));
    CHECK(wait_until(all_called, CLIENTS));
}

TESTS(TEST(server_ends), TEST(gate_ends), TEST(clients_end), TEST(contexts_end), TEST(task_ends), TEST(factory_ends),
      TEST(threads_are_interrupted));
