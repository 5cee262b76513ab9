/* Irq objects, triggered by software. */
#include "lib/test/thread.h"

#define ABOVE (TEST_PRIORITY + 10)

static volatile u64 signals, label_seen, error_seen;

static void is_received_with_its_label(void)
{
    struct msg m = {.w = {1, 2, 3}};
    CHECK_OK(factory_create_irq(FACTORY, A));
    CHECK_OK(irq_bind(A, THREAD, 0xabcdef0123456789ull));
    CHECK_OK(irq_trigger(A));
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, 0));
    CHECK_EQ(m.label, 0xabcdef0123456789ull);
    CHECK_EQ(m.w[0] | m.w[1] | m.w[2], 0);
    m = (struct msg){.tag = TAG(1, 0)};
    CHECK_EQ(sys_reply(&m, 0), E_NOENT); /* it expects no answer */
}

static void signals_before_reception_are_one(void)
{
    CHECK_OK(factory_create_irq(FACTORY, A));
    CHECK_OK(irq_bind(A, THREAD, 1));
    for (u32 i = 0; i < 10; i++)
        CHECK_OK(irq_trigger(A));
    CHECK_OK(irq_receive(A, TIMEOUT_ZERO));
    CHECK_EQ(irq_receive(A, TIMEOUT_ZERO), E_TIMEDOUT);
    CHECK_EQ(irq_receive(A, 1000), E_TIMEDOUT);
}

static void signal_waits_for_a_thread(void)
{
    CHECK_OK(factory_create_irq(FACTORY, A));
    CHECK_OK(irq_trigger(A));
    CHECK_OK(irq_bind(A, THREAD, 1));
    CHECK_OK(irq_receive(A, TIMEOUT_ZERO));
}

static void wait_and_note(u64 unused)
{
    struct msg m = {0};
    for (;;) {
        error_seen = (u64)sys_wait(&m, TIMEOUT_NEVER, 0);
        label_seen = m.label;
        signals++;
        if (error_seen)
            sys_sleep(TIMEOUT_NEVER);
    }
}

static void wakes_an_urgent_thread_at_once(void)
{
    signals = 0;
    CHECK_OK(factory_create_irq(FACTORY, A));
    CHECK_OK(test_thread_start(0, ABOVE, wait_and_note, 0));
    CHECK_OK(irq_bind(A, TEST_THREAD(0), 77));
    for (u64 i = 1; i <= 100; i++) {
        CHECK_OK(irq_trigger(A));
        CHECK_EQ(signals, i);
        CHECK_EQ(label_seen, 77);
    }
}

static void closed_reception_takes_only_its_own(void)
{
    CHECK_OK(factory_create_irq(FACTORY, A));
    CHECK_OK(factory_create_irq(FACTORY, B));
    CHECK_OK(irq_bind(A, THREAD, 1));
    CHECK_OK(irq_bind(B, THREAD, 2));
    CHECK_OK(irq_trigger(A));
    CHECK_EQ(irq_receive(B, TIMEOUT_ZERO), E_TIMEDOUT);
    CHECK_EQ(irq_receive(B, 1000), E_TIMEDOUT);
    CHECK_OK(irq_receive(A, TIMEOUT_ZERO));
    CHECK_OK(test_thread_start(0, ABOVE, wait_and_note, 0));
    CHECK_OK(irq_bind(A, TEST_THREAD(0), 1));
    CHECK_EQ(irq_receive(A, 1000), E_TIMEDOUT); /* it is another thread's now */
    CHECK_EQ(irq_receive(TASK, TIMEOUT_ZERO), E_INVAL);
    CHECK_EQ(irq_receive(SLOT_NONE, TIMEOUT_ZERO), E_NOENT);
}

static void signals_come_before_messages(void)
{
    struct msg m = {.tag = TAG(1, 0)};
    CHECK_OK(factory_create_irq(FACTORY, A));
    CHECK_OK(irq_bind(A, THREAD, 1));
    CHECK_OK(test_gate_create(B, THREAD, 2));
    CHECK_OK(test_thread_start(0, ABOVE, test_echo, 0));
    CHECK_OK(irq_trigger(A));
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, 0));
    CHECK_EQ(m.label, 1);
}

static void detach_drops_the_signal(void)
{
    CHECK_OK(factory_create_irq(FACTORY, A));
    CHECK_OK(irq_bind(A, THREAD, 1));
    CHECK_OK(irq_trigger(A));
    CHECK_OK(irq_detach(A));
    CHECK_OK(irq_bind(A, THREAD, 1));
    CHECK_EQ(irq_receive(A, TIMEOUT_ZERO), E_TIMEDOUT);
}

static void binding_again_keeps_the_signal(void)
{
    struct msg m = {0};
    CHECK_OK(factory_create_irq(FACTORY, A));
    CHECK_OK(irq_bind(A, THREAD, 1));
    CHECK_OK(irq_trigger(A));
    CHECK_OK(irq_bind(A, THREAD, 2));
    CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, 0));
    CHECK_EQ(m.label, 2);
}

