/*
 * Answers with items, interrupted at every look for interrupts: they arrive whole, once, whoever does what meanwhile;
 * and requests, which cannot be interrupted and so are short.
 */
#include "tests/unit/kernel/rig.h"

enum { CALLER = 70, GATE = 80, GIVEN = 90, ARRIVES = 1024, PAGES = 16 };
#define NEAR 0x50000000ull
#define FAR  0x60000000ull

static struct thread *caller;

/* Three items for three windows; memory comes page by page, for source and target are aligned differently. */
static void put_items(void)
{
    fill_stock();
    struct utcb *u = root()->utcb;
    u->item[0] = (struct map_item){.what = FPAGE_MEM(HOST_MEMORY, 16, RIGHTS_RWX), .base = NEAR + PAGE_SIZE};
    u->item[1] = (struct map_item){.what = FPAGE_OBJ(GIVEN, 0, RIGHTS_ALL)};
    u->item[2] = (struct map_item){.what = FPAGE_MEM(HOST_MEMORY, 16, RIGHT_R), .base = FAR + PAGE_SIZE};
}

static void open_windows(struct thread *t)
{
    t->utcb->window[0] = FPAGE_MEM(NEAR, 20, RIGHTS_RWX);
    t->utcb->window[1] = FPAGE_OBJ(ARRIVES, 0, RIGHTS_ALL);
    t->utcb->window[2] = FPAGE_MEM(FAR, 20, RIGHTS_RWX);
}

/* A thread of another task, with a gate to the first one in slot 2, sleeps a little. */
static void boot_caller(void)
{
    boot(NULL);
    assert_int_equal(create(FACTORY, GIVEN, OBJ_IRQ, 0), 0);
    make_gate(GATE, THREAD);
    caller = make_task(FACTORY, CALLER);
    open_windows(caller);
    invoke_as(caller, 0, SEL_OP_RECV, TIMEOUTS(0, 10));
    item(0, TASK);
    assert_int_equal(call(CALLER, TAG(3, 1), OP_TASK_MAP, FPAGE_OBJ(GATE, 0, 15), 2ull << FPAGE_START_SHIFT, 0), 0);
}

/* The caller, which is more urgent, sleeps a little if it runs. */
static void let_root_run(void)
{
    if (host_current() == caller)
        invoke_as(caller, 0, SEL_OP_RECV, TIMEOUTS(0, 10));
    assert_ptr_equal(host_current(), root());
}

static void let_it_run(void)
{
    let_root_run();
    invoke_as(root(), 0, SEL_OP_WAIT, 0);
    host_advance(100);
    assert_ptr_equal(host_current(), caller);
}

static void take_call(void)
{
    boot_caller();
    let_it_run();
    invoke_as(caller, TAG(1, 0), SEL_OP_CALL | AT(2), 0);
    assert_ptr_equal(host_current(), root());
    put_items();
}

static void take_fault(void)
{
    boot_caller();
    item(0, GATE);
    assert_int_equal(call(CALLER + 1, TAG(3, 1), OP_THREAD_CONTROL, THREAD_SET_PAGER, 0, 0), 0);
    let_it_run();
    host_page_fault(FAR, RIGHT_R);
    assert_ptr_equal(host_current(), root());
    put_items();
    root()->utcb->item[1].base = (u64)ARRIVES << FPAGE_START_SHIFT;
    root()->utcb->item[1].what = 0; /* a capability has no place in the window of a fault */
}

static void answer(void)
{
    invoke_as(root(), TAG(1, 3), SEL_OP_REPLY, 0);
    check();
}

/* Interrupted at the look behind `after` others. False: it had ended before. */
static bool answer_interrupted(u32 after)
{
    host_pending_enabled = host_no_restart = true;
    host_pending_after = after;
    answer();
    host_no_restart = host_pending_enabled = false;
    return root()->cold.restart;
}

