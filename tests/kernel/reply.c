/* Reply capabilities that are kept, passive threads, and lent scheduling contexts. */
#include "lib/test/thread.h"

#define ABOVE    (TEST_PRIORITY + 10)
#define REPLY(i) (32 + (i))

static volatile struct {
    u64 error, word, calls, priority;
} seen[TEST_THREADS + 1];

static void call_and_note(u64 gate)
{
    u32 i = test_thread_number();
    struct msg m = {.tag = TAG(2, 0), .w = {i, 1}};
    seen[i].error = ~0ull;
    seen[i].error = (u64)sys_call(&m, (cap_t)gate);
    seen[i].word = m.w[1];
}

static err_t start_callers(u32 count)
{
    err_t error = test_gate_create(A, THREAD, 0);
    if (!error)
        error = task_reserve(TASK, REPLY(0), 3);
    for (u32 i = 0; i < count && !error; i++)
        error = test_thread_start(i, ABOVE, call_and_note, A);
    return error;
}

static err_t answer(cap_t slot, u64 word)
{
    struct msg m = {.tag = TAG(2, 0), .w = {0, word}};
    return sys_reply(&m, slot);
}

static void answers_out_of_order(void)
{
    CHECK_OK(start_callers(4));
    for (u32 i = 0; i < 4; i++) {
        struct msg m = {0};
        CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, REPLY(i)));
        CHECK_EQ(m.w[0], i);
    }
    for (u32 i = 4; i-- > 0;) {
        CHECK_EQ(seen[i].error, ~0ull);
        CHECK_OK(answer(REPLY(i), 100 + i));
        CHECK_EQ(seen[i].error, E_OK);
        CHECK_EQ(seen[i].word, 100 + i);
        CHECK_EQ(answer(REPLY(i), 0), E_NOENT); /* one shot */
    }
}

static void kept_and_implicit_replies_mix(void)
{
    struct msg m = {0};
    CHECK_OK(start_callers(2));
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, REPLY(0)));
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, 0));
    CHECK_OK(answer(0, 1));
    CHECK_EQ(seen[1].error, E_OK);
    CHECK_EQ(seen[0].error, ~0ull);
    CHECK_OK(answer(REPLY(0), 1));
    CHECK_EQ(seen[0].error, E_OK);
}

static void replies_are_kept_when_the_message_has_come(void)
{
    struct msg m = {0};
    CHECK_EQ(thread_keep_reply(THREAD, REPLY(0)), E_NOENT); /* nobody waits for one */
    CHECK_OK(start_callers(3));
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, 0));
    CHECK_OK(thread_keep_reply(THREAD, REPLY(0)));
    CHECK_EQ(thread_keep_reply(THREAD, REPLY(1)), E_NOENT); /* it is gone */
    CHECK_EQ(answer(0, 0), E_NOENT);
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, 0)); /* loses nothing */
    CHECK_EQ(thread_keep_reply(THREAD, REPLY(0)), E_EXIST);
    CHECK_EQ(thread_keep_reply(THREAD, TASK), E_EXIST);
    CHECK_EQ(thread_keep_reply(THREAD, 0), E_NOENT);
    CHECK_EQ(thread_keep_reply(THREAD, 60000), E_NOENT);
    CHECK_EQ(thread_keep_reply(TEST_THREAD(0), REPLY(1)), E_INVAL);
    CHECK_OK(thread_keep_reply(THREAD, REPLY(1)));
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, 0));
    CHECK_OK(test_delete(TEST_THREAD(1)));
    CHECK_EQ(answer(REPLY(1), 0), E_NOENT); /* who waited has gone */
    CHECK_OK(answer(0, 7));
    CHECK_EQ(seen[2].word, 7);
    CHECK_EQ(seen[0].error, ~0ull);
    CHECK_OK(answer(REPLY(0), 8));
    CHECK_EQ(seen[0].word, 8);
}

static void lost_reply_wakes_the_caller(void)
{
    struct msg m = {0};
    CHECK_OK(start_callers(3));
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, REPLY(0)));
    CHECK_OK(task_unmap(TASK, FPAGE_OBJ(REPLY(0), 0, RIGHTS_ALL), UNMAP_SELF));
    sys_sleep(1000); /* those who still wait have lent us their priority */
    CHECK_EQ(seen[0].error, E_CANCELED);
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, REPLY(0)));
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, REPLY(0))); /* overwritten */
    CHECK_EQ(seen[1].error, E_CANCELED);
    CHECK_OK(answer(REPLY(0), 0));
    CHECK_EQ(seen[2].error, E_OK);
}

static void caller_that_goes_empties_the_slot(void)
{
    struct msg m = {0};
    CHECK_OK(start_callers(1));
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, REPLY(0)));
    CHECK_OK(test_delete(TEST_THREAD(0)));
    CHECK_EQ(answer(REPLY(0), 0), E_NOENT);
}