static void chain_triggers_the_other(void)
{
    CHECK_OK(factory_create_irq(FACTORY, A));
    CHECK_OK(factory_create_irq(FACTORY, B));
    CHECK_OK(irq_bind(B, THREAD, 1));
    CHECK_OK(irq_chain(A, B));
    CHECK_OK(irq_trigger(A));
    CHECK_OK(irq_receive(B, TIMEOUT_ZERO));
    CHECK_EQ(irq_chain(A, A), E_INVAL);
    CHECK_OK(irq_chain(B, A)); /* a circle: triggering ends */
    CHECK_OK(irq_trigger(A));
    CHECK_OK(irq_trigger(B));
    CHECK_OK(test_delete(A));
    CHECK_OK(irq_trigger(B)); /* its chain is gone with A */
    CHECK_OK(irq_receive(B, TIMEOUT_ZERO));
}

static void bound_thread_may_die(void)
{
    CHECK_OK(factory_create_irq(FACTORY, A));
    CHECK_OK(test_thread_start(0, ABOVE, wait_and_note, 0));
    CHECK_OK(irq_bind(A, TEST_THREAD(0), 1));
    CHECK_OK(test_delete(TEST_THREAD(0)));
    CHECK_OK(irq_trigger(A));
    CHECK_OK(irq_bind(A, THREAD, 1));
    CHECK_OK(irq_receive(A, TIMEOUT_ZERO));
}

static void deleted_irq_drops_its_signal(void)
{
    struct msg m = {0};
    CHECK_OK(factory_create_irq(FACTORY, A));
    CHECK_OK(irq_bind(A, THREAD, 1));
    CHECK_OK(irq_trigger(A));
    CHECK_OK(test_delete(A));
    CHECK_EQ(sys_wait(&m, TIMEOUT_ZERO, 0), E_TIMEDOUT);
}

static void several_sources_reach_one_thread(void)
{
    struct msg m = {0};
    for (u32 i = 0; i < 4; i++) {
        CHECK_OK(factory_create_irq(FACTORY, A + i));
        CHECK_OK(irq_bind(A + i, THREAD, 100 + i));
        CHECK_OK(irq_trigger(A + i));
    }
    for (u32 i = 0; i < 4; i++) { /* in their order */
        CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, 0));
        CHECK_EQ(m.label, 100 + i);
    }
    CHECK_EQ(sys_wait(&m, TIMEOUT_ZERO, 0), E_TIMEDOUT);
}

/* A server changes what it will learn of those who wait for it already. */
static void labels_of_waiting_senders_change(void)
{
    u64 changed = 0;
    bool more = true;
    struct msg m = {0};
    for (u32 i = 0; i < 3; i++) {
        CHECK_OK(factory_create_irq(FACTORY, A + i));
        CHECK_OK(irq_bind(A + i, THREAD, 0x10 + i));
        CHECK_OK(irq_trigger(A + i));
    }
    CHECK_OK(thread_modify_senders(THREAD, ~0ull, 0x11, 0x1, 0x800, &changed, &more));
    CHECK_EQ(changed, 1);
    CHECK(!more);
    CHECK_OK(thread_modify_senders(THREAD, 0x1, 0, 0, 0x8000000000000000ull, &changed, &more));
    CHECK_EQ(changed, 3); /* also what was changed before */
    static const u64 expected[] = {0x8000000000000010ull, 0x8000000000000810ull, 0x8000000000000012ull};
    for (u32 i = 0; i < 3; i++) {
        CHECK_OK(sys_wait(&m, TIMEOUT_ZERO, 0));
        CHECK_EQ(m.label, expected[i]);
    }
    CHECK_OK(irq_trigger(B)); /* later ones are as ever */
    CHECK_OK(irq_receive(B, TIMEOUT_ZERO));
    CHECK_OK(task_map(TASK, TASK, FPAGE_OBJ(THREAD, 0, RIGHT_USE), (u64)D << FPAGE_START_SHIFT));
    CHECK_EQ(thread_modify_senders(D, 0, 0, 0, 0, &changed, &more), E_PERM);
}

static void refuses_what_is_not_right(void)
{
    CHECK_OK(factory_create_irq(FACTORY, A));
    CHECK_EQ(irq_bind(A, TASK, 1), E_INVAL);
    CHECK_EQ(irq_bind(A, SLOT_NONE, 1), E_NOENT);
    CHECK_EQ(irq_chain(A, THREAD), E_INVAL);
    CHECK_EQ(test_invoke(A, OP_IRQ_BIND, 2, 1, 0, 0), E_MSGSIZE);
    CHECK_OK(irq_unmask(A)); /* without a line it does nothing */
    CHECK_OK(task_map(TASK, TASK, FPAGE_OBJ(A, 0, RIGHT_USE), (u64)B << FPAGE_START_SHIFT));
    CHECK_OK(irq_trigger(B));
    CHECK_EQ(irq_bind(B, THREAD, 1), E_PERM);
    CHECK_EQ(irq_detach(B), E_PERM);
    CHECK_EQ(irq_chain(B, A), E_PERM);
}

TESTS(TEST(is_received_with_its_label), TEST(signals_before_reception_are_one), TEST(signal_waits_for_a_thread),
      TEST(wakes_an_urgent_thread_at_once), TEST(closed_reception_takes_only_its_own),
      TEST(signals_come_before_messages), TEST(detach_drops_the_signal), TEST(binding_again_keeps_the_signal),
      TEST(chain_triggers_the_other), TEST(bound_thread_may_die), TEST(deleted_irq_drops_its_signal),
      TEST(several_sources_reach_one_thread), TEST(labels_of_waiting_senders_change),
      TEST(refuses_what_is_not_right));
