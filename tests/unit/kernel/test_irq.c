/* Lines of the interrupt controller: what level and edge mean for it, and what it says about itself. */
#include "tests/unit/kernel/rig.h"

enum { IRQ = 20, LINE = 5 };

static u64 icu(u64 op, u64 a, u64 b)
{
    return call(ICU, TAG(3, 0), op, a, b, 0);
}

static u64 irq(u64 op)
{
    return call(IRQ, TAG(1, 0), op, 0, 0, 0);
}

/* The first thread takes the signal, if there is one. */
static bool signalled(void)
{
    u64 w[MSG_REGS] = {0};
    host_invoke(TAG(0, 0), SEL_OP_RECV | AT(IRQ), TIMEOUTS(0, TIMEOUT_ZERO), 0, w);
    return result(root()) != E_TIMEDOUT;
}

static int boot_line(void **unused)
{
    boot(NULL);
    host_lines[LINE] = (struct host_line){0};
    assert_int_equal(create(FACTORY, IRQ, OBJ_IRQ, 0), 0);
    item(0, THREAD);
    assert_int_equal(call(IRQ, TAG(2, 1), OP_IRQ_BIND, 7, 0, 0), 0);
    item(0, IRQ);
    assert_int_equal(call(ICU, TAG(2, 1), OP_ICU_BIND, LINE, 0, 0), 0);
    assert_true(host_lines[LINE].enabled);
    return 0;
}

/* Claimed, and so silent, until the driver has served the device. */
static void test_level_is_completed_by_unmask(void **unused)
{
    host_interrupt(LINE);
    assert_int_equal(host_lines[LINE].completed, 0);
    assert_true(signalled());
    assert_false(signalled());
    assert_int_equal(host_lines[LINE].completed, 0);
    assert_int_equal(irq(OP_IRQ_UNMASK), 0);
    assert_int_equal(host_lines[LINE].completed, 1);
    assert_int_equal(irq(OP_IRQ_UNMASK), 0); /* nothing to complete */
    assert_int_equal(host_lines[LINE].completed, 1);
    check();
}

/* Completed at once: the next edge is not lost, though the first was not served; two before it is taken are one. */
static void test_edge_is_completed_at_once(void **unused)
{
    assert_int_equal(icu(OP_ICU_SET_MODE, LINE, ICU_EDGE), 0);
    for (u32 i = 1; i <= 3; i++) {
        host_interrupt(LINE);
        assert_int_equal(host_lines[LINE].completed, i);
    }
    assert_true(signalled());
    assert_false(signalled());
    host_interrupt(LINE);
    assert_true(signalled());
    assert_int_equal(irq(OP_IRQ_UNMASK), 0);
    assert_int_equal(host_lines[LINE].completed, 4);
    assert_int_equal(icu(OP_ICU_SET_MODE, LINE, ICU_LEVEL), 0);
    host_interrupt(LINE);
    assert_int_equal(host_lines[LINE].completed, 4);
    check();
}

/* A line that nobody has is completed, then disabled; one that is given back in the middle of its service, too. */
static void test_lines_without_irq(void **unused)
{
    host_interrupt(LINE);
    assert_int_equal(icu(OP_ICU_UNBIND, LINE, 0), 0);
    assert_int_equal(host_lines[LINE].completed, 1);
    assert_false(host_lines[LINE].enabled);
    host_lines[LINE].enabled = true;
    host_interrupt(LINE);
    assert_int_equal(host_lines[LINE].completed, 2);
    assert_false(host_lines[LINE].enabled);
    check();
}

static void test_there_are_no_message_signalled_interrupts(void **unused)
{
    assert_int_equal(icu(OP_ICU_INFO, 0, 0), 0);
    assert_true(root()->cold.mr[1] > LINE);
    assert_int_equal(root()->cold.mr[2], 0);
    assert_int_equal(icu(OP_ICU_MSI_INFO, 0, 0), E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_level_is_completed_by_unmask, boot_line),
        cmocka_unit_test_setup(test_edge_is_completed_at_once, boot_line),
        cmocka_unit_test_setup(test_lines_without_irq, boot_line),
        cmocka_unit_test_setup(test_there_are_no_message_signalled_interrupts, boot_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
