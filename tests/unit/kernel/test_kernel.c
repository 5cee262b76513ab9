/*
 * What users may try and what must hold then: memory that runs out at each page of each operation, quotas near their
 * limits, operations that are interrupted and given up, SCs that go away below a server.
 */
#include "kernel/arch/host/host.h"
#include "kernel/factory.h"
#include "kernel/pool.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { TASK = 1, THREAD = 2, FACTORY = 3, SCHEDULER = 6 }; /* slots of the first task after host_boot */

static struct thread *root(void)
{
    return host_root_thread();
}

/* The current thread calls the kernel object in the slot; gives the error. */
static u64 call(u64 slot, u64 tag, u64 w0, u64 w1, u64 w2, u64 w3)
{
    struct thread *t = host_current();
    u64 w[MSG_REGS] = {w0, w1, w2, w3};
    host_invoke(tag, SEL_OP_CALL | slot << SEL_SLOT_SHIFT, 0, 0, w);
    return (t->cold.tag & TAG_ERROR) ? t->cold.tag >> TAG_CODE_SHIFT & TAG_CODE_MASK : t->cold.mr[0];
}

static void item(u32 i, u64 slot)
{
    root()->utcb->item[i] = (struct map_item){.what = FPAGE_OBJ(slot, 0, RIGHTS_ALL)};
}

static u64 create(u64 factory, u64 slot, u64 kind, u64 parameter)
{
    root()->utcb->window[0] = FPAGE_OBJ(slot, 0, RIGHTS_ALL);
    return call(factory, TAG(4, 0), OP_FACTORY_CREATE, kind, parameter, 0);
}

static void check(void)
{
    const char *problem = host_check();
    if (problem)
        fail_msg("%s", problem);
}

static int boot(void **unused)
{
    host_boot(4 << 20, 4 << 20);
    return 0;
}

static struct object *object_in(u64 slot)
{
    return slot_object(task_slot(host_root_task(), slot));
}

/* A thread of the first task in slot n, its UTCB the i-th of a page of its own; passive unless `sc` names a slot. */
static struct thread *make_thread(u64 n, u64 sc)
{
    vaddr_t utcb = 0x20000000 + n * 0x1000;
    assert_int_equal(create(FACTORY, n, OBJ_THREAD, 0), 0);
    assert_int_equal(call(TASK, TAG(2, 0), OP_TASK_ADD_KU_MEM, FPAGE_MEM(utcb, 12, 7), 0, 0), 0);
    item(0, TASK);
    assert_int_equal(call(n, TAG(3, 1), OP_THREAD_CONTROL, THREAD_SET_TASK, utcb, 0), 0);
    if (sc) {
        assert_int_equal(create(FACTORY, sc, OBJ_SC, 130), 0);
        item(0, n);
        item(1, sc);
        assert_int_equal(call(SCHEDULER, TAG(2, 2), OP_SCHEDULER_RUN_THREAD, 0, 0, 0), 0);
    }
    return thread_of(object_in(n));
}

static void make_gate(u64 slot, u64 thread)
{
    assert_int_equal(create(FACTORY, slot, OBJ_GATE, 0), 0);
    item(0, thread);
    assert_int_equal(call(slot, TAG(2, 1) | TAG_OBJECT, OP_GATE_BIND, slot, 0, 0), 0);
}

static void start(u64 thread, u64 flags)
{
    assert_int_equal(call(thread, TAG(6, 0), OP_THREAD_EX_REGS, flags, 8, 0), 0);
}

static void invoke_as(struct thread *t, u64 tag, u64 selector, u64 timeouts)
{
    static const u64 none[MSG_REGS];
    assert_ptr_equal(host_current(), t);
    host_invoke(tag, selector, timeouts, 0, none);
}

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
        host_invoke(TAG(3, 1), SEL_OP_CALL | 60 << SEL_SLOT_SHIFT, 0, 0, w);
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

/* --- what others may do to a thread --- */

/* Items are checked when a message is sent; its tag cannot be changed behind that. */
static void test_blocked_threads_tag_is_not_set(void **unused)
{
    struct thread *t = make_thread(70, 71);
    make_gate(80, THREAD);
    start(70, EX_REGS_PC);
    assert_ptr_equal(host_current(), t);
    invoke_as(t, TAG(1, 0), SEL_OP_CALL | 80 << SEL_SLOT_SHIFT, 0);
    assert_int_equal(t->state, THREAD_SENDING);
    u64 w[MSG_REGS] = {OP_THREAD_EX_REGS, EX_REGS_ARG, 0, 0, TAG(1, 1)};
    host_invoke(TAG(6, 0), SEL_OP_CALL | 70 << SEL_SLOT_SHIFT, 0, 0, w);
    assert_int_equal(root()->cold.mr[0], E_BUSY);
    assert_int_equal(t->cold.tag, TAG(1, 0));
    check();
}

/* --- donation --- */

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
    invoke_as(one, TAG(1, 0), SEL_OP_CALL | 80 << SEL_SLOT_SHIFT, TIMEOUTS(0, 1000));
    invoke_as(server, TAG(1, 0), SEL_OP_CALL | 81 << SEL_SLOT_SHIFT, 0);
    start(72, EX_REGS_PC);
    invoke_as(two, TAG(1, 0), SEL_OP_CALL | 80 << SEL_SLOT_SHIFT, 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_quota_near_2_to_64_is_refused, boot),
        cmocka_unit_test_setup(test_nested_quotas_return_to_the_byte, boot),
        cmocka_unit_test(test_every_page_may_be_missing),
        cmocka_unit_test_setup(test_interrupted_unmap_goes_on, boot),
        cmocka_unit_test_setup(test_slot_operations_are_interruptible, boot),
        cmocka_unit_test_setup(test_abandoned_progress_is_forgotten, boot),
        cmocka_unit_test_setup(test_blocked_threads_tag_is_not_set, boot),
        cmocka_unit_test_setup(test_server_goes_on_with_next_client, boot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