static void reply_capabilities_do_not_travel(void)
{
    struct msg m = {0};
    CHECK_OK(start_callers(1));
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, REPLY(0)));
    CHECK_EQ(test_kind(TASK, REPLY(0)), 0);
    CHECK_EQ(task_map(TASK, TASK, FPAGE_OBJ(REPLY(0), 0, RIGHTS_ALL), (u64)B << FPAGE_START_SHIFT), E_NOENT);
    CHECK_EQ(thread_switch_to(REPLY(0)), E_NOENT); /* nor are they what they point to */
    CHECK_EQ(thread_control(REPLY(0), 0, 0, A, 0), E_NOENT);
    CHECK_EQ(gate_bind(A, REPLY(0), 0), E_NOENT);
    CHECK_EQ(factory_create_gate(FACTORY, REPLY(0)), E_EXIST);
    CHECK_OK(answer(REPLY(0), 5));
    CHECK_EQ(seen[0].word, 5);
}

static void slots_for_replies_are_checked(void)
{
    struct msg m = {0};
    CHECK_OK(start_callers(1));
    CHECK_EQ(sys_wait(&m, TIMEOUT_ZERO, 60000), E_NOENT);
    CHECK_EQ(sys_wait(&m, TIMEOUT_ZERO, 0xffffffff), E_NOENT);
    CHECK_EQ(sys_wait(&m, TIMEOUT_ZERO, TASK), E_EXIST);
    CHECK_EQ(answer(TASK, 0), E_NOENT);
    CHECK_EQ(answer(0xfffff, 0), E_NOENT);
    CHECK_EQ(seen[0].error, ~0ull);
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, REPLY(0)));
    CHECK_OK(answer(REPLY(0), 1));
}

static void server_that_dies_with_kept_replies_wakes_the_callers(void)
{
    CHECK_OK(start_callers(0));
    CHECK_OK(test_task_create(B));
    CHECK_OK(task_reserve(B, REPLY(0), 3));
    CHECK_OK(factory_create_thread(FACTORY, C));
    CHECK_OK(gate_bind(A, THREAD, 0));
    CHECK_OK(test_thread_start(0, ABOVE, call_and_note, A));
    struct msg m = {0};
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, REPLY(1)));
    CHECK_OK(task_unmap(TASK, FPAGE_OBJ(REPLY(0), 3, RIGHTS_ALL), UNMAP_SELF));
    CHECK_EQ(seen[0].error, E_CANCELED);
}

/* --- passive threads --- */

/* Answers m and waits for the next; an answer that nobody waits for is dropped. */
static void answer_and_wait(struct msg *m)
{
    if (sys_reply_wait(m, 0))
        sys_wait(m, TIMEOUT_NEVER, 0);
}

/* Counts calls. */
static void serve_passively(struct msg *m)
{
    for (;;) {
        volatile u64 *calls = &seen[test_thread_number()].calls;
        ++*calls;
        *m = (struct msg){.tag = TAG(2, 0), .w = {0, m->w[1] + 1}};
        answer_and_wait(m);
    }
}

static void passive_thread_runs_for_its_caller(void)
{
    u64 cpu, state, priority;
    CHECK_OK(test_thread_start_passive(0, TASK, serve_passively));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), 0));
    for (u64 i = 0; i < 1000; i++) {
        struct msg m = {.tag = TAG(2, 0), .w = {0, i}};
        CHECK_OK(sys_call(&m, A));
        CHECK_EQ(m.w[1], i + 1);
    }
    CHECK_OK(thread_stats(TEST_THREAD(0), &cpu, &state, &priority));
    CHECK_EQ(priority, 0);
    CHECK_EQ(state, THREAD_STATE_RECEIVING);
}

static void passive_thread_in_another_task(void)
{
    CHECK_OK(test_task_create(B));
    CHECK_OK(test_thread_start_passive(0, B, serve_passively));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), 0));
    for (u64 i = 0; i < 100; i++) {
        struct msg m = {.tag = TAG(2, 0), .w = {0, i}};
        CHECK_OK(sys_call(&m, A));
        CHECK_EQ(m.w[1], i + 1);
    }
}

/* Passes each call on to the gate that it was started for. */
static cap_t next_gate[TEST_THREADS];
static void pass_on(struct msg *m)
{
    for (;;) {
        u32 i = test_thread_number();
        struct msg on = {.tag = TAG(2, 0), .w = {0, m->w[1]}};
        err_t error = sys_call(&on, next_gate[i]);
        *m = (struct msg){.tag = TAG(2, 0), .w = {(u64)error, on.w[1]}};
        answer_and_wait(m);
    }
}

static err_t make_chain(u32 length)
{
    err_t error = test_thread_start_passive(0, TASK, serve_passively);
    if (!error)
        error = test_gate_create(A, TEST_THREAD(0), 0);
    for (u32 i = 1; i < length && !error; i++) {
        next_gate[i] = A + i - 1;
        error = test_thread_start_passive(i, TASK, pass_on);
        if (!error)
            error = test_gate_create(A + i, TEST_THREAD(i), 0);
    }
    return error;
}

