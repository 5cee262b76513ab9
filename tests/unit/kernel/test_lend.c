/*
 * Who waits for a busy server lends it priority, through chains; a server without time goes on on that of whoever waits
 * for it, be it through others. Clients: slots 40, 42, 44 with SCs behind them; servers: 50, 52, 54; gates: 60, 62, 64.
 */
#include "tests/unit/kernel/rig.h"

static struct thread *low, *middle, *high, *server[3];

static void set_priority(u64 sc, u64 priority)
{
    assert_int_equal(call(sc, TAG(5, 0), OP_SC_CONFIGURE, priority, 0, 0), 0);
}

/* The first thread is above all; it lets others run by sleeping for a while. */
static void let_run(u64 us)
{
    invoke_as(root(), 0, SEL_OP_RECV, TIMEOUTS(0, us));
}

static void take_over(u64 us)
{
    host_advance(us);
    assert_ptr_equal(host_current(), root());
    check();
}

static int boot_lend(void **unused)
{
    boot(NULL);
    set_priority(SC, 250);
    low = make_thread(40, 41);
    middle = make_thread(42, 43);
    high = make_thread(44, 45);
    set_priority(41, 100);
    set_priority(43, 110);
    set_priority(45, 120);
    for (u32 i = 0; i < 3; i++) {
        server[i] = make_thread(50 + 2 * i, 0);
        make_gate(60 + 2 * i, 50 + 2 * i);
        start(50 + 2 * i, EX_REGS_PC | EX_REGS_WAIT);
    }
    return 0;
}

/* `t` in the slot starts and calls the server's gate; the first thread runs again behind it. */
static void start_call(u64 slot, struct thread *t, u64 gate, u64 timeouts)
{
    start(slot, EX_REGS_PC);
    let_run(10);
    invoke_as(t, TAG(1, 0), SEL_OP_CALL | AT(gate), timeouts);
    take_over(10);
}

