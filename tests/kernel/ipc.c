/* Messages between threads: words, labels, timeouts, order, and every way in which a partner can go away. */
#include "lib/test/thread.h"

#define ABOVE (TEST_PRIORITY + 10) /* helpers that run at once until they block */
#define BELOW (TEST_PRIORITY - 10)
#define LABEL 0x7e57ab1e00000001ull

static volatile struct {
    u64 label, word, error, count;
    u64 order[TEST_THREADS];
} seen;

static u64 pattern(u32 i)
{
    return 0x0123456789abcdefull * (i + 1);
}

/* Calls the echo server behind `gate` with n words. */
static bool echoes(cap_t gate, u32 n)
{
    struct msg m = {.tag = TAG(n, 0)};
    for (u32 i = 0; i < MSG_REGS; i++)
        m.w[i] = pattern(i);
    for (u32 i = MSG_REGS; i < MSG_WORDS_MAX; i++)
        sys_utcb->mr[i] = i < n ? pattern(i) : 7;
    if (sys_call(&m, gate) || (m.tag & TAG_WORDS_MASK) != n || m.w[0] != 0)
        return false;
    for (u32 i = 1; i < MSG_REGS; i++)
        if (m.w[i] != pattern(i))
            return false;
    for (u32 i = MSG_REGS; i < MSG_WORDS_MAX; i++)
        if (sys_utcb->mr[i] != (i < n ? pattern(i) : 7))
            return false;
    return true;
}

static void all_words_travel(void)
{
    CHECK_OK(test_thread_start(0, ABOVE, test_echo, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), LABEL));
    for (u32 n = 0; n <= MSG_WORDS_MAX; n++)
        CHECK(echoes(A, n));
}

static void all_words_travel_between_tasks(void)
{
    CHECK_OK(test_task_create(B));
    CHECK_OK(test_thread_start_in(0, B, ABOVE, test_echo, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), LABEL));
    for (u32 n = 0; n <= MSG_WORDS_MAX; n++)
        CHECK(echoes(A, n));
}

/* The slow path has to do the same: with a time limit, no call is fast. */
static void all_words_travel_with_timeouts(void)
{
    CHECK_OK(test_thread_start(0, BELOW, test_echo, 0)); /* and the server is not waiting yet */
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), LABEL));
    for (u32 n = 0; n <= MSG_WORDS_MAX; n++) {
        struct msg m = {.tag = TAG(n, 0), .w = {1, 2, 3, 4, 5, 6, 7, 8}};
        for (u32 i = MSG_REGS; i < n; i++)
            sys_utcb->mr[i] = pattern(i);
        sys_invoke(&m, SEL(A, SEL_OP_CALL), TIMEOUTS(1000000, 1000000), 0);
        CHECK_OK(sys_tag_error(m.tag));
        CHECK_EQ(m.w[7], 8);
        for (u32 i = MSG_REGS; i < n; i++)
            CHECK_EQ(sys_utcb->mr[i], pattern(i));
    }
}

static void take_and_note(u64 unused)
{
    struct msg m = {0};
    for (;;) {
        seen.error = (u64)sys_wait(&m, TIMEOUT_NEVER, 0);
        seen.label = m.label;
        seen.word = m.w[0];
        seen.order[seen.count++ % TEST_THREADS] = m.w[0];
    }
}

/* Sleeps, or waits for an Irq of its own, with each request, then answers and waits for all by the fast path. */
static void serve_and_pause(u64 irq)
{
    struct msg m = {0};
    sys_wait(&m, TIMEOUT_NEVER, 0);
    for (;;) {
        if (irq)
            irq_receive((cap_t)irq, 10);
        else
            sys_sleep(10);
        m = (struct msg){.tag = TAG(1, 0), .w = {m.w[0] + 1}};
        sys_reply_wait(&m, 0);
    }
}

/*
 * What it waited for in between does not count when it waits for all again. The fast path does not take the answer if
 * it would have to set the timer, so the server's slice is short, and ours begins anew: its end comes first.
 */
