/*
 * Scheduling contexts that are lent: through chains of calls, with callers that give up or die anywhere in the chain,
 * SCs that are deleted or bound anew while somebody else runs on them, and answers that come later.
 */
#include "tests/unit/kernel/rig.h"

/*
 * The first client of a passive server goes while the server itself waits for an answer: the second one's SC drives it.
 */
static void test_server_goes_on_with_next_client(void **unused)
{
    struct thread *one = make_thread(70, 71), *two = make_thread(72, 73), *server = make_thread(74, 0);
    make_gate(80, 74);     /* to the server */
    make_gate(81, THREAD); /* where the server calls: the first thread */
    start(74, EX_REGS_PC | EX_REGS_WAIT);
    start(70, EX_REGS_PC);
    invoke_as(one, TAG(1, 0), SEL_OP_CALL | AT(80), TIMEOUTS(0, 1000));
    invoke_as(server, TAG(1, 0), SEL_OP_CALL | AT(81), 0);
    start(72, EX_REGS_PC);
    assert_int_equal(root()->sc->priority, 130);              /* lent by the server's client */
    invoke_as(root(), 0, SEL_OP_RECV, TIMEOUTS(0, 100)); /* sleeps */
    invoke_as(two, TAG(1, 0), SEL_OP_CALL | AT(80), 0);
    host_advance(100);
    invoke_as(root(), 0, SEL_OP_WAIT, 0);
    host_advance(2000); /* one gives up and has its SC again */
    check();
    assert_ptr_equal(one->sc, one->own_sc);
    invoke_as(one, 0, SEL_OP_RECV, 0); /* sleeps */
    invoke_as(root(), TAG(1, 0), SEL_OP_REPLY, 0);
    check();
    assert_int_equal(server->state, THREAD_READY);
    assert_ptr_equal(server->sc, two->own_sc);
    assert_ptr_equal(host_current(), server);
    invoke_as(server, 0, SEL_OP_WAIT, 0);
    invoke_as(server, TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    check();
    assert_ptr_equal(host_current(), two);
    assert_ptr_equal(two->sc, two->own_sc);
}


/* --- chains --- */

/* Clients in 70 (SC 71) -> gate 80 -> passive 74 -> gate 81 -> passive 76 -> gate 82 -> passive 78. */
static struct thread *client, *first, *second, *third;

static int boot_chain(void **unused)
{
    boot(NULL);
    client = make_thread(70, 71);
    first = make_thread(74, 0);
    second = make_thread(76, 0);
    third = make_thread(78, 0);
    make_gate(80, 74);
    make_gate(81, 76);
    make_gate(82, 78);
    start(74, EX_REGS_PC | EX_REGS_WAIT);
    start(76, EX_REGS_PC | EX_REGS_WAIT);
    start(78, EX_REGS_PC | EX_REGS_WAIT);
    u64 w[MSG_REGS] = {OP_SC_CONFIGURE, 140}; /* the first thread comes before them, but for when it sleeps */
    host_invoke(TAG(5, 0), SEL_OP_CALL | AT(SC), 0, 0, w);
    return 0;
}

/* The first thread lets others run until it takes over. */
static void let_run(void)
{
    invoke_as(root(), 0, SEL_OP_RECV, TIMEOUTS(0, 1000));
}

static void take_over(void)
{
    host_advance(1000);
    assert_ptr_equal(host_current(), root());
    check();
}

/* The call is with the last thread of a chain of this length, which runs on the client's SC. */
static struct thread *call_chain(u32 length, u64 client_timeouts)
{
    struct thread *servers[] = {first, second, third};
    start(70, EX_REGS_PC);
    let_run();
    invoke_as(client, TAG(1, 0), SEL_OP_CALL | AT(80), client_timeouts);
    for (u32 i = 1; i < length; i++)
        invoke_as(servers[i - 1], TAG(1, 0), SEL_OP_CALL | AT(80 + i), 0);
    struct thread *last = servers[length - 1];
    assert_ptr_equal(host_current(), last);
    assert_ptr_equal(last->sc, client->own_sc);
    check();
    return last;
}

/* The SC that runs the last of the chain is deleted. */
static void delete_client_sc(struct thread *last)
{
    take_over();
    assert_ptr_equal(last->sc, client->own_sc);
    destroy(71);
    check();
    assert_null(last->sc);
}

static void test_chain_returns_link_by_link(void **unused)
{
    call_chain(3, 0);
    invoke_as(third, TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    invoke_as(second, TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    check();
    invoke_as(first, TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    check();
    assert_ptr_equal(host_current(), client);
    assert_null(first->donor);
    assert_null(second->donor);
    assert_null(third->donor);
}

/* Who lent its SC and lost it by deletion is remembered by nobody when it dies itself. */
static void test_sc_is_deleted_then_callers_die_one_by_one(void **unused)
{
    delete_client_sc(call_chain(3, 0));
    destroy(70);
    check();
    destroy(74);
    check();
    destroy(76);
    check();
    host_advance(5000);
    destroy(78);
    check();
}

static void test_sc_is_deleted_then_callers_die_backwards(void **unused)
{
    delete_client_sc(call_chain(3, 0));
    destroy(76);
    check();
    destroy(74);
    check();
    destroy(70);
    check();
}

/* Below the place where the SC vanished, a new client's SC takes its way through the same threads. */
static void test_chain_goes_on_with_a_new_client(void **unused)
{
    delete_client_sc(call_chain(2, 0));
    struct thread *next = make_thread(72, 73);
    start(72, EX_REGS_PC);
    let_run();
    invoke_as(next, TAG(1, 0), SEL_OP_CALL | AT(80), 0); /* first is busy: it queues */
    check();
    take_over();
    destroy(76);
    check();
    let_run();
    assert_ptr_equal(host_current(), first); /* its call has failed; the client in its queue drives it */
    assert_int_equal(result(first), E_CANCELED);
    invoke_as(first, TAG(1, 0), SEL_OP_WAIT, 0);
    check();
    assert_ptr_equal(host_current(), first);
    invoke_as(first, TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    check();
    assert_ptr_equal(host_current(), next);
    take_over();
    destroy(70);
    check();
}

/* The client gives up: all along the chain lose the SC, and may die in any order. */
static void test_client_times_out_below_a_chain(void **unused)
{
    static const u8 orders[][3] = {{74, 76, 78}, {78, 76, 74}, {76, 74, 78}, {76, 78, 74}};
    for (u32 i = 0; i < 4; i++) {
        boot_chain(NULL);
        call_chain(3, TIMEOUTS(0, 500));
        host_advance(600);
        check();
        assert_int_equal(result(client), E_TIMEDOUT);
        assert_ptr_equal(client->sc, client->own_sc);
        assert_ptr_equal(host_current(), client);
        take_over();
        for (u32 k = 0; k < 3; k++) {
            destroy(orders[i][k]);
            check();
        }
        destroy(70);
        check();
    }
}

/* While a server has answered but runs on, its caller needs no other SC: the lent one comes back. */
static void test_answered_caller_waits_for_its_own_sc(void **unused)
{
    struct thread *other = make_thread(72, 73);
    start(72, EX_REGS_PC);
    let_run();
    invoke_as(other, 0, SEL_OP_RECV, TIMEOUTS(0, 1500));
    take_over();
    u64 w[MSG_REGS] = {OP_SC_CONFIGURE, 135};
    host_invoke(TAG(5, 0), SEL_OP_CALL | AT(73), 0, 0, w);
    call_chain(2, 0);
    invoke_as(second, TAG(1, 0), SEL_OP_REPLY, 0);
    assert_ptr_equal(host_current(), second);
    assert_int_equal(first->state, THREAD_READY);
    host_advance(600);
    invoke_as(other, TAG(1, 0), SEL_OP_CALL | AT(80), 0);
    check();
    assert_ptr_equal(host_current(), second);
    invoke_as(second, 0, SEL_OP_WAIT, 0);
    check();
    assert_ptr_equal(host_current(), first);
    invoke_as(first, TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    check();
    assert_ptr_equal(host_current(), first); /* now for the other one */
    assert_ptr_equal(first->sc, other->own_sc);
    invoke_as(first, TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    assert_ptr_equal(host_current(), other);
    check();
}

/* A passive thread without SC stands in a queue when its partner takes the message, then dies. */
static void test_sender_without_sc_dies_behind_its_call(void **unused)
{
    struct thread *busy = make_thread(84, 85);
    make_gate(90, 84);
    start(70, EX_REGS_PC);
    let_run();
    invoke_as(client, TAG(1, 0), SEL_OP_CALL | AT(80), TIMEOUTS(0, 500));
    invoke_as(first, TAG(1, 0), SEL_OP_CALL | AT(90), 0); /* queues at a thread that does not wait */
    assert_int_equal(first->state, THREAD_SENDING);
    host_advance(600); /* the client gives up */
    assert_null(first->sc);
    check();
    take_over();
    item(0, 84);
    assert_int_equal(call(SCHEDULER, TAG(2, 1), OP_SCHEDULER_RUN_THREAD, 0, 0, 0), 0); /* it becomes passive */
    start(84, EX_REGS_PC | EX_REGS_WAIT); /* and takes the message */
    check();
    assert_true(thread_calling(first));
    destroy(74);
    check();
    assert_null(busy->donor);
    make_thread(92, 0);
    check();
}

/* A thread that has lent a lent SC further gets one of its own; the lent one still finds its way back. */
static void test_middle_of_a_chain_is_bound_to_an_sc(void **unused)
{
    call_chain(2, 0);
    take_over();
    assert_int_equal(create(FACTORY, 86, OBJ_SC, 120), 0);
    item(0, 74);
    item(1, 86);
    assert_int_equal(call(SCHEDULER, TAG(2, 2), OP_SCHEDULER_RUN_THREAD, 0, 0, 0), 0);
    check();
    let_run();
    invoke_as(second, TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    check();
    assert_ptr_equal(client->sc, client->own_sc);
    assert_ptr_equal(first->sc, first->own_sc);
    invoke_as(first, TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    assert_ptr_equal(host_current(), client);
    check();
}

/* A thread calls back into its own chain, whose SC gets another priority meanwhile, and gives up. */
static void test_circle_is_given_up_behind_a_change_of_priority(void **unused)
{
    call_chain(2, 0);
    invoke_as(second, TAG(1, 0), SEL_OP_CALL | AT(80), 0);
    assert_int_equal(second->state, THREAD_SENDING);
    take_over();
    u64 w[MSG_REGS] = {OP_SC_CONFIGURE, 120};
    host_invoke(TAG(5, 0), SEL_OP_CALL | AT(71), 0, 0, w);
    assert_int_equal(result(root()), 0);
    check();
    start(76, EX_REGS_PC | EX_REGS_CANCEL);
    check();
    let_run();
    assert_ptr_equal(host_current(), second);
    assert_int_equal(client->own_sc->priority, 120);
    check();
}

/* --- answers that come later --- */

/* A passive server keeps the reply: the SC goes back when it waits next, though the caller cannot run yet. */
static void test_kept_reply_returns_the_sc(void **unused)
{
    assert_int_equal(call(TASK, TAG(2, 0), OP_TASK_RESERVE, FPAGE_OBJ(300, 2, 15), 0, 0), 0);
    struct thread *server = make_thread(94, 95);
    item(0, 94);
    assert_int_equal(call(80, TAG(2, 1) | TAG_OBJECT, OP_GATE_BIND, 80, 0, 0), 0);
    start(94, EX_REGS_PC);
    let_run();
    host_invoke(0, SEL_OP_WAIT, 0, 300, (u64[MSG_REGS]){0});
    take_over();
    item(0, 94);
    assert_int_equal(call(SCHEDULER, TAG(2, 1), OP_SCHEDULER_RUN_THREAD, 0, 0, 0), 0); /* passive from now on */
    start(70, EX_REGS_PC);
    let_run();
    invoke_as(client, TAG(1, 0), SEL_OP_CALL | AT(80), 0);
    assert_ptr_equal(server->sc, client->own_sc);
    assert_ptr_equal(client->answer_from, task_slot(host_root_task(), 300));
    host_invoke(0, SEL_OP_WAIT, 0, 301, (u64[MSG_REGS]){0});
    check();
    assert_null(server->sc);
    assert_ptr_equal(client->sc, client->own_sc);
    assert_true(thread_calling(client));
    take_over();
    assert_int_equal(call(300, TAG(1, 0), 0, 0, 0, 0), E_NOENT); /* it cannot be called */
    invoke_as(root(), TAG(1, 0), SEL_OP_REPLY | AT(300), 0);
    check();
    let_run();
    assert_ptr_equal(host_current(), client);
    assert_int_equal(result(client), 0);
}

/* A passive server dies while it runs: its caller hears of it and has its SC again. */
static void test_passive_server_dies_on_a_lent_sc(void **unused)
{
    call_chain(1, 0);
    take_over();
    destroy(74);
    check();
    let_run();
    assert_ptr_equal(host_current(), client);
    assert_int_equal(result(client), E_CANCELED);
    assert_ptr_equal(client->sc, client->own_sc);
}

/* The budget ends inside the server: the SC sleeps until its period is over, then the server goes on. */
static void test_budget_ends_inside_a_server(void **unused)
{
    assert_int_equal(create(FACTORY, 90, OBJ_IRQ, 0), 0);
    item(0, THREAD);
    assert_int_equal(call(90, TAG(2, 1), OP_IRQ_BIND, 9, 0, 0), 0);
    item(0, 90);
    assert_int_equal(call(71, TAG(1, 1), OP_SC_HANDLER, 0, 0, 0), 0);
    u64 w[MSG_REGS] = {OP_SC_CONFIGURE, 130, 500, 10000, 0};
    host_invoke(TAG(5, 0), SEL_OP_CALL | AT(71), 0, 0, w);
    call_chain(2, 0);
    host_advance(600);
    check();
    assert_null(host_current());
    take_over();
    invoke_as(root(), 0, SEL_OP_WAIT, TIMEOUTS(0, 1));
    assert_int_equal(root()->cold.label, 9); /* the handler's Irq */
    invoke_as(root(), 0, SEL_OP_RECV, 0);
    host_advance(10000);
    check();
    invoke_as(second, TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    invoke_as(first, TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    assert_ptr_equal(host_current(), client);
    check();
}

/* --- the fast path --- */

/* A server with an SC of its own, more urgent than its clients, in slot 84 (SC 85), behind gate 90. It waits. */
static struct thread *make_active(void)
{
    struct thread *active = make_thread(84, 85);
    u64 w[MSG_REGS] = {OP_SC_CONFIGURE, 135};
    host_invoke(TAG(5, 0), SEL_OP_CALL | AT(85), 0, 0, w);
    make_gate(90, 84);
    start(84, EX_REGS_PC | EX_REGS_WAIT);
    return active;
}

/* A call that nothing but the fast path has seen lends as any other when the server loses its own SC. */
static void test_fast_caller_drives_a_server_that_loses_its_sc(void **unused)
{
    struct thread *active = make_active();
    start(70, EX_REGS_PC);
    let_run();
    invoke_fast_as(client, TAG(1, 0), AT(90));
    assert_ptr_equal(host_current(), active);
    assert_int_equal(client->state, THREAD_CALLING);
    take_over();
    destroy(85);
    check();
    assert_ptr_equal(active->sc, client->own_sc);
    let_run();
    assert_ptr_equal(host_current(), active);
    invoke_fast_as(active, TAG(1, 0), SEL_OP_REPLY_WAIT);
    check();
    assert_ptr_equal(host_current(), client);
    assert_ptr_equal(client->sc, client->own_sc);
}

/* The same where the caller's last message by the slow path was none that asked for an answer. */
static void test_fast_caller_that_only_sent_before_lends(void **unused)
{
    struct thread *active = make_active();
    start(70, EX_REGS_PC);
    let_run();
    invoke_as(client, TAG(1, 0), SEL_OP_SEND | AT(90), 0);
    invoke_as(active, 0, SEL_OP_WAIT, 0);
    invoke_fast_as(client, TAG(1, 0), AT(90));
    assert_ptr_equal(host_current(), active);
    take_over();
    destroy(85);
    check();
    assert_ptr_equal(active->sc, client->own_sc);
}

/* Who only sends waits in the queue as well, but lends nothing: nobody would give the SC back. */
static void test_sender_that_does_not_call_lends_nothing(void **unused)
{
    struct thread *active = make_active();
    start(84, EX_REGS_PC | EX_REGS_CANCEL); /* busy */
    start(70, EX_REGS_PC);
    let_run();
    assert_ptr_equal(host_current(), active);
    invoke_as(active, 0, SEL_OP_RECV, TIMEOUTS(0, 100)); /* asleep */
    invoke_as(client, TAG(1, 0), SEL_OP_SEND | AT(90), 0);
    assert_int_equal(client->state, THREAD_SENDING);
    take_over();
    assert_int_equal(active->state, THREAD_READY);
    destroy(85);
    check();
    assert_null(active->sc);
    assert_ptr_equal(client->sc, client->own_sc);
}

/* What a server waited for before does not count once it waits for all by the fast path. */
static void test_server_that_slept_takes_slow_messages(void **unused)
{
    struct thread *other = make_thread(72, 73), *active = make_active();
    start(70, EX_REGS_PC);
    let_run();
    invoke_fast_as(client, TAG(1, 0), AT(90));
    invoke_as(active, 0, SEL_OP_RECV, TIMEOUTS(0, 100)); /* sleeps with the request */
    host_advance(200);
    invoke_fast_as(active, TAG(1, 0), SEL_OP_REPLY_WAIT);
    assert_ptr_equal(host_current(), client);
    assert_int_equal(active->state, THREAD_WAIT_OPEN);
    assert_false(active->recv_open); /* else it was the slow path, and this shows nothing */
    invoke_as(client, 0, SEL_OP_RECV, 0);
    take_over();
    start(72, EX_REGS_PC);
    let_run();
    invoke_as(other, TAG(1, 0), SEL_OP_CALL | AT(90), TIMEOUTS(50, 0));
    check();
    assert_true(thread_calling(other));
    assert_int_equal(active->state, THREAD_READY);
}

/* --- what an SC pays --- */

static u64 consumed(u64 sc)
{
    u64 w[MSG_REGS] = {OP_SC_CONSUMED};
    host_invoke(TAG(1, 0), SEL_OP_CALL | AT(sc), 0, 0, w);
    assert_int_equal(root()->cold.mr[0], 0);
    return root()->cold.mr[1];
}

/* Time is charged when the SC changes: all along a chain to the client, by the slow path as by the fast one. */
static void test_time_of_a_chain_is_its_clients(void **unused)
{
    for (u32 fast = 0; fast < 2; fast++) {
        boot_chain(NULL);
        start(70, EX_REGS_PC);
        u64 before = consumed(71);
        invoke_as(root(), 0, SEL_OP_RECV, TIMEOUTS(0, 1000));
        struct thread *chain[] = {client, first, second, third};
        for (u32 i = 0; i < 3; i++) {
            host_advance(100);
            if (fast)
                invoke_fast_as(chain[i], TAG(1, 0), AT(80 + i));
            else
                invoke_as(chain[i], TAG(1, 0), SEL_OP_CALL | AT(80 + i), 0);
        }
        for (u32 i = 3; i > 0; i--) {
            host_advance(100);
            if (fast)
                invoke_fast_as(chain[i], TAG(1, 0), SEL_OP_REPLY_WAIT);
            else
                invoke_as(chain[i], TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
        }
        assert_ptr_equal(host_current(), client);
        host_advance(400);
        assert_ptr_equal(host_current(), root());
        assert_int_equal(consumed(71) - before, 1000);
        check();
    }
}

/* A server with an SC of its own pays for itself. */
static void test_time_of_an_active_server_is_its_own(void **unused)
{
    struct thread *active = make_active();
    start(70, EX_REGS_PC);
    u64 clients = consumed(71), servers = consumed(85);
    invoke_as(root(), 0, SEL_OP_RECV, TIMEOUTS(0, 1000));
    host_advance(100);
    invoke_fast_as(client, TAG(1, 0), AT(90));
    host_advance(300);
    invoke_fast_as(active, TAG(1, 0), SEL_OP_REPLY_WAIT);
    host_advance(600);
    assert_ptr_equal(host_current(), root());
    assert_int_equal(consumed(71) - clients, 700);
    assert_int_equal(consumed(85) - servers, 300);
}

/* --- the SC goes while others wait --- */

/* Who waits for the server already drives it when the first client's SC is deleted. */
static void test_waiting_client_replaces_a_deleted_sc(void **unused)
{
    struct thread *next = make_thread(72, 73), *last = call_chain(2, 0);
    take_over();
    start(72, EX_REGS_PC);
    u64 w[MSG_REGS] = {OP_SC_CONFIGURE, 135};
    host_invoke(TAG(5, 0), SEL_OP_CALL | AT(73), 0, 0, w);
    let_run();
    invoke_as(next, TAG(1, 0), SEL_OP_CALL | AT(80), 0);
    take_over();
    assert_ptr_equal(last->sc, client->own_sc);
    destroy(71);
    check();
    assert_ptr_equal(last->sc, next->own_sc);
    let_run();
    invoke_as(second, TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    assert_ptr_equal(host_current(), first);
    invoke_as(first, TAG(1, 0), SEL_OP_REPLY_WAIT, 0); /* to the client, which has no time; then takes the next */
    check();
    assert_ptr_equal(host_current(), first);
    assert_int_equal(client->state, THREAD_READY);
    assert_null(client->sc);
    invoke_as(first, TAG(1, 0), SEL_OP_REPLY_WAIT, 0);
    assert_ptr_equal(host_current(), next);
    assert_ptr_equal(next->sc, next->own_sc);
    check();
}

/* The client dies while the last of the chain runs on its SC, which stays and comes back to nobody. */
static void test_client_dies_and_its_sc_stays(void **unused)
{
    struct thread *last = call_chain(2, 0);
    take_over();
    destroy(70);
    check();
    assert_null(sc_of(object_in(71))->thread);
    assert_null(last->sc);
    item(0, 74);
    item(1, 71);
    assert_int_equal(call(SCHEDULER, TAG(2, 2), OP_SCHEDULER_RUN_THREAD, 0, 0, 0), 0);
    check();
}

/* A reply that is moved to a slot after the message has come: the SC goes back when the server waits next. */
static void test_reply_kept_afterwards_returns_the_sc(void **unused)
{
    assert_int_equal(call(TASK, TAG(2, 0), OP_TASK_RESERVE, FPAGE_OBJ(300, 2, 15), 0, 0), 0);
    start(70, EX_REGS_PC);
    let_run();
    invoke_fast_as(client, TAG(1, 0), AT(80));
    u64 w[MSG_REGS] = {OP_THREAD_KEEP_REPLY, 300};
    host_invoke(TAG(2, 0), SEL_OP_CALL | AT(74), 0, 0, w);
    assert_int_equal(result(first), 0);
    assert_ptr_equal(host_current(), first); /* on the client's time still */
    assert_ptr_equal(first->sc, client->own_sc);
    check();
    invoke_as(first, 0, SEL_OP_WAIT, 0);
    check();
    assert_null(first->sc);
    assert_ptr_equal(client->sc, client->own_sc);
    assert_true(thread_calling(client));
    take_over();
    invoke_as(root(), TAG(1, 0), SEL_OP_REPLY | AT(300), 0);
    check();
    let_run();
    assert_ptr_equal(host_current(), client);
    assert_int_equal(result(client), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_server_goes_on_with_next_client, boot),
        cmocka_unit_test_setup(test_chain_returns_link_by_link, boot_chain),
        cmocka_unit_test_setup(test_sc_is_deleted_then_callers_die_one_by_one, boot_chain),
        cmocka_unit_test_setup(test_sc_is_deleted_then_callers_die_backwards, boot_chain),
        cmocka_unit_test_setup(test_chain_goes_on_with_a_new_client, boot_chain),
        cmocka_unit_test_setup(test_client_times_out_below_a_chain, boot_chain),
        cmocka_unit_test_setup(test_answered_caller_waits_for_its_own_sc, boot_chain),
        cmocka_unit_test_setup(test_sender_without_sc_dies_behind_its_call, boot_chain),
        cmocka_unit_test_setup(test_middle_of_a_chain_is_bound_to_an_sc, boot_chain),
        cmocka_unit_test_setup(test_circle_is_given_up_behind_a_change_of_priority, boot_chain),
        cmocka_unit_test_setup(test_kept_reply_returns_the_sc, boot_chain),
        cmocka_unit_test_setup(test_passive_server_dies_on_a_lent_sc, boot_chain),
        cmocka_unit_test_setup(test_budget_ends_inside_a_server, boot_chain),
        cmocka_unit_test_setup(test_fast_caller_drives_a_server_that_loses_its_sc, boot_chain),
        cmocka_unit_test_setup(test_fast_caller_that_only_sent_before_lends, boot_chain),
        cmocka_unit_test_setup(test_sender_that_does_not_call_lends_nothing, boot_chain),
        cmocka_unit_test_setup(test_server_that_slept_takes_slow_messages, boot_chain),
        cmocka_unit_test_setup(test_time_of_a_chain_is_its_clients, boot_chain),
        cmocka_unit_test_setup(test_time_of_an_active_server_is_its_own, boot_chain),
        cmocka_unit_test_setup(test_waiting_client_replaces_a_deleted_sc, boot_chain),
        cmocka_unit_test_setup(test_client_dies_and_its_sc_stays, boot_chain),
        cmocka_unit_test_setup(test_reply_kept_afterwards_returns_the_sc, boot_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
