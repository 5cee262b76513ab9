/*
 * Each allocation of the kernel fails in turn, in every operation that allocates: the caller is told E_NOMEM, the
 * invariants hold, nothing is lost, and the same succeeds when there is memory again. Prints at which places of the
 * program allocations failed: test_sites.py compares them with all places that there are.
 */
#include "tests/unit/kernel/rig.h"

enum { TARGET = 60, PARTNER = 70, GATE = 80, IRQ_SLOT = 90 };

static u64 map_memory_large(void)
{
    item(0, TASK);
    return call(TARGET, TAG(3, 1), OP_TASK_MAP, FPAGE_MEM(HOST_MEMORY, 21, 7), 0x50000000 | 0x1000, 0);
}

static u64 map_memory_page(void)
{
    item(0, TASK);
    return call(TARGET, TAG(3, 1), OP_TASK_MAP, FPAGE_MEM(HOST_MEMORY, 12, 7), 0x50000000, 0);
}

static u64 grant_memory(void)
{
    item(0, TASK);
    return call(TARGET, TAG(3, 1), OP_TASK_MAP, FPAGE_MEM(0x70000000, 12, 7), 0x50000000 | ITEM_GRANT, 0);
}

static u64 map_slots(void)
{
    item(0, TASK);
    return call(TARGET, TAG(3, 1), OP_TASK_MAP, FPAGE_OBJ(0, 3, 15), 1024 << FPAGE_START_SHIFT, 0);
}

static u64 grant_slot(void)
{
    item(0, TASK);
    return call(TARGET, TAG(3, 1), OP_TASK_MAP, FPAGE_OBJ(IRQ_SLOT, 0, 15), 1024 << FPAGE_START_SHIFT | ITEM_GRANT, 0);
}

static u64 add_ku_mem(void)
{
    return call(TARGET, TAG(2, 0), OP_TASK_ADD_KU_MEM, FPAGE_MEM(0x60000000, 14, 7), 0, 0);
}

static u64 reserve(void)
{
    return call(TARGET, TAG(2, 0), OP_TASK_RESERVE, FPAGE_OBJ(1024, 10, 15), 0, 0);
}

/* A message with a page and a capability, to a thread of the other task that waits in window 1 and 2. */
static u64 send_items(void)
{
    struct utcb *u = root()->utcb;
    u->item[0] = (struct map_item){.what = FPAGE_MEM(HOST_MEMORY, 13, RIGHTS_RWX)};
    u->item[1] = (struct map_item){.what = FPAGE_OBJ(IRQ_SLOT, 0, RIGHTS_ALL)};
    host_invoke(TAG(1, 2), SEL_OP_SEND | AT(GATE), TIMEOUTS(TIMEOUT_ZERO, 0), 0, (u64[MSG_REGS]){0});
    return result(root());
}

/* The other task's thread has faulted: the first one is its pager and answers with a page. */
static u64 answer_fault(void)
{
    root()->utcb->item[0] = (struct map_item){.what = FPAGE_MEM(HOST_MEMORY, 12, RIGHTS_RWX), .base = 0x90000000};
    host_invoke(TAG(1, 1), SEL_OP_REPLY, 0, 0, (u64[MSG_REGS]){0});
    return result(root());
}