static void all_messages_come_behind_pauses(void)
{
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), LABEL));
    CHECK_OK(sc_configure(TEST_SC(0), ABOVE, 1000, 0, 0));
    CHECK_OK(sc_configure(SC, TEST_PRIORITY, 0, 0, 0));
    for (u64 i = 0; i < 5; i++) {
        struct msg m = {.tag = TAG(1, 0), .w = {i}};
        CHECK_OK(sys_call(&m, A));
        CHECK_EQ(m.w[0], i + 1);
        m = (struct msg){.tag = TAG(1, 0), .w = {i + 10}};
        sys_invoke(&m, SEL(A, SEL_OP_CALL), TIMEOUTS(1000, 1000), 0); /* by the slow path */
        CHECK_OK(sys_tag_error(m.tag));
        CHECK_EQ(m.w[0], i + 11);
    }
}

static void server_that_slept_takes_all_messages(void)
{
    CHECK_OK(test_thread_start(0, ABOVE, serve_and_pause, 0));
    all_messages_come_behind_pauses();
}

static void server_that_waited_for_one_takes_all_messages(void)
{
    CHECK_OK(test_thread_create(0, TASK, ABOVE, 0, 0));
    CHECK_OK(factory_create_irq(FACTORY, B));
    CHECK_OK(irq_bind(B, TEST_THREAD(0), 7));
    CHECK_OK(test_thread_run(0, serve_and_pause, B));
    all_messages_come_behind_pauses();
}

static void label_tells_the_gate(void)
{
    struct msg m = {.tag = TAG(1, 0), .w = {5}};
    CHECK_OK(test_thread_start(0, ABOVE, take_and_note, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), LABEL));
    CHECK_OK(test_gate_create(B, TEST_THREAD(0), ~0ull));
    CHECK_OK(sys_send(&m, A, TIMEOUT_NEVER));
    CHECK_EQ(seen.label, LABEL);
    CHECK_EQ(seen.word, 5);
    m = (struct msg){.tag = TAG(1, 0), .w = {6}};
    CHECK_OK(sys_send(&m, B, TIMEOUT_ZERO));
    CHECK_EQ(seen.label, ~0ull);
    CHECK_OK(gate_bind(A, TEST_THREAD(0), 9));
    m = (struct msg){.tag = TAG(1, 0)};
    CHECK_OK(sys_send(&m, A, TIMEOUT_NEVER));
    CHECK_EQ(seen.label, 9);
}

/* --- time limits --- */

static u64 now_us(void)
{
    u64 ticks;
    __asm__ volatile("rdtime %0" : "=r"(ticks));
    return (ticks - test_boot->boot_ticks) * 1000000 / test_boot->timebase_hz;
}

static void sending_is_limited(void)
{
    struct msg m = {.tag = TAG(1, 0)};
    CHECK_OK(factory_create_gate(FACTORY, A)); /* no thread behind it */
    CHECK_EQ(sys_send(&m, A, TIMEOUT_ZERO), E_TIMEDOUT);
    u64 start = now_us();
    CHECK_EQ(sys_send(&m, A, 3000), E_TIMEDOUT);
    CHECK(now_us() - start >= 3000);
    start = now_us();
    sys_utcb->deadline[0] = start + 3000;
    CHECK_EQ(sys_send(&m, A, TIMEOUT_ABSOLUTE), E_TIMEDOUT);
    CHECK(now_us() - start >= 3000);
    sys_utcb->deadline[0] = 0; /* long past */
    CHECK_EQ(sys_send(&m, A, TIMEOUT_ABSOLUTE), E_TIMEDOUT);
}

static void receiving_is_limited(void)
{
    struct msg m = {0};
    CHECK_EQ(sys_wait(&m, TIMEOUT_ZERO, 0), E_TIMEDOUT);
    u64 start = now_us();
    CHECK_EQ(sys_wait(&m, 3000, 0), E_TIMEDOUT);
    CHECK(now_us() - start >= 3000);
    start = now_us();
    sys_utcb->deadline[1] = start + 3000;
    CHECK_EQ(sys_wait(&m, TIMEOUT_ABSOLUTE, 0), E_TIMEDOUT);
    CHECK(now_us() - start >= 3000);
    sys_utcb->deadline[1] = ~0ull; /* farther than the clock can count: the call below must not end early or crash */
    CHECK_OK(test_thread_start(0, ABOVE, test_echo, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), 0));
    m = (struct msg){.tag = TAG(1, 0)};
    sys_invoke(&m, SEL(A, SEL_OP_CALL), TIMEOUTS(0, TIMEOUT_ABSOLUTE), 0);
    CHECK_OK(sys_tag_error(m.tag));
}

