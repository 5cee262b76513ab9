/* Semaphore objects. */
#include "lib/test/thread.h"

#define ABOVE (TEST_PRIORITY + 10)

static volatile u64 order[TEST_THREADS], downs;
static volatile u64 error_seen;

static void counts(void)
{
    CHECK_OK(factory_create_semaphore(FACTORY, A, 2));
    CHECK_OK(semaphore_down(A, TIMEOUT_NEVER));
    CHECK_OK(semaphore_down(A, TIMEOUT_ZERO));
    CHECK_EQ(semaphore_down(A, TIMEOUT_ZERO), E_TIMEDOUT);
    CHECK_EQ(semaphore_down(A, 1000), E_TIMEDOUT);
    CHECK_OK(semaphore_up(A));
    CHECK_OK(semaphore_down(A, TIMEOUT_ZERO));
}

static void does_not_overflow(void)
{
    CHECK_OK(factory_create_semaphore(FACTORY, A, ~0ull));
    CHECK_EQ(semaphore_up(A), E_RANGE);
    CHECK_OK(semaphore_down(A, TIMEOUT_ZERO));
    CHECK_OK(semaphore_up(A));
}

static void down_and_note(u64 semaphore)
{
    error_seen = ~0ull;
    error_seen = (u64)semaphore_down((cap_t)semaphore, TIMEOUT_NEVER);
    order[downs++ % TEST_THREADS] = test_thread_number();
}

static void urgent_waiters_come_first(void)
{
    static const u32 priority[] = {ABOVE, ABOVE + 20, ABOVE + 10};
    static const u32 expected[] = {1, 2, 0};
    downs = 0;
    CHECK_OK(factory_create_semaphore(FACTORY, A, 0));
    for (u32 i = 0; i < 3; i++)
        CHECK_OK(test_thread_start(i, priority[i], down_and_note, A));
    CHECK_EQ(downs, 0);
    for (u32 i = 0; i < 3; i++) {
        CHECK_OK(semaphore_up(A));
        CHECK_EQ(downs, i + 1);
        CHECK_EQ(order[i], expected[i]);
    }
    CHECK_EQ(semaphore_down(A, TIMEOUT_ZERO), E_TIMEDOUT);
}

static void deleted_semaphore_cancels_its_waiters(void)
{
    CHECK_OK(factory_create_semaphore(FACTORY, A, 0));
    CHECK_OK(test_thread_start(0, ABOVE, down_and_note, A));
    CHECK_EQ(error_seen, ~0ull);
    CHECK_OK(test_delete(A));
    CHECK_EQ(error_seen, E_CANCELED);
}

static void cancelled_waiter_learns_it(void)
{
    CHECK_OK(factory_create_semaphore(FACTORY, A, 0));
    CHECK_OK(test_thread_start(0, ABOVE, down_and_note, A));
    CHECK_OK(thread_ex_regs(TEST_THREAD(0), EX_REGS_CANCEL, 0, 0, 0, 0));
    CHECK_EQ(error_seen, E_INTR);
    CHECK_OK(semaphore_up(A)); /* nobody takes it */
    CHECK_OK(semaphore_down(A, TIMEOUT_ZERO));
}

static void killed_waiter_leaves_no_trace(void)
{
    CHECK_OK(factory_create_semaphore(FACTORY, A, 0));
    CHECK_OK(test_thread_start(0, ABOVE, down_and_note, A));
    CHECK_OK(test_delete(TEST_THREAD(0)));
    CHECK_OK(semaphore_up(A));
    CHECK_OK(semaphore_down(A, TIMEOUT_ZERO));
}

static void needs_the_right(void)
{
    CHECK_OK(factory_create_semaphore(FACTORY, A, 1));
    CHECK_OK(task_map(TASK, TASK, FPAGE_OBJ(A, 0, RIGHT_CONTROL), (u64)B << FPAGE_START_SHIFT));
    CHECK_EQ(semaphore_up(B), E_PERM);
    CHECK_EQ(semaphore_down(B, TIMEOUT_ZERO), E_PERM);
    CHECK_EQ(test_invoke(A, 3, 1, 0, 0, 0), E_NOSYS);
    CHECK_EQ(test_invoke(A, 0, 1, 0, 0, 0), E_NOSYS);
    CHECK_EQ(test_invoke(A, OP_SEMAPHORE_UP, 0, 0, 0, 0), E_MSGSIZE);
}

TESTS(TEST(counts), TEST(does_not_overflow), TEST(urgent_waiters_come_first),
      TEST(deleted_semaphore_cancels_its_waiters), TEST(cancelled_waiter_learns_it),
      TEST(killed_waiter_leaves_no_trace), TEST(needs_the_right));
