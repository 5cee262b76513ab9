/*
 * Faults and exceptions with pagers and handlers that die, refuse or answer nonsense; and semaphores whose waiters are
 * passive. Nobody is left running on what it has not got, nobody waits for what cannot come.
 */
#include "tests/unit/kernel/rig.h"
#include "abi/vcpu.h"
#include "kernel/task.h"

enum { TASK_SLOT = 70, THREAD_SLOT, SC_SLOT, PAGER = 80, PAGER_SC, PAGER_GATE, HANDLER = 90, HANDLER_SC, HANDLER_GATE };
#define NOWHERE 0x90000000ull

static struct thread *victim, *pager, *handler;

/* A thread in a task of its own, with pager and exception handler, that runs; the first thread waits for ever. */
static int boot_faults(void **unused)
{
    boot(NULL);
    pager = make_thread(PAGER, PAGER_SC);
    handler = make_thread(HANDLER, HANDLER_SC);
    make_gate(PAGER_GATE, PAGER);
    make_gate(HANDLER_GATE, HANDLER);
    start(PAGER, EX_REGS_PC | EX_REGS_WAIT);
    start(HANDLER, EX_REGS_PC | EX_REGS_WAIT);
    victim = make_task(FACTORY, TASK_SLOT);
    invoke_as(victim, 0, SEL_OP_RECV, TIMEOUTS(0, 1000));
    item(0, PAGER_GATE);
    item(1, HANDLER_GATE);
    assert_int_equal(call(THREAD_SLOT, TAG(3, 2), OP_THREAD_CONTROL, THREAD_SET_PAGER | THREAD_SET_HANDLER, 0, 0), 0);
    u64 w[MSG_REGS] = {OP_SC_CONFIGURE, 120}; /* the first thread comes last */
    host_invoke(TAG(5, 0), SEL_OP_CALL | AT(SC), 0, 0, w);
    host_advance(1000);
    assert_ptr_equal(host_current(), victim);
    return 0;
}

static void fault(void)
{
    host_page_fault(NOWHERE, RIGHT_W);
    check();
}

static void answer(struct thread *server, u64 word0, u64 words, u64 items)
{
    assert_ptr_equal(host_current(), server);
    u64 w[MSG_REGS] = {word0};
    host_invoke(TAG(words, items), SEL_OP_REPLY_WAIT, 0, 0, w);
    check();
}

static void test_pager_resolves(void **unused)
{
    fault();
    assert_int_equal(pager->cold.mr[0], FAULT_PAGE);
    assert_int_equal(pager->cold.mr[1], NOWHERE);
    assert_int_equal(pager->cold.label, PAGER_GATE);
    pager->utcb->item[0] = (struct map_item){FPAGE_MEM(HOST_MEMORY, 12, RIGHTS_RWX), NOWHERE};
    answer(pager, 0, 1, 1);
    assert_ptr_equal(host_current(), victim);
    assert_non_null(space_node(&victim->task->space, NOWHERE));
}

/* Whatever the items are: the thread tries again, the pager is told what was wrong. */
static void test_pager_answers_nonsense(void **unused)
{
    static const struct map_item bad[] = {
        {FPAGE_MEM(HOST_MEMORY, 5, 7), 0},           {FPAGE_MEM(HOST_MEMORY, 38, 7), 0x1000},
        {FPAGE_OBJ(1, 0, 15), NOWHERE},              {FPAGE_MEM(0x1234567000, 12, 7), NOWHERE},
        {FPAGE_MEM(HOST_MEMORY, 12, 7), ~0ull << 12}, {FPAGE_MEM(HOST_MEMORY, 12, 7), 1ull << 38},
    };
    for (u32 i = 0; i < sizeof bad / sizeof *bad; i++) {
        boot_faults(NULL);
        fault();
        pager->utcb->item[0] = bad[i];
        answer(pager, 0, 1, 1);
        assert_int_not_equal(result(pager), 0);
        assert_ptr_equal(host_current(), pager); /* it hears of its error instead of waiting */
        invoke_as(pager, 0, SEL_OP_WAIT, 0);
        assert_ptr_equal(host_current(), victim);
        fault();
        assert_int_equal(pager->cold.mr[1], NOWHERE); /* and again */
    }
}