/* Sleeps with the request of a caller, which stays its own meanwhile. */
static void answer_late(u64 unused)
{
    struct msg m = {0};
    for (;;) {
        sys_wait(&m, TIMEOUT_NEVER, 0);
        sys_sleep(4000);
        m = (struct msg){.tag = TAG(1, 0)};
        seen.error = (u64)sys_reply(&m, 0);
    }
}

static void late_answer_finds_nobody(void)
{
    struct msg m = {.tag = TAG(1, 0)};
    CHECK_OK(test_thread_start(0, ABOVE, answer_late, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), 0));
    sys_invoke(&m, SEL(A, SEL_OP_CALL), TIMEOUTS(0, 2000), 0);
    CHECK_EQ(sys_tag_error(m.tag), E_TIMEDOUT);
    sys_sleep(5000);
    CHECK_EQ(seen.error, E_NOENT);
    m = (struct msg){.tag = TAG(1, 0)};
    CHECK_OK(sys_call(&m, A));
}

/* --- order --- */

static void call_with_number(u64 gate)
{
    struct msg m = {.tag = TAG(1, 0), .w = {test_thread_number()}};
    sys_call(&m, (cap_t)gate);
}

static void urgent_senders_come_first(void)
{
    static const u32 priority[] = {ABOVE, ABOVE + 20, ABOVE + 5, ABOVE + 20, ABOVE + 30};
    static const u32 expected[] = {4, 1, 3, 2, 0};
    CHECK_OK(test_gate_create(A, THREAD, 0));
    for (u32 i = 0; i < 5; i++)
        CHECK_OK(test_thread_start(i, priority[i], call_with_number, A));
    for (u32 i = 0; i < 5; i++) {
        struct msg m = {0};
        CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, 0));
        CHECK_EQ(m.w[0], expected[i]);
        m = (struct msg){.tag = TAG(1, 0)};
        CHECK_OK(sys_reply(&m, 0));
    }
}

/* --- partners that go --- */

static void call_and_note(u64 gate)
{
    struct msg m = {.tag = TAG(1, 0)};
    seen.error = ~0ull;
    seen.error = (u64)sys_call(&m, (cap_t)gate);
}

static void server_that_waits_on_cancels_its_caller(void)
{
    CHECK_OK(test_thread_start(0, ABOVE, take_and_note, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), 0));
    struct msg m = {.tag = TAG(1, 0)};
    CHECK_EQ(sys_call(&m, A), E_CANCELED);
}

static void server_that_dies_cancels_its_callers(void)
{
    CHECK_OK(test_thread_start(0, ABOVE, test_echo, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), 0));
    CHECK_OK(thread_ex_regs(TEST_THREAD(0), EX_REGS_STOP, 0, 0, 0, 0));
    CHECK_OK(test_thread_start(1, ABOVE, call_and_note, A)); /* queued */
    CHECK_EQ(seen.error, ~0ull);
    CHECK_OK(test_delete(TEST_THREAD(0)));
    sys_sleep(1000);
    CHECK_EQ(seen.error, E_CANCELED);
}

static void server_that_dies_with_a_request_cancels_it(void)
{
    CHECK_OK(test_gate_create(A, THREAD, 0));
    CHECK_OK(test_thread_start(1, ABOVE, call_and_note, A));
    struct msg m = {0};
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, 0)); /* we have its request */
    CHECK_EQ(seen.error, ~0ull);
    sys_wait(&m, TIMEOUT_ZERO, 0); /* and forget it */
    sys_sleep(1000);
    CHECK_EQ(seen.error, E_CANCELED);
}

static void gate_that_goes_cancels_its_senders(void)
{
    CHECK_OK(factory_create_gate(FACTORY, A));
    CHECK_OK(test_thread_start(0, ABOVE, call_and_note, A));
    CHECK_EQ(seen.error, ~0ull);
    CHECK_OK(test_delete(A));
    sys_sleep(1000);
    CHECK_EQ(seen.error, E_CANCELED);
    CHECK_OK(test_gate_create(A, THREAD, 0));
    CHECK_OK(test_thread_start(1, ABOVE, call_and_note, A));
    CHECK_OK(test_delete(A));
    sys_sleep(1000);
    CHECK_EQ(seen.error, E_CANCELED);
}