static void test_waiting_caller_lends_its_priority(void **unused)
{
    start_call(40, low, 60, 0);
    assert_ptr_equal(server[0]->sc, low->own_sc);
    start_call(44, high, 60, 0);
    assert_int_equal(low->own_sc->priority, 120);
    start(42, EX_REGS_PC); /* would come before, but for that */
    let_run(100);
    assert_ptr_equal(host_current(), server[0]);
    invoke_as(server[0], TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    check();
    assert_int_equal(low->own_sc->priority, 100);
    assert_ptr_equal(host_current(), server[0]); /* now for the other */
    assert_ptr_equal(server[0]->sc, high->own_sc);
}

static void test_priority_goes_through_calls(void **unused)
{
    start_call(40, low, 60, 0);
    let_run(10);
    invoke_as(server[0], TAG(1, 0), SEL_OP_CALL | AT(62), 0);
    take_over(10);
    assert_ptr_equal(server[1]->sc, low->own_sc);
    start_call(44, high, 60, 0);
    start(42, EX_REGS_PC);
    let_run(100);
    assert_ptr_equal(host_current(), server[1]);
    assert_int_equal(low->own_sc->priority, 120);
    check();
}

/* low is with server 0; server 1, on middle's SC, waits for it; high waits for server 1: both SCs are raised. */
static void test_priority_goes_through_queues(void **unused)
{
    start_call(40, low, 60, 0);
    start_call(42, middle, 62, 0);
    let_run(10);
    invoke_as(server[1], TAG(1, 0), SEL_OP_CALL | AT(60), 0);
    take_over(10);
    assert_int_equal(low->own_sc->priority, 110);
    start_call(44, high, 62, TIMEOUTS(1000, 0));
    assert_int_equal(middle->own_sc->priority, 120);
    assert_int_equal(low->own_sc->priority, 120);
    let_run(2000);
    host_advance(1500); /* high gives up */
    check();
    assert_int_equal(middle->own_sc->priority, 110);
    assert_int_equal(low->own_sc->priority, 110);
}

static void test_all_ways_out_of_the_queue_take_the_priority_back(void **unused)
{
    for (u32 way = 0; way < 4; way++) {
        boot_lend(NULL);
        start_call(40, low, 60, 0);
        start_call(44, high, 60, 0);
        assert_int_equal(low->own_sc->priority, 120);
        if (way == 0)
            start(44, EX_REGS_CANCEL);
        else if (way == 1)
            destroy(44); /* the caller */
        else if (way == 2)
            destroy(60); /* the gate */
        else
            destroy(45); /* its SC */
        check();
        if (way < 3)
            assert_int_equal(low->own_sc->priority, 100);
    }
}

static void test_rebound_gate_takes_the_priority_along(void **unused)
{
    start_call(40, low, 60, 0);
    start_call(42, middle, 62, 0);
    start_call(44, high, 60, 0);
    item(0, 52);
    assert_int_equal(call(60, TAG(2, 1) | TAG_OBJECT, OP_GATE_BIND, 1, 0, 0), 0);
    check();
    assert_int_equal(low->own_sc->priority, 100);
    assert_int_equal(middle->own_sc->priority, 120);
}

static void test_callers_in_a_circle_harm_nobody(void **unused)
{
    start_call(40, low, 60, 0);
    start_call(42, middle, 62, 0);
    let_run(10);
    invoke_as(server[1], TAG(1, 0), SEL_OP_CALL | AT(60), 0);
    invoke_as(server[0], TAG(1, 0), SEL_OP_CALL | AT(62), 0);
    take_over(10);
    start_call(44, high, 60, TIMEOUTS(100, 0));
    let_run(1000);
    host_advance(200);
    check();
    assert_ptr_equal(host_current(), high);
    assert_int_equal(result(high), E_TIMEDOUT);
}

/* The first caller of a chain gives up; the next one, at its head, drives the threads at its end. */
static void test_next_caller_drives_the_whole_chain(void **unused)
{
    start_call(40, low, 60, TIMEOUTS(0, 500));
    let_run(100);
    invoke_as(server[0], TAG(1, 0), SEL_OP_CALL | AT(62), 0);
    invoke_as(server[1], TAG(1, 0), SEL_OP_CALL | AT(64), 0);
    take_over(100);
    let_run(1000);
    host_advance(600);
    assert_int_equal(result(low), E_TIMEDOUT);
    invoke_as(low, 0, SEL_OP_RECV, 0);
    host_advance(1000);
    assert_null(server[2]->sc);
    start(44, EX_REGS_PC);
    let_run(1000);
    invoke_as(high, TAG(1, 0), SEL_OP_CALL | AT(60), 0);
    check();
    for (u32 i = 3; i-- > 0;) {
        assert_ptr_equal(host_current(), server[i]);
        assert_ptr_equal(server[i]->sc, high->own_sc);
        invoke_as(server[i], TAG(1, 0), i ? SEL_OP_REPLY_WAIT : SEL_OP_WAIT, 0);
        check();
    }
    assert_ptr_equal(host_current(), server[0]); /* its first caller has gone; now it has the message */
    invoke_as(server[0], TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    assert_ptr_equal(host_current(), high);
    assert_int_equal(result(high), 0);
    check();
}

/* The same with the second caller waiting already when the first one gives up. */
static void test_waiting_caller_takes_the_chain_over(void **unused)
{
    start_call(40, low, 60, TIMEOUTS(0, 500));
    let_run(10);
    invoke_as(server[0], TAG(1, 0), SEL_OP_CALL | AT(62), 0);
    take_over(10);
    start_call(44, high, 60, 0);
    let_run(1000);
    host_advance(600);
    check();
    assert_ptr_equal(server[1]->sc, high->own_sc);
    assert_ptr_equal(low->sc, low->own_sc);
    assert_ptr_equal(host_current(), server[1]);
}

/* A lent budget is used up: the server goes on on the next caller's; the first one is answered none the less. */
static void test_next_caller_helps_out_of_an_exhausted_budget(void **unused)
{
    assert_int_equal(call(41, TAG(5, 0), OP_SC_CONFIGURE, 100, 500, 1000000), 0);
    start_call(40, low, 60, 0);
    let_run(1000);
    host_advance(900);
    assert_null(host_current());
    assert_true(low->own_sc->exhausted);
    check();
    take_over(200);
    start(44, EX_REGS_PC);
    let_run(1000);
    invoke_as(high, TAG(1, 0), SEL_OP_CALL | AT(60), 0);
    check();
    assert_ptr_equal(host_current(), server[0]);
    assert_ptr_equal(server[0]->sc, high->own_sc);
    assert_ptr_equal(low->sc, low->own_sc);
    invoke_as(server[0], TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    check();
    assert_int_equal(low->state, THREAD_READY); /* when it has a budget again */
    invoke_as(server[0], TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    assert_ptr_equal(host_current(), high);
}

static void test_caller_that_waits_takes_over_when_the_budget_ends(void **unused)
{
    assert_int_equal(call(41, TAG(5, 0), OP_SC_CONFIGURE, 100, 500, 1000000), 0);
    start_call(40, low, 60, 0);
    start_call(44, high, 60, 0);
    let_run(5000);
    assert_ptr_equal(server[0]->sc, low->own_sc);
    host_advance(600);
    check();
    assert_ptr_equal(host_current(), server[0]);
    assert_ptr_equal(server[0]->sc, high->own_sc);
    invoke_as(server[0], TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    check();
    assert_ptr_equal(host_current(), server[0]);
}

/* It gives up before the server is done: the server has the first one's budget again, when there is one. */
static void test_helper_gives_up(void **unused)
{
    assert_int_equal(call(41, TAG(5, 0), OP_SC_CONFIGURE, 100, 500, 10000), 0);
    start_call(40, low, 60, 0);
    start_call(44, high, 60, TIMEOUTS(1500, 0));
    let_run(50000);
    host_advance(600);
    assert_ptr_equal(server[0]->sc, high->own_sc);
    host_advance(1500);
    check();
    assert_ptr_equal(host_current(), high);
    assert_int_equal(result(high), E_TIMEDOUT);
    invoke_as(high, 0, SEL_OP_RECV, 0);
    host_advance(10000);
    check();
    assert_ptr_equal(host_current(), server[0]);
    assert_ptr_equal(server[0]->sc, low->own_sc);
}

/* A server with an SC of its own loses it while it works for somebody who has one. */
static void test_server_that_loses_its_sc_goes_on_on_its_callers(void **unused)
{
    struct thread *active = make_thread(80, 81);
    make_gate(82, 80);
    start(80, EX_REGS_PC | EX_REGS_WAIT);
    start_call(44, high, 82, 0);
    assert_ptr_equal(active->sc, active->own_sc);
    destroy(81);
    check();
    assert_ptr_equal(active->sc, high->own_sc);
    let_run(100);
    invoke_as(active, TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    assert_ptr_equal(host_current(), high);
    check();
}

/* Server 0, without time, waits for middle, and high for it: when middle's SC becomes its own, high's drives middle. */
static void test_sc_goes_to_who_waits_for_its_user(void **unused)
{
    make_gate(66, 42);
    start(42, EX_REGS_PC);
    let_run(10);
    invoke_as(middle, 0, SEL_OP_WAIT, 0);
    take_over(10);
    start_call(40, low, 60, 0);
    let_run(10);
    invoke_as(server[0], TAG(1, 0), SEL_OP_CALL | AT(66), 0);
    take_over(10);
    start(40, EX_REGS_CANCEL); /* takes its SC back */
    start_call(44, high, 60, 0);
    item(0, 50);
    item(1, 43);
    assert_int_equal(call(SCHEDULER, TAG(2, 2), OP_SCHEDULER_RUN_THREAD, 0, 0, 0), 0);
    check();
    assert_ptr_equal(middle->sc, high->own_sc);
    let_run(100);
    assert_ptr_equal(host_current(), middle);
    invoke_as(middle, TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    check();
    assert_ptr_equal(server[0]->sc, server[0]->own_sc);
    assert_ptr_equal(high->sc, high->own_sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_waiting_caller_lends_its_priority, boot_lend),
        cmocka_unit_test_setup(test_priority_goes_through_calls, boot_lend),
        cmocka_unit_test_setup(test_priority_goes_through_queues, boot_lend),
        cmocka_unit_test_setup(test_all_ways_out_of_the_queue_take_the_priority_back, boot_lend),
        cmocka_unit_test_setup(test_rebound_gate_takes_the_priority_along, boot_lend),
        cmocka_unit_test_setup(test_callers_in_a_circle_harm_nobody, boot_lend),
        cmocka_unit_test_setup(test_next_caller_drives_the_whole_chain, boot_lend),
        cmocka_unit_test_setup(test_waiting_caller_takes_the_chain_over, boot_lend),
        cmocka_unit_test_setup(test_next_caller_helps_out_of_an_exhausted_budget, boot_lend),
        cmocka_unit_test_setup(test_caller_that_waits_takes_over_when_the_budget_ends, boot_lend),
        cmocka_unit_test_setup(test_helper_gives_up, boot_lend),
        cmocka_unit_test_setup(test_server_that_loses_its_sc_goes_on_on_its_callers, boot_lend),
        cmocka_unit_test_setup(test_sc_goes_to_who_waits_for_its_user, boot_lend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