static void test_unresolved_fault_becomes_an_exception(void **unused)
{
    fault();
    answer(pager, 1, 1, 0);
    assert_ptr_equal(host_current(), handler);
    assert_int_equal(handler->cold.mr[0], FAULT_EXCEPTION);
    assert_int_equal(handler->cold.mr[EXC_WORD_CAUSE], 13);
    assert_int_equal(handler->cold.mr[EXC_WORD_TVAL], NOWHERE);
    handler->utcb->mr[8] = 1;
    u64 w[MSG_REGS] = {[EXC_WORD_PC] = 0x4444};
    host_invoke(TAG(EXC_WORDS, 0), SEL_OP_REPLY_WAIT, 0, 0, w);
    check();
    assert_ptr_equal(host_current(), victim);
    assert_int_equal(victim->hot.pc, 0x4444);
}

/* It enters a virtual CPU that takes exceptions but no faults, which then runs. */
static void test_unresolved_fault_enters_a_virtual_cpu(void **unused)
{
    const vaddr_t page = (HOST_UTCB & ~0xfffull) + VCPU_STATE_SIZE;
    struct vcpu_state *v = (struct vcpu_state *)task_utcb(victim->task, page);
    invoke_as(victim, 0, SEL_OP_RECV, TIMEOUTS(0, 1000));
    assert_int_equal(call(THREAD_SLOT, TAG(2, 0), OP_THREAD_VCPU_CONTROL, page, 0, 0), 0);
    host_advance(1000);
    v->flags = VCPU_EXCEPTIONS;
    v->entry_pc = 0x5555;
    fault();
    answer(pager, 1, 1, 0);
    assert_ptr_equal(host_current(), victim);
    assert_int_equal(v->event, VCPU_EVENT_EXCEPTION);
    assert_int_equal(v->frame[EXC_WORD_TVAL], NOWHERE);
    assert_int_equal(victim->hot.pc, 0x5555);
}

/* An operation was interrupted; the handler's answer has the thread do something else: it begins anew another time. */
static void test_answer_with_registers_gives_up_an_operation(void **unused)
{
    u64 w[MSG_REGS] = {OP_TASK_UNMAP, FPAGE_OBJ(1024, 10, RIGHTS_ALL), 0};
    host_pending_enabled = host_no_restart = true;
    host_pending_after = 1;
    host_invoke(TAG(3, 0), SEL_OP_CALL | AT(1), 0, 0, w);
    host_pending_enabled = host_no_restart = false;
    assert_true(victim->cold.restart);
    assert_int_not_equal(victim->map_done, 0);
    host_exception(2);
    assert_int_not_equal(victim->map_done, 0);
    handler->utcb->mr[8] = 1;
    u64 answer_words[MSG_REGS] = {[EXC_WORD_PC] = 0x4444};
    host_invoke(TAG(EXC_WORDS, 0), SEL_OP_REPLY_WAIT, 0, 0, answer_words);
    check();
    assert_ptr_equal(host_current(), victim);
    assert_int_equal(victim->map_done, 0);
}

static void assert_stopped(void)
{
    check();
    assert_int_equal(victim->state, THREAD_STOPPED);
    assert_int_equal(victim->call_kind, CALL_MESSAGE);
    start(THREAD_SLOT, EX_REGS_PC);
    assert_ptr_equal(host_current(), victim); /* it can go on */
    check();
}

static void test_handler_refuses(void **unused)
{
    host_exception(2);
    answer(handler, 1, 1, 0);
    assert_ptr_equal(host_current(), root());
    assert_stopped();
}