static void senders_wait_for_a_thread(void)
{
    CHECK_OK(factory_create_gate(FACTORY, A));
    CHECK_OK(test_thread_start(0, ABOVE, call_and_note, A));
    CHECK_EQ(seen.error, ~0ull);
    CHECK_OK(test_thread_start(1, ABOVE, test_echo, 0));
    CHECK_OK(gate_bind(A, TEST_THREAD(1), 0));
    sys_sleep(1000);
    CHECK_EQ(seen.error, E_OK);
}

static void cancelled_caller_learns_it(void)
{
    struct msg m = {0};
    CHECK_OK(test_gate_create(A, THREAD, 0));
    CHECK_OK(test_thread_start(0, ABOVE, call_and_note, A));
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, 0));
    CHECK_OK(thread_ex_regs(TEST_THREAD(0), EX_REGS_CANCEL, 0, 0, 0, 0));
    sys_sleep(1000);
    CHECK_EQ(seen.error, E_INTR);
    m = (struct msg){.tag = TAG(1, 0)};
    CHECK_EQ(sys_reply(&m, 0), E_NOENT);
}

static void killed_caller_leaves_no_trace(void)
{
    struct msg m = {0};
    CHECK_OK(test_gate_create(A, THREAD, 0));
    CHECK_OK(test_thread_start(0, ABOVE, call_and_note, A));
    CHECK_OK(test_thread_start(1, ABOVE, call_and_note, A));
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, 0));
    CHECK_OK(test_delete(TEST_THREAD(0))); /* its request is here */
    CHECK_OK(test_delete(TEST_THREAD(1))); /* it is in the queue */
    m = (struct msg){.tag = TAG(1, 0)};
    CHECK_EQ(sys_reply(&m, 0), E_NOENT);
    CHECK_EQ(sys_wait(&m, TIMEOUT_ZERO, 0), E_TIMEDOUT);
}

static void killed_task_cancels_calls_into_it(void)
{
    CHECK_OK(test_task_create(B));
    CHECK_OK(test_thread_start_in(0, B, ABOVE, take_and_note, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), 0));
    CHECK_OK(thread_ex_regs(TEST_THREAD(0), EX_REGS_STOP, 0, 0, 0, 0));
    CHECK_OK(test_thread_start(1, ABOVE, call_and_note, A));
    CHECK_OK(test_delete(B));
    CHECK_OK(test_delete(TEST_THREAD(0)));
    sys_sleep(1000);
    CHECK_EQ(seen.error, E_CANCELED);
}

static void one_cannot_call_oneself(void)
{
    struct msg m = {.tag = TAG(1, 0)};
    CHECK_OK(test_gate_create(A, THREAD, 0));
    sys_invoke(&m, SEL(A, SEL_OP_CALL), TIMEOUTS(1000, 1000), 0);
    CHECK_EQ(sys_tag_error(m.tag), E_TIMEDOUT);
    m = (struct msg){.tag = TAG(1, 0)};
    CHECK_EQ(sys_send(&m, A, TIMEOUT_ZERO), E_TIMEDOUT);
    sys_invoke(&m, SEL(A, SEL_OP_SEND_WAIT), TIMEOUTS(1000, 1000), 0);
    CHECK_EQ(sys_tag_error(m.tag), E_TIMEDOUT);
}

TESTS(TEST(all_words_travel), TEST(all_words_travel_between_tasks), TEST(all_words_travel_with_timeouts),
      TEST(server_that_slept_takes_all_messages), TEST(server_that_waited_for_one_takes_all_messages),
      TEST(label_tells_the_gate), TEST(sending_is_limited), TEST(receiving_is_limited), TEST(late_answer_finds_nobody),
      TEST(urgent_senders_come_first), TEST(server_that_waits_on_cancels_its_caller),
      TEST(server_that_dies_cancels_its_callers), TEST(server_that_dies_with_a_request_cancels_it),
      TEST(gate_that_goes_cancels_its_senders), TEST(senders_wait_for_a_thread), TEST(cancelled_caller_learns_it),
      TEST(killed_caller_leaves_no_trace), TEST(killed_task_cancels_calls_into_it), TEST(one_cannot_call_oneself));