#define CREATE(kind)                                                                                                  \
    static u64 create_##kind(void)                                                                                    \
    {                                                                                                                 \
        return create(FACTORY, 300, OBJ_##kind, OBJ_##kind == OBJ_FACTORY ? 8 * PAGE_SIZE : 1);                       \
    }
CREATE(TASK)
CREATE(THREAD)
CREATE(FACTORY)
CREATE(GATE)
CREATE(IRQ)
CREATE(SEMAPHORE)
CREATE(SC)

/* --- what they need --- */

static void prepare(void)
{
    boot(NULL);
    assert_int_equal(create(FACTORY, IRQ_SLOT, OBJ_IRQ, 0), 0);
    item(0, TASK);
    assert_int_equal(call(TASK, TAG(3, 1), OP_TASK_MAP, FPAGE_MEM(HOST_MEMORY, 12, 7), 0x70000000, 0), 0);
}

static void prepare_target(void)
{
    prepare();
    assert_int_equal(create(FACTORY, TARGET, OBJ_TASK, 0), 0);
}

/* There is a page beside the one that map_memory_page maps, and so all page tables. */
static void prepare_tables(void)
{
    prepare_target();
    item(0, TASK);
    assert_int_equal(call(TARGET, TAG(3, 1), OP_TASK_MAP, FPAGE_MEM(HOST_MEMORY, 12, 7), 0x50001000, 0), 0);
}

static void prepare_receiver(void)
{
    prepare();
    make_gate(GATE, THREAD);
    struct thread *t = make_task(FACTORY, PARTNER);
    t->utcb->window[0] = FPAGE_MEM(0x50000000, 14, RIGHTS_RWX);
    t->utcb->window[1] = FPAGE_OBJ(1024, 0, RIGHTS_ALL);
    invoke_as(t, 0, SEL_OP_WAIT, 0);
    item(0, PARTNER + 1);
    assert_int_equal(call(GATE, TAG(2, 1) | TAG_OBJECT, OP_GATE_BIND, 1, 0, 0), 0);
}

static void prepare_fault(void)
{
    prepare();
    make_gate(GATE, THREAD);
    struct thread *t = make_task(FACTORY, PARTNER);
    assert_ptr_equal(host_current(), t);
    invoke_as(t, 0, SEL_OP_RECV, TIMEOUTS(0, 10));
    item(0, GATE);
    assert_int_equal(call(PARTNER + 1, TAG(3, 1), OP_THREAD_CONTROL, THREAD_SET_PAGER, 0, 0), 0);
    invoke_as(root(), 0, SEL_OP_WAIT, 0);
    host_advance(100);
    host_page_fault(0x90000000, RIGHT_W);
    assert_ptr_equal(host_current(), root());
    assert_int_equal(root()->cold.mr[0], FAULT_PAGE);
}

/* Bytes that the other task's half of an operation that failed may leave behind: tables and slots, freed with it. */
static const struct operation {
    const char *name;
    void (*prepare)(void);
    u64 (*run)(void);
    bool leaves; /* what was done before the failure stays */
    bool once;   /* cannot be repeated */
} operations[] = {
    {"create task", prepare, create_TASK, false, false},
    {"create thread", prepare, create_THREAD, false, false},
    {"create factory", prepare, create_FACTORY, false, false},
    {"create gate", prepare, create_GATE, false, false},
    {"create irq", prepare, create_IRQ, false, false},
    {"create semaphore", prepare, create_SEMAPHORE, false, false},
    {"create sc", prepare, create_SC, false, false},
    {"map memory", prepare_target, map_memory_large, true, true},
    {"map page", prepare_tables, map_memory_page, false, false},
    {"grant memory", prepare_target, grant_memory, false, false},
    {"map slots", prepare_target, map_slots, true, true},
    {"grant slot", prepare_target, grant_slot, true, false},
    {"add ku mem", prepare_target, add_ku_mem, false, false},
    {"reserve", prepare_target, reserve, true, false},
    {"send items", prepare_receiver, send_items, true, true},
    {"answer fault", prepare_fault, answer_fault, false, true},
};
#define OPERATIONS (sizeof operations / sizeof *operations)

static void try_nth(const struct operation *o, u64 *countdown, u64 n, bool *failed)
{
    o->prepare();
    fill_stock();
    struct holdings before = holdings();
    *countdown = n;
    u64 error = o->run();
    *failed = !*countdown;
    *countdown = 0;
    check();
    if (error != (*failed ? E_NOMEM : E_OK))
        fail_msg("%s, allocation %lu: error %lu", o->name, n, error);
    if (!*failed)
        return;
    if (!o->leaves && holdings().used > before.used + PAGE_SIZE) /* a leaf of slots */
        fail_msg("%s, allocation %lu: bytes lost", o->name, n);
    if (!o->once && o->run() != E_OK)
        fail_msg("%s, allocation %lu: does not succeed afterwards", o->name, n);
    check();
}

static void test_each_allocation_may_fail(void **unused)
{
    for (const struct operation *o = operations; o < operations + OPERATIONS; o++) {
        bool failed = true;
        u64 n = 0;
        while (failed)
            try_nth(o, &host_fail_allocation, ++n, &failed);
        assert_true(n > 1); /* it does allocate */
        failed = true;
        for (n = 1; failed; n++)
            try_nth(o, &host_fail_page, n, &failed);
    }
}

/* When a message's items fail, receiver and sender both hear of it, and how many came. */
static void test_failed_items_are_told_to_both(void **unused)
{
    for (u64 n = 1;; n++) {
        prepare_receiver();
        struct thread *r = thread_of(object_in(PARTNER + 1));
        host_fail_allocation = n;
        u64 error = send_items();
        bool failed = !host_fail_allocation;
        host_fail_allocation = 0;
        u64 items = r->cold.tag >> TAG_ITEMS_SHIFT & TAG_ITEMS_MASK;
        u64 told = (r->cold.tag & TAG_ERROR) ? r->cold.tag >> TAG_CODE_SHIFT & TAG_CODE_MASK : 0;
        assert_int_equal(told, error);
        assert_int_equal(r->state, THREAD_READY);
        struct task *task = task_of(object_in(PARTNER));
        assert_int_equal(space_node(&task->space, 0x50001000) != NULL, items > 0);
        assert_int_equal(task_slot(task, 1024)->word != 0, items > 1);
        check();
        if (!failed) {
            assert_int_equal(items, 2);
            break;
        }
    }
}

static void print_sites(void)
{
    for (u32 i = 0; i < HOST_SITES && host_failed_at[i]; i++)
        print_message("failed at %lx\n", host_failed_at[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_allocation_may_fail),
        cmocka_unit_test(test_failed_items_are_told_to_both),
    };
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    print_sites();
    return failures;
}
