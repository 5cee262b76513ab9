/* Priorities, time slices, budgets: scheduling contexts and the scheduler object. */
#include "lib/test/thread.h"

#define ABOVE    (TEST_PRIORITY + 10)
#define BELOW    (TEST_PRIORITY - 10)
#define AT(slot) ((u64)(slot) << FPAGE_START_SHIFT)

static volatile u64 runs[TEST_THREADS], order[TEST_THREADS], ended;

static void count(u64 unused)
{
    for (volatile u64 *mine = &runs[test_thread_number()];;)
        ++*mine;
}

static void note_end(u64 unused)
{
    order[ended++ % TEST_THREADS] = test_thread_number();
}

static void clear_counts(void)
{
    ended = 0;
    for (u32 i = 0; i < TEST_THREADS; i++)
        runs[i] = 0;
}

static void urgent_threads_run_first(void)
{
    clear_counts();
    CHECK_OK(test_thread_start(0, BELOW, note_end, 0));
    CHECK_OK(test_thread_start(1, BELOW + 2, note_end, 0));
    CHECK_OK(test_thread_start(2, 1, note_end, 0));
    CHECK_EQ(ended, 0);
    CHECK_OK(test_thread_start(3, PRIORITY_MAX, note_end, 0));
    CHECK_EQ(ended, 1);
    sys_sleep(5000);
    CHECK_EQ(ended, 4);
    CHECK_EQ(order[0], 3);
    CHECK_EQ(order[1], 1);
    CHECK_EQ(order[2], 0);
    CHECK_EQ(order[3], 2);
}

static void equals_take_turns(void)
{
    clear_counts();
    for (u32 i = 0; i < 3; i++)
        CHECK_OK(test_thread_start(i, BELOW, count, 0));
    sys_sleep(150000);
    for (u32 i = 0; i < 3; i++)
        for (u32 k = 0; k < 3; k++)
            CHECK(runs[i] > runs[k] / 3);
}

static void less_urgent_threads_starve(void)
{
    clear_counts();
    CHECK_OK(test_thread_start(0, BELOW, count, 0));
    CHECK_OK(test_thread_start(1, BELOW - 1, count, 0));
    sys_sleep(30000);
    CHECK(runs[0] > 0);
    CHECK_EQ(runs[1], 0);
}

static void budget_limits_a_thread(void)
{
    u64 consumed;
    clear_counts();
    CHECK_OK(test_thread_create(0, TASK, BELOW, 0, 0));
    CHECK_OK(sc_configure(TEST_SC(0), BELOW, 2000, 20000, 0)); /* a tenth */
    CHECK_OK(test_thread_run(0, count, 0));
    CHECK_OK(test_thread_start(1, BELOW - 1, count, 0)); /* gets the rest */
    sys_sleep(200000);
    CHECK_OK(sc_consumed(TEST_SC(0), &consumed));
    CHECK(consumed > 10000 && consumed < 60000);
    CHECK(runs[1] > runs[0]);
}

static void exhausted_budget_is_signalled(void)
{
    clear_counts();
    CHECK_OK(factory_create_irq(FACTORY, A));
    CHECK_OK(irq_bind(A, THREAD, 1));
    CHECK_OK(test_thread_create(0, TASK, BELOW, 0, 0));
    CHECK_OK(sc_configure(TEST_SC(0), BELOW, 1000, 10000, 0));
    CHECK_OK(test_invoke_caps(TEST_SC(0), OP_SC_HANDLER, 1, 0, 0, A, 0));
    CHECK_OK(test_thread_run(0, count, 0));
    CHECK_OK(irq_receive(A, 1000000));
    CHECK_OK(irq_receive(A, 1000000)); /* and in the next period again */
    CHECK_EQ(test_invoke_caps(TEST_SC(0), OP_SC_HANDLER, 1, 0, 0, TASK, 0), E_INVAL);
}

static void priority_can_change(void)
{
    clear_counts();
    CHECK_OK(test_thread_start(0, BELOW, count, 0));
    CHECK_OK(test_thread_start(1, BELOW - 1, count, 0));
    sys_sleep(5000);
    CHECK_EQ(runs[1], 0);
    CHECK_OK(sc_configure(TEST_SC(1), BELOW + 1, 0, 0, 0));
    u64 before = runs[0];
    sys_sleep(5000);
    CHECK(runs[1] > 0);
    CHECK_EQ(runs[0], before);
}