/* Who should resolve the fault dies, while it works on it or before it takes it. */
static void test_pager_dies(void **unused)
{
    static const u8 ends[] = {PAGER, PAGER_GATE};
    for (u32 i = 0; i < 2; i++) {
        boot_faults(NULL);
        fault();
        if (i == 0) { /* it works on it */
            invoke_as(pager, 0, SEL_OP_RECV, 0);
        } else { /* it was busy: the fault is queued */
            answer(pager, 0, 1, 0);
            invoke_as(victim, 0, SEL_OP_RECV, TIMEOUTS(0, 10));
            start(PAGER, EX_REGS_PC | EX_REGS_CANCEL);
            host_advance(10);
            if (host_current() == pager)
                invoke_as(pager, 0, SEL_OP_RECV, 0);
            fault();
            assert_int_equal(victim->state, THREAD_SENDING);
        }
        assert_ptr_equal(host_current(), root());
        destroy(ends[i]);
        assert_stopped();
    }
}

static void test_exception_handler_dies(void **unused)
{
    host_exception(2);
    invoke_as(handler, 0, SEL_OP_RECV, 0);
    destroy(HANDLER);
    assert_stopped();
}

static void test_nobody_to_ask(void **unused)
{
    fault();
    answer(pager, 0, 1, 0);
    assert_ptr_equal(host_current(), victim);
    invoke_as(victim, 0, SEL_OP_RECV, TIMEOUTS(0, 10));
    destroy(PAGER_GATE); /* with the gate goes the thread's pager: the fault is an exception now */
    destroy(HANDLER_GATE);
    invoke_as(root(), 0, SEL_OP_RECV, TIMEOUTS(0, 1000));
    host_advance(10);
    assert_ptr_equal(host_current(), victim);
    fault();
    assert_null(host_current());
    assert_int_equal(victim->state, THREAD_STOPPED);
    host_advance(1000);
    assert_stopped();
}

/* The faulting thread dies, or is set going, while the pager has its fault. */
static void test_faulting_thread_goes(void **unused)
{
    for (u32 i = 0; i < 3; i++) {
        boot_faults(NULL);
        fault();
        invoke_as(pager, 0, SEL_OP_RECV, TIMEOUTS(0, 1000));
        if (i == 0)
            destroy(THREAD_SLOT);
        else if (i == 1)
            destroy(TASK_SLOT);
        else
            start(THREAD_SLOT, EX_REGS_PC | EX_REGS_CANCEL);
        check();
        host_advance(1000);
        if (host_current() == victim && i == 2)
            invoke_as(victim, 0, SEL_OP_RECV, 0);
        assert_ptr_equal(host_current(), pager);
        invoke_as(pager, TAG(1, 0), SEL_OP_REPLY, 0);
        assert_int_equal(result(pager), E_NOENT);
        check();
    }
}

/* Whoever cancels what a thread waits for takes no fault from its handler: the answer counts. */
static void test_faults_are_not_cancelled(void **unused)
{
    host_exception(2);
    invoke_as(handler, 0, SEL_OP_RECV, TIMEOUTS(0, 1000)); /* busy with it */
    start(THREAD_SLOT, EX_REGS_CANCEL);
    check();
    assert_int_equal(victim->state, THREAD_CALLING_X);
    host_advance(1000);
    assert_ptr_equal(host_current(), handler);
    u64 w[MSG_REGS] = {[EXC_WORD_PC] = 0x4444};
    host_invoke(TAG(EXC_WORDS, 0), SEL_OP_REPLY_WAIT, 0, 0, w);
    check();
    assert_ptr_equal(host_current(), victim);
    assert_int_equal(victim->hot.pc, 0x4444);
}

/* --- semaphores --- */

enum { CLIENT = 100, CLIENT_SC, SERVER, SERVER_GATE, SEMAPHORE };

static struct thread *client, *server;

/* A passive server waits at a semaphore for its client, for this long. */
static int boot_semaphore(u64 client_timeouts)
{
    boot(NULL);
    client = make_thread(CLIENT, CLIENT_SC);
    server = make_thread(SERVER, 0);
    make_gate(SERVER_GATE, SERVER);
    assert_int_equal(create(FACTORY, SEMAPHORE, OBJ_SEMAPHORE, 0), 0);
    start(SERVER, EX_REGS_PC | EX_REGS_WAIT);
    start(CLIENT, EX_REGS_PC);
    invoke_as(client, TAG(1, 0), SEL_OP_CALL | AT(SERVER_GATE), client_timeouts);
    u64 w[MSG_REGS] = {OP_SEMAPHORE_DOWN};
    assert_ptr_equal(host_current(), server);
    host_invoke(TAG(1, 0), SEL_OP_CALL | AT(SEMAPHORE), 0, 0, w);
    assert_int_equal(server->state, THREAD_DOWN);
    assert_ptr_equal(host_current(), root());
    check();
    return 0;
}

