/*
 * What users may try and what must hold then: memory that runs out at each page of each operation, quotas near their
 * limits, operations that are interrupted and given up.
 */
#include "tests/unit/kernel/rig.h"

/* --- quotas --- */

static void test_quota_near_2_to_64_is_refused(void **unused)
{
    u64 used = factory_root.used;
    assert_int_equal(create(FACTORY, 40, OBJ_FACTORY, -used), E_NOMEM);
    assert_int_equal(create(FACTORY, 40, OBJ_FACTORY, ~0ull), E_NOMEM);
    check();
}

static void test_nested_quotas_return_to_the_byte(void **unused)
{
    assert_int_equal(create(FACTORY, 40, OBJ_FACTORY, PAGE_SIZE), 0);
    assert_int_equal(call(TASK, TAG(3, 0), OP_TASK_UNMAP, FPAGE_OBJ(40, 0, 15), UNMAP_SELF, 0), 0);
    u64 used = factory_root.used, pool = pool_available();
    for (u64 n = 0; n < 4; n++)
        assert_int_equal(create(n ? 40 + n - 1 : FACTORY, 40 + n, OBJ_FACTORY, (40 - 8 * n) * PAGE_SIZE + n), 0);
    assert_int_equal(create(43, 50, OBJ_TASK, 0), 0);
    assert_int_equal(create(42, 51, OBJ_THREAD, 0), 0);
    check();
    assert_int_equal(call(TASK, TAG(3, 0), OP_TASK_UNMAP, FPAGE_OBJ(40, 0, 15), UNMAP_SELF, 0), 0);
    check();
    assert_int_equal(factory_root.used, used);
    assert_int_equal(pool_available(), pool);
}

/* --- memory runs out --- */

static u64 do_create(u64 kind)
{
    return create(FACTORY, 300, kind, kind == OBJ_FACTORY ? 8 * PAGE_SIZE : 1);
}

static u64 do_map_memory(u64 unused)
{
    item(0, TASK);
    return call(60, TAG(3, 1), OP_TASK_MAP, FPAGE_MEM(HOST_MEMORY, 21, 7), 0x50000000 | 0x1000, 0);
}

static u64 do_map_slots(u64 unused)
{
    item(0, TASK);
    return call(60, TAG(3, 1), OP_TASK_MAP, FPAGE_OBJ(0, 3, 15), 1024 << 12, 0);
}

static u64 do_add_ku_mem(u64 unused)
{
    return call(60, TAG(2, 0), OP_TASK_ADD_KU_MEM, FPAGE_MEM(0x60000000, 14, 7), 0, 0);
}

static u64 do_reserve(u64 unused)
{
    return call(60, TAG(2, 0), OP_TASK_RESERVE, FPAGE_OBJ(1024, 10, 15), 0, 0);
}

/* Lets the first, second ... page be missing until the operation succeeds. */
static void exhaust(u64 (*operation)(u64), u64 argument)
{
    for (u64 n = 1;; n++) {
        boot(NULL);
        assert_int_equal(create(FACTORY, 60, OBJ_TASK, 0), 0);
        fill_stock();
        host_fail_page = n;
        u64 error = operation(argument);
        bool failed = !host_fail_page;
        host_fail_page = 0;
        check();
        assert_int_equal(error, failed ? E_NOMEM : 0);
        if (!failed)
            return;
        if (operation == do_map_memory || operation == do_map_slots) /* what was mapped so far stays */
            continue;
        assert_int_equal(operation(argument), 0);
        check();
    }
}

static void test_every_page_may_be_missing(void **unused)
{
    static const u8 kinds[] = {OBJ_TASK, OBJ_THREAD, OBJ_FACTORY, OBJ_GATE, OBJ_IRQ, OBJ_SEMAPHORE, OBJ_SC};
    for (u32 i = 0; i < sizeof kinds; i++)
        exhaust(do_create, kinds[i]);
    exhaust(do_map_memory, 0);
    exhaust(do_map_slots, 0);
    exhaust(do_add_ku_mem, 0);
    exhaust(do_reserve, 0);
}