static void assert_arrived(u32 pages, bool capability)
{
    assert_int_equal(caller->task->space.pages, pages + 1); /* and the UTCB */
    struct slot *s = task_slot(caller->task, ARRIVES);
    assert_int_equal(s->word != 0, capability);
    if (capability)
        assert_ptr_equal(slot_object(s), object_in(GIVEN));
    for (u64 i = 1; i <= PAGES && pages == 2 * PAGES; i++) {
        paddr_t near = 0, far = 0;
        assert_true(space_translate(&caller->task->space, NEAR + i * PAGE_SIZE, &near));
        assert_true(space_translate(&caller->task->space, FAR + i * PAGE_SIZE, &far));
        assert_int_equal(near, far);
    }
}

static void test_answer_arrives_though_interrupts_never_end(void **unused)
{
    for (u32 fault = 0; fault < 2; fault++) {
        fault ? take_fault() : take_call();
        host_pending_always = true;
        answer();
        host_pending_always = false;
        assert_int_equal(result(root()), 0);
        assert_int_equal(root()->map_done, 0);
        assert_arrived(2 * PAGES, !fault);
        if (!fault)
            assert_int_equal(caller->cold.tag, TAG(1, 3));
    }
}

/* Every place where it looks for interrupts, of which there is one behind each mapping but the last. */
static void test_answer_goes_on_where_it_was(void **unused)
{
    for (u32 fault = 0; fault < 2; fault++) {
        u32 after = 0;
        for (;; after++) {
            fault ? take_fault() : take_call();
            bool interrupted = answer_interrupted(after);
            if (interrupted) {
                assert_true(thread_calling(caller));
                assert_ptr_equal(slot_caller(&root()->reply), caller);
                answer();
            }
            assert_int_equal(result(root()), 0);
            assert_arrived(2 * PAGES, !fault);
            assert_null(slot_caller(&root()->reply));
            if (!interrupted)
                break;
        }
        assert_int_equal(after, 2 * PAGES);
    }
}

/* --- something changes between the steps --- */

/* With a pc, so that it ends faults too. */
static void cancel_caller(void)
{
    u64 flags = EX_REGS_PC | EX_REGS_CANCEL;
    assert_int_equal(call(CALLER + 1, TAG(6, 0), OP_THREAD_EX_REGS, flags, 8, 0), 0);
    let_root_run();
}

static void kill_caller(void)
{
    destroy(CALLER);
}

static void test_caller_that_is_gone_gets_no_answer(void **unused)
{
    for (u32 after = 0; after < 2 * PAGES; after++)
        for (u32 kill = 0; kill < 2; kill++)
            for (u32 fault = 0; fault < 2; fault++) {
                fault ? take_fault() : take_call();
                assert_true(answer_interrupted(after));
                kill ? kill_caller() : cancel_caller();
                check();
                put_items();
                answer();
                assert_int_equal(result(root()), E_NOENT);
                assert_int_equal(root()->map_done, 0);
            }
}

/* The caller's time is over while its answer is on the way. */
static void test_time_limit_ends_an_interrupted_answer(void **unused)
{
    boot_caller();
    let_it_run();
    invoke_as(caller, TAG(1, 0), SEL_OP_CALL | SEL_TIMED | AT(2), TIMEOUTS(TIMEOUT_NEVER, 50));
    put_items();
    assert_true(answer_interrupted(3));
    host_no_restart = true;
    host_advance(100);
    host_no_restart = false;
    assert_int_equal(result(caller), E_TIMEDOUT);
    assert_null(slot_caller(&root()->reply));
    check();
}