static void sc_can_be_taken_away_and_given_to_another(void)
{
    clear_counts();
    CHECK_OK(test_thread_start(0, BELOW, count, 0));
    CHECK_OK(test_thread_create(1, TASK, 0, 0, 0));
    CHECK_OK(test_thread_run(1, count, 0));
    sys_sleep(3000);
    CHECK(runs[0] > 0);
    CHECK_EQ(runs[1], 0); /* passive: it has no time */
    CHECK_OK(scheduler_run_thread(SCHEDULER, TEST_THREAD(1), TEST_SC(0), 0));
    u64 before = runs[0];
    sys_sleep(3000);
    CHECK_EQ(runs[0], before);
    CHECK(runs[1] > 0);
    CHECK_OK(scheduler_run_thread(SCHEDULER, TEST_THREAD(1), 0, 0));
    before = runs[1];
    sys_sleep(3000);
    CHECK_EQ(runs[1], before);
}

static void deleted_sc_stops_its_thread(void)
{
    u64 cpu, state, priority;
    clear_counts();
    CHECK_OK(test_thread_start(0, BELOW, count, 0));
    sys_sleep(3000);
    CHECK_OK(test_delete(TEST_SC(0)));
    u64 before = runs[0];
    sys_sleep(3000);
    CHECK_EQ(runs[0], before);
    CHECK_OK(thread_stats(TEST_THREAD(0), &cpu, &state, &priority));
    CHECK_EQ(priority, 0);
}

static void idle_time_passes_while_all_sleep(void)
{
    u64 before, after;
    CHECK_OK(scheduler_idle_time(SCHEDULER, 0, &before));
    sys_sleep(20000);
    CHECK_OK(scheduler_idle_time(SCHEDULER, 0, &after));
    CHECK(after - before > 10000);
}

static void arguments_are_checked(void)
{
    u64 idle;
    struct msg m = {.tag = TAG(1, 0), .w = {OP_SCHEDULER_INFO}};
    CHECK_OK(sys_object_call(SCHEDULER, &m));
    const u64 cpus = m.w[1];
    CHECK(cpus >= 1 && (m.w[2] & 1));
    CHECK_EQ(m.w[3], PRIORITY_MAX);
    CHECK_OK(factory_create_thread(FACTORY, A));
    CHECK_OK(factory_create_sc(FACTORY, B, BELOW));
    CHECK_EQ(scheduler_run_thread(SCHEDULER, A, B, 1000), E_RANGE);
    CHECK_EQ(scheduler_run_thread(SCHEDULER, B, A, 0), E_INVAL);
    CHECK_EQ(scheduler_run_thread(SCHEDULER, A, SLOT_NONE, 0), E_NOENT);
    CHECK_EQ(scheduler_idle_time(SCHEDULER, 1000, &idle), E_RANGE);
    CHECK_EQ(sc_configure(B, 0, 0, 0, 0), E_RANGE);
    CHECK_EQ(sc_configure(B, 256, 0, 0, 0), E_RANGE);
    CHECK_EQ(sc_configure(B, 1, 0, 0, 1000), E_RANGE);
    CHECK_EQ(sc_configure(B, 1, 0, 1000, 0), E_INVAL);    /* no budget in a period */
    CHECK_EQ(sc_configure(B, 1, 2000, 1000, 0), E_INVAL); /* more than there is */
    CHECK_EQ(sc_configure(B, 1, ~0ull, ~0ull, 0), E_INVAL);
    CHECK_OK(task_map(TASK, TASK, FPAGE_OBJ(B, 0, RIGHT_USE), AT(C)));
    CHECK_EQ(sc_configure(C, 1, 0, 0, 0), E_PERM);
    CHECK_EQ(scheduler_run_thread(SCHEDULER, A, C, 0), E_PERM);
    CHECK_OK(scheduler_run_thread(SCHEDULER, A, B, 0)); /* the thread is in no task yet: it does not run */
    sys_sleep(1000);
}

TESTS(TEST(urgent_threads_run_first), TEST(equals_take_turns), TEST(less_urgent_threads_starve),
      TEST(budget_limits_a_thread), TEST(exhausted_budget_is_signalled), TEST(priority_can_change),
      TEST(sc_can_be_taken_away_and_given_to_another), TEST(deleted_sc_stops_its_thread),
      TEST(idle_time_passes_while_all_sleep), TEST(arguments_are_checked));