/* Zeroed pages in stock are free: they are taken when no others are left, and come as tables that are empty. */
static void test_stock_is_free_memory(void **unused)
{
    boot(NULL);
    struct holdings before = holdings();
    assert_true(factory_fill_stock(~0u));
    assert_holdings(before);
    assert_int_equal(pool_zeroed, pool_available() / PAGE_SIZE);
    assert_int_equal(do_create(OBJ_TASK), 0);
    u64 *table = factory_alloc_table(&factory_root);
    for (u32 i = 0; i < PAGE_SIZE / sizeof *table; i++)
        assert_int_equal(table[i], 0);
    factory_free_page(&factory_root, table);
    check();
    assert_int_equal(pool_zeroed + 1, pool_available() / PAGE_SIZE);
}

/* --- interruption --- */

static void test_interrupted_unmap_goes_on(void **unused)
{
    assert_int_equal(create(FACTORY, 60, OBJ_TASK, 0), 0);
    for (u64 i = 0; i < 512; i++) {
        item(0, TASK);
        assert_int_equal(call(60, TAG(3, 1), OP_TASK_MAP, FPAGE_MEM(HOST_MEMORY + i * 4096, 12, 7),
                              0x50000000 + i * 4096, 0), 0);
    }
    check();
    for (u32 after = 0; after < 3; after++) {
        host_pending_enabled = true;
        host_pending_after = after;
        assert_int_equal(call(TASK, TAG(3, 0), OP_TASK_UNMAP, FPAGE_MEM(HOST_MEMORY, 21, 7), 0, 0), 0);
        check();
        assert_null(space_node(&task_of(object_in(60))->space, 0x50000000 + 511 * 4096));
    }
}

/* 1024 slots are too many to pass without a look for interrupts. */
static void test_slot_operations_are_interruptible(void **unused)
{
    assert_int_equal(create(FACTORY, 60, OBJ_TASK, 0), 0);
    item(0, TASK);
    for (u32 after = 0; after < 3; after++) {
        host_pending_enabled = true;
        host_pending_after = after;
        u64 w[MSG_REGS] = {OP_TASK_MAP, FPAGE_OBJ(0, 10, 15), 1024 << 12};
        host_invoke(TAG(3, 1), SEL_OP_CALL | 60, 0, 0, w);
        assert_int_equal(host_pending_after, 0);
        assert_int_equal(root()->cold.mr[0], 0);
        assert_int_equal(task_of(object_in(60))->caps, 8);
        check();
        host_pending_enabled = true;
        host_pending_after = after;
        assert_int_equal(call(60, TAG(3, 0), OP_TASK_UNMAP, FPAGE_OBJ(1024, 10, 15), UNMAP_SELF, 0), 0);
        assert_int_equal(host_pending_after, 0);
        assert_int_equal(task_of(object_in(60))->caps, 0);
        check();
    }
}

/* A Task.map that was interrupted and then given up leaves nothing to the next one. */
static void test_abandoned_progress_is_forgotten(void **unused)
{
    struct thread *t = make_thread(70, 0);
    t->map_done = 1 << 20; /* as an interruption leaves it */
    start(70, EX_REGS_PC);
    assert_int_equal(t->map_done, 0);
    root()->map_done = 1 << 20;
    call(999, TAG(3, 0), OP_TASK_UNMAP, 0, 0, 0); /* the task's capability has gone meanwhile */
    assert_int_equal(root()->map_done, 0);
}