/* Windows and items are read anew. */
static void test_windows_and_items_change(void **unused)
{
    for (u32 after = 0; after <= PAGES; after++) { /* up to behind the capability */
        take_call();
        assert_true(answer_interrupted(after));
        caller->utcb->window[2] = 0;
        answer();
        assert_int_equal(result(root()), E_MSGSIZE);
        assert_int_equal(result(caller), E_MSGSIZE);
        assert_arrived(PAGES, true);
    }
    for (u32 after = 0; after < 2 * PAGES; after++)
        for (u32 i = 0; i < 3; i++) {
            static const u64 others[] = {FPAGE_OBJ(GIVEN, 0, 15), FPAGE_MEM(HOST_MEMORY, 13, 7), ~0ull};
            take_call();
            assert_true(answer_interrupted(after));
            for (u32 k = 0; k < 3; k++)
                root()->utcb->item[k] = (struct map_item){.what = others[(i + k) % 3], .base = ITEM_GRANT};
            answer();
            assert_null(slot_caller(&root()->reply)); /* it ends, with whatever error */
            assert_false(thread_calling(caller));
            let_root_run();
            destroy(CALLER);
            check();
        }
}

/* What is left of an interrupted answer does not count for another caller. */
static void test_next_caller_gets_all(void **unused)
{
    take_call();
    assert_true(answer_interrupted(PAGES + 3));
    cancel_caller();
    assert_int_equal(call(CALLER, TAG(3, 0), OP_TASK_UNMAP, FPAGE_MEM(1ull << 30, 30, 7), UNMAP_SELF, 0), 0);
    assert_int_equal(call(CALLER, TAG(3, 0), OP_TASK_UNMAP, FPAGE_OBJ(ARRIVES, 0, 15), UNMAP_SELF, 0), 0);
    let_it_run();
    invoke_as(caller, TAG(1, 0), SEL_OP_CALL | AT(2), 0);
    put_items();
    answer();
    assert_int_equal(result(root()), 0);
    assert_arrived(2 * PAGES, true);
}

/* --- requests --- */

static void test_request_maps_one_piece_for_each_item(void **unused)
{
    take_call();
    answer();
    let_it_run();
    root()->utcb->window[0] = FPAGE_MEM(NEAR, 20, RIGHTS_RWX);
    root()->utcb->window[1] = FPAGE_MEM(FAR, 20, RIGHTS_RWX);
    caller->utcb->item[0] = (struct map_item){.what = FPAGE_MEM(NEAR + PAGE_SIZE, 12, 7)};
    caller->utcb->item[1] = (struct map_item){.what = FPAGE_MEM(FAR + 2 * PAGE_SIZE, 13, 7), .base = FAR};
    host_pending_always = true;
    invoke_as(caller, TAG(1, 2), SEL_OP_CALL | AT(2), 0);
    host_pending_always = false;
    check();
    assert_int_equal(result(caller), E_MSGSIZE);
    assert_int_equal(root()->cold.tag >> TAG_ITEMS_SHIFT & TAG_ITEMS_MASK, 1);
    assert_non_null(space_node(&host_root_task()->space, NEAR));
    assert_non_null(space_node(&host_root_task()->space, FAR));
    assert_null(space_node(&host_root_task()->space, FAR + PAGE_SIZE));
}

/* The first two items can be memory. */
static void test_request_maps_two_pieces(void **unused)
{
    take_call();
    answer();
    let_it_run();
    for (u64 i = 0; i < 3; i++) {
        root()->utcb->window[i] = FPAGE_MEM(NEAR + i * PAGE_SIZE, 12, RIGHTS_RWX);
        caller->utcb->item[i] = (struct map_item){.what = FPAGE_MEM(NEAR + PAGE_SIZE, 12, 7)};
    }
    invoke_as(caller, TAG(1, 3), SEL_OP_CALL | AT(2), 0);
    check();
    assert_int_equal(result(caller), E_MSGSIZE);
    assert_int_equal(root()->cold.tag >> TAG_ITEMS_SHIFT & TAG_ITEMS_MASK, 2);
    assert_non_null(space_node(&host_root_task()->space, NEAR + PAGE_SIZE));
    assert_null(space_node(&host_root_task()->space, NEAR + 2 * PAGE_SIZE));
}