static void lent_time_goes_through_chains(void)
{
    CHECK_OK(make_chain(6));
    for (u64 i = 0; i < 100; i++) {
        struct msg m = {.tag = TAG(2, 0), .w = {0, i}};
        CHECK_OK(sys_call(&m, A + 5));
        CHECK_EQ(m.w[0], E_OK);
        CHECK_EQ(m.w[1], i + 1);
    }
}

/* A passive thread whose caller has given up goes on on the time of the next one. */
static void abandoned_passive_thread_goes_on(void)
{
    CHECK_OK(make_chain(2));
    CHECK_OK(test_delete(TEST_THREAD(0)));
    struct msg m = {.tag = TAG(2, 0)};
    sys_invoke(&m, SEL(B, SEL_OP_CALL), TIMEOUTS(1000, 5000), 0);
    CHECK_EQ(sys_tag_error(m.tag), E_TIMEDOUT); /* gate A is there, without thread: thread 1 waits in it */
    CHECK_OK(test_delete(A));
    m = (struct msg){.tag = TAG(2, 0)};
    CHECK_OK(sys_call(&m, B));
    CHECK_EQ(m.w[0], E_NOENT);
}

static void broken_chain_tells_its_callers(void)
{
    CHECK_OK(make_chain(5));
    CHECK_OK(test_delete(A));
    struct msg m = {.tag = TAG(2, 0)};
    CHECK_OK(sys_call(&m, A + 4));
    CHECK_EQ(m.w[0], E_OK); /* each link has passed on the answer; the error is in the first one's */
    CHECK_OK(test_delete(TEST_THREAD(2)));
    m = (struct msg){.tag = TAG(2, 0)};
    sys_invoke(&m, SEL(A + 4, SEL_OP_CALL), TIMEOUTS(1000, 5000), 0);
    CHECK_EQ(sys_tag_error(m.tag), E_TIMEDOUT);
}

static void callers_of_a_busy_passive_thread_wait(void)
{
    CHECK_OK(test_thread_start_passive(7, TASK, serve_passively));
    CHECK_OK(test_gate_create(A, TEST_THREAD(7), 0));
    for (u32 i = 0; i < 4; i++)
        CHECK_OK(test_thread_start(i, TEST_PRIORITY - 1 - i, call_and_note, A));
    sys_sleep(2000);
    for (u32 i = 0; i < 4; i++) {
        CHECK_EQ(seen[i].error, E_OK);
        CHECK_EQ(seen[i].word, 2);
    }
}

static void passive_thread_that_is_killed_cancels_its_callers(void)
{
    CHECK_OK(test_gate_create(B, THREAD, 0));
    next_gate[1] = B;
    CHECK_OK(test_thread_start_passive(1, TASK, pass_on));
    CHECK_OK(test_gate_create(A, TEST_THREAD(1), 0));
    CHECK_OK(test_thread_start(0, ABOVE, call_and_note, A));
    struct msg m = {0};
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, 0)); /* thread 0 -> 1 -> here */
    CHECK_OK(test_delete(TEST_THREAD(1)));
    CHECK_EQ(seen[0].error, E_CANCELED);
    CHECK_EQ(answer(0, 0), E_NOENT);
}

static void caller_that_is_killed_takes_its_time_along(void)
{
    CHECK_OK(test_gate_create(B, THREAD, 0));
    next_gate[1] = B;
    CHECK_OK(test_thread_start_passive(1, TASK, pass_on));
    CHECK_OK(test_gate_create(A, TEST_THREAD(1), 0));
    CHECK_OK(test_thread_start(0, ABOVE, call_and_note, A));
    struct msg m = {0};
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, 0));
    CHECK_OK(test_delete(TEST_THREAD(0)));
    CHECK_OK(test_delete(TEST_SC(0)));
    answer(0, 0);
    sys_sleep(1000);
    CHECK_OK(test_thread_start(2, ABOVE, call_and_note, A)); /* the next caller brings time again */
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, 0));
    CHECK_OK(answer(0, 8));
    CHECK_EQ(seen[2].error, E_OK);
}

TESTS(TEST(answers_out_of_order), TEST(kept_and_implicit_replies_mix), TEST(lost_reply_wakes_the_caller),
      TEST(replies_are_kept_when_the_message_has_come),
      TEST(caller_that_goes_empties_the_slot), TEST(reply_capabilities_do_not_travel),
      TEST(slots_for_replies_are_checked), TEST(server_that_dies_with_kept_replies_wakes_the_callers),
      TEST(passive_thread_runs_for_its_caller), TEST(passive_thread_in_another_task),
      TEST(lent_time_goes_through_chains), TEST(abandoned_passive_thread_goes_on), TEST(broken_chain_tells_its_callers),
      TEST(callers_of_a_busy_passive_thread_wait), TEST(passive_thread_that_is_killed_cancels_its_callers),
      TEST(caller_that_is_killed_takes_its_time_along));