/* The program may replace the interrupted instruction: what slots were dealt with says nothing about memory. */
static void test_progress_counts_for_the_same_operation_only(void **unused)
{
    assert_int_equal(create(FACTORY, 60, OBJ_TASK, 0), 0);
    item(0, TASK);
    host_pending_enabled = host_no_restart = true;
    u64 w[MSG_REGS] = {OP_TASK_MAP, FPAGE_OBJ(0, 10, 15), 1024 << 12};
    host_invoke(TAG(3, 1), SEL_OP_CALL | AT(60), 0, 0, w);
    assert_true(root()->cold.restart);
    assert_int_equal(call(60, TAG(3, 1), OP_TASK_MAP, FPAGE_MEM(HOST_MEMORY, 13, 7), 0x50000000, 0), 0);
    assert_int_equal(task_of(object_in(60))->space.pages, 2);
    check();
}

/* --- the end of who asks for it --- */

/* The current thread's last act: it deletes what the first task has in the slot. */
static void end_with(u64 slot)
{
    u64 w[MSG_REGS] = {OP_TASK_UNMAP, FPAGE_OBJ(slot, 0, RIGHTS_ALL), UNMAP_SELF};
    host_invoke(TAG(3, 0), SEL_OP_CALL | AT(1), 0, 0, w);
}

/* Who destroys what it was made from goes with it, to the byte, wherever interrupts come. */
static void test_factory_takes_its_caller_along(void **unused)
{
    for (u32 after = 0; after < 12; after++) {
        boot(NULL);
        struct holdings before = holdings();
        assert_int_equal(create(FACTORY, 40, OBJ_FACTORY, 64 * PAGE_SIZE), 0);
        struct thread *t = make_task(40, 41);
        assert_ptr_equal(host_current(), t);
        host_pending_enabled = true;
        host_pending_after = after;
        end_with(40);
        assert_ptr_equal(host_current(), root());
        check();
        assert_holdings(before);
    }
}

/* The same for its thread, its task, its scheduling context. */
static void test_threads_may_end_themselves(void **unused)
{
    for (u64 what = 42; what >= 41; what--) {
        boot(NULL);
        make_task(FACTORY, 41);
        end_with(what);
        assert_ptr_equal(host_current(), root());
        check();
    }
    boot(NULL);
    struct thread *t = make_task(FACTORY, 41);
    end_with(43);
    assert_ptr_equal(host_current(), root());
    assert_null(t->sc);
    assert_int_equal(t->state, THREAD_READY); /* it would run */
    check();
}

/* --- what others may do to a thread --- */

/* Items are checked when a message is sent; its tag cannot be changed behind that. */
static void test_blocked_threads_tag_is_not_set(void **unused)
{
    struct thread *t = make_thread(70, 71);
    make_gate(80, THREAD);
    start(70, EX_REGS_PC);
    assert_ptr_equal(host_current(), t);
    invoke_as(t, TAG(1, 0), SEL_OP_CALL | 80, 0);
    assert_int_equal(t->state, THREAD_SENDING);
    u64 w[MSG_REGS] = {OP_THREAD_EX_REGS, EX_REGS_ARG, 0, 0, TAG(1, 1)};
    host_invoke(TAG(6, 0), SEL_OP_CALL | 70, 0, 0, w);
    assert_int_equal(root()->cold.mr[0], E_BUSY);
    assert_int_equal(t->cold.tag, TAG(1, 0));
    check();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_quota_near_2_to_64_is_refused, boot),
        cmocka_unit_test_setup(test_nested_quotas_return_to_the_byte, boot),
        cmocka_unit_test(test_every_page_may_be_missing),
        cmocka_unit_test(test_stock_is_free_memory),
        cmocka_unit_test_setup(test_interrupted_unmap_goes_on, boot),
        cmocka_unit_test_setup(test_slot_operations_are_interruptible, boot),
        cmocka_unit_test_setup(test_abandoned_progress_is_forgotten, boot),
        cmocka_unit_test(test_factory_takes_its_caller_along),
        cmocka_unit_test(test_threads_may_end_themselves),
        cmocka_unit_test_setup(test_blocked_threads_tag_is_not_set, boot),
        cmocka_unit_test_setup(test_progress_counts_for_the_same_operation_only, boot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