static void drain_stock(void)
{
    while (pool_zeroed)
        factory_free_page(&factory_root, factory_alloc_table(&factory_root));
}

/* A page and a capability are to go to places whose tables are new. */
static void open_new_places(void)
{
    root()->utcb->window[0] = FPAGE_MEM(NEAR, 12, RIGHTS_RWX);
    root()->utcb->window[1] = FPAGE_OBJ(ARRIVES, 0, RIGHTS_ALL);
    caller->utcb->item[0] = (struct map_item){.what = FPAGE_MEM(NEAR + PAGE_SIZE, 12, 7)};
    caller->utcb->item[1] = (struct map_item){.what = FPAGE_OBJ(ARRIVES, 0, RIGHTS_ALL)};
}

static void assert_nothing_moved(void)
{
    assert_null(space_node(&host_root_task()->space, NEAR));
    assert_false(task_slot_exists(host_root_task(), ARRIVES));
    check();
}

static void assert_moved(void)
{
    assert_non_null(space_node(&host_root_task()->space, NEAR));
    assert_int_not_equal(task_slot(host_root_task(), ARRIVES)->word, 0);
    assert_int_equal(root()->cold.tag, TAG(1, 2));
    assert_true(thread_calling(caller));
    check();
}

#define TABLES 12 /* that a request can need */

/* Interrupted behind each page that is zeroed for it, when nothing has happened yet; then it moves in one go. */
static void test_request_is_interrupted_before_it_moves(void **unused)
{
    take_call();
    answer();
    let_it_run();
    open_new_places();
    drain_stock();
    host_pending_always = host_no_restart = true;
    for (u32 i = 1; i <= TABLES; i++) {
        invoke_as(caller, TAG(1, 2), SEL_OP_CALL | AT(2), 0);
        assert_true(caller->cold.restart);
        assert_int_equal(pool_zeroed, i);
        assert_nothing_moved();
    }
    invoke_as(caller, TAG(1, 2), SEL_OP_CALL | AT(2), 0);
    assert_false(caller->cold.restart);
    assert_moved();
}

/* So is the receiver that finds it in its queue, before it takes it. */
static void test_receiver_is_interrupted_before_it_takes_items(void **unused)
{
    take_call();
    answer();
    let_root_run();
    open_new_places();
    host_advance(100);
    invoke_as(caller, TAG(1, 2), SEL_OP_CALL | AT(2), 0);
    drain_stock();
    host_pending_always = host_no_restart = true;
    for (u32 i = 1; i <= TABLES; i++) {
        invoke_as(root(), 0, i == 1 ? SEL_OP_SEND_WAIT | AT(GIVEN) : SEL_OP_WAIT, 0);
        assert_true(root()->cold.restart);
        assert_int_equal(root()->cold.selector & ~SEL_TIMED, SEL_OP_WAIT); /* what was sent is sent */
        assert_int_equal(pool_zeroed, i);
        assert_int_equal(caller->state, THREAD_SENDING);
        assert_nothing_moved();
    }
    invoke_as(root(), 0, SEL_OP_WAIT, 0);
    assert_false(root()->cold.restart);
    assert_moved();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer_arrives_though_interrupts_never_end),
        cmocka_unit_test(test_answer_goes_on_where_it_was),
        cmocka_unit_test(test_caller_that_is_gone_gets_no_answer),
        cmocka_unit_test(test_time_limit_ends_an_interrupted_answer),
        cmocka_unit_test(test_windows_and_items_change),
        cmocka_unit_test(test_next_caller_gets_all),
        cmocka_unit_test(test_request_maps_one_piece_for_each_item),
        cmocka_unit_test(test_request_maps_two_pieces),
        cmocka_unit_test(test_request_is_interrupted_before_it_moves),
        cmocka_unit_test(test_receiver_is_interrupted_before_it_takes_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