static void test_passive_waiter_is_woken(void **unused)
{
    boot_semaphore(0);
    assert_int_equal(call(SEMAPHORE, TAG(1, 0), OP_SEMAPHORE_UP, 0, 0, 0), 0);
    check();
    assert_ptr_equal(host_current(), server);
    assert_int_equal(result(server), 0);
    invoke_as(server, TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    assert_ptr_equal(host_current(), client);
    check();
}

static void test_semaphore_dies_below_a_passive_waiter(void **unused)
{
    boot_semaphore(0);
    destroy(SEMAPHORE);
    assert_ptr_equal(host_current(), server);
    assert_int_equal(result(server), E_CANCELED);
    check();
}

/* The client gives up: the waiter is woken but has no time until the next client comes. */
static void test_passive_waiter_without_sc(void **unused)
{
    boot_semaphore(TIMEOUTS(0, 1000));
    invoke_as(root(), 0, SEL_OP_RECV, TIMEOUTS(0, 2000));
    host_advance(1500);
    assert_int_equal(result(client), E_TIMEDOUT);
    assert_null(server->sc);
    invoke_as(client, 0, SEL_OP_RECV, TIMEOUTS(0, 2000));
    host_advance(500);
    assert_int_equal(call(SEMAPHORE, TAG(1, 0), OP_SEMAPHORE_UP, 0, 0, 0), 0);
    assert_int_equal(server->state, THREAD_READY);
    check();
    invoke_as(root(), 0, SEL_OP_RECV, 0);
    assert_null(host_current());
    host_advance(2000);
    invoke_as(client, TAG(1, 0), SEL_OP_CALL | AT(SERVER_GATE), 0);
    check();
    assert_ptr_equal(host_current(), server);
    assert_ptr_equal(server->sc, client->own_sc);
}

/* The most urgent waiter first; those that are passive and without SC come last; a dead one leaves the queue. */
static void test_waiters_are_ordered(void **unused)
{
    boot_semaphore(TIMEOUTS(0, 100));
    struct thread *other = make_thread(110, 111);
    start(110, EX_REGS_PC);
    u64 w[MSG_REGS] = {OP_SEMAPHORE_DOWN};
    host_invoke(TAG(1, 0), SEL_OP_CALL | AT(SEMAPHORE), 0, 0, w);
    check();
    destroy(SERVER);
    check();
    assert_int_equal(call(SEMAPHORE, TAG(1, 0), OP_SEMAPHORE_UP, 0, 0, 0), 0);
    check();
    assert_ptr_equal(host_current(), client); /* CANCELED, since its server died; or the other one */
    assert_int_equal(other->state, THREAD_READY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_pager_resolves, boot_faults),
        cmocka_unit_test(test_pager_answers_nonsense),
        cmocka_unit_test_setup(test_unresolved_fault_becomes_an_exception, boot_faults),
        cmocka_unit_test_setup(test_unresolved_fault_enters_a_virtual_cpu, boot_faults),
        cmocka_unit_test_setup(test_answer_with_registers_gives_up_an_operation, boot_faults),
        cmocka_unit_test_setup(test_handler_refuses, boot_faults),
        cmocka_unit_test(test_pager_dies),
        cmocka_unit_test_setup(test_exception_handler_dies, boot_faults),
        cmocka_unit_test_setup(test_nobody_to_ask, boot_faults),
        cmocka_unit_test_setup(test_faults_are_not_cancelled, boot_faults),
        cmocka_unit_test(test_faulting_thread_goes),
        cmocka_unit_test(test_passive_waiter_is_woken),
        cmocka_unit_test(test_semaphore_dies_below_a_passive_waiter),
        cmocka_unit_test(test_passive_waiter_without_sc),
        cmocka_unit_test(test_waiters_are_ordered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
