/*
 * Long operations that are interrupted at every look for interrupts, given up, or find that others have changed what
 * they work on; and mappings that are granted while others hang below them.
 */
#include "tests/unit/kernel/rig.h"
#include "abi/vcpu.h"
#include "kernel/task.h"

enum { TARGET = 60, OTHER = 61, CHAIN = 100, CHAIN_LENGTH = 6 };
#define BASE 0x50000000ull

static struct task *task_in(u64 slot)
{
    return task_of(object_in(slot));
}

/* Dead objects are taken apart to the end. */
static void settle(void)
{
    host_pending_always = false;
    host_advance(0);
    check();
}

static u64 map_from(u64 from, u64 to, u64 what, u64 base)
{
    item(0, from);
    return call(to, TAG(3, 1), OP_TASK_MAP, what, base, 0);
}

static u64 unmap(u64 task, u64 what, u64 flags)
{
    return call(task, TAG(3, 0), OP_TASK_UNMAP, what, flags, 0);
}

static void make_tasks(void)
{
    boot(NULL);
    assert_int_equal(create(FACTORY, TARGET, OBJ_TASK, 0), 0);
    assert_int_equal(create(FACTORY, OTHER, OBJ_TASK, 0), 0);
}

/* --- interrupts without end --- */

/* Pages one by one, for the target's base is not aligned: 512 nodes. */
static const u64 pages = FPAGE_MEM(HOST_MEMORY, 21, RIGHTS_RWX), slots = FPAGE_OBJ(0, 10, RIGHTS_ALL);

static void test_operations_end_though_interrupts_never_do(void **unused)
{
    make_tasks();
    struct holdings before = holdings();
    host_pending_always = true;
    assert_int_equal(map_from(TASK, TARGET, pages, BASE + 0x1000), 0);
    assert_int_equal(task_in(TARGET)->space.pages, 512);
    assert_int_equal(map_from(TARGET, OTHER, FPAGE_MEM(BASE, 22, RIGHTS_RWX), BASE), 0);
    assert_int_equal(task_in(OTHER)->space.pages, 512);
    assert_int_equal(map_from(TASK, TARGET, slots, 1024 << FPAGE_START_SHIFT), 0);
    assert_int_equal(task_in(TARGET)->caps, 9);
    check();
    assert_int_equal(unmap(TASK, FPAGE_MEM(HOST_MEMORY, 21, RIGHT_W), 0), 0); /* rights alone */
    check();
    assert_int_equal(unmap(TASK, pages, 0), 0);
    assert_int_equal(task_in(TARGET)->space.pages + task_in(OTHER)->space.pages, 0);
    assert_int_equal(unmap(TARGET, FPAGE_OBJ(1024, 10, RIGHTS_ALL), UNMAP_SELF), 0);
    assert_int_equal(task_in(TARGET)->caps, 0);
    settle();
    assert_true(holdings().used <= before.used + 4 * PAGE_SIZE); /* leaves of slots */
}

/* Tasks below one another, each with all pages of the one above and half of its capabilities. */
static void make_chain(u64 factory)
{
    for (u64 i = 0; i < CHAIN_LENGTH; i++) {
        u64 above = i ? CHAIN + i - 1 : TASK;
        assert_int_equal(create(factory, CHAIN + i, OBJ_TASK, 0), 0);
        assert_int_equal(map_from(above, CHAIN + i, i ? FPAGE_MEM(BASE, 22, 7) : pages, i ? BASE : BASE + 0x1000), 0);
        for (u64 k = 0; k < 8; k++)
            map_from(TASK, CHAIN + i, FPAGE_OBJ(0, 3, RIGHTS_ALL), (k * 16 + 16) << FPAGE_START_SHIFT);
    }
}

/* However deep the tree, however often interrupted: nothing stays, of the whole subtree. */
static void test_subtree_of_a_factory_is_destroyed_in_steps(void **unused)
{
    for (u32 after = 0; after < 40; after++) {
        boot(NULL);
        assert_int_equal(create(FACTORY, 300, OBJ_IRQ, 0), 0); /* the leaf of slots stays */
        assert_int_equal(create(FACTORY, 40, OBJ_FACTORY, PAGE_SIZE), 0);
        destroy(40);
        struct holdings before = holdings();
        assert_int_equal(create(FACTORY, 40, OBJ_FACTORY, 2 << 20), 0);
        make_chain(40);
        check();
        host_pending_always = after % 2;
        host_pending_enabled = true;
        host_pending_after = after;
        destroy(40);
        for (u32 i = 0; i < 2000 && object_reap_needed(); i++)
            host_advance(1);
        check();
        assert_false(object_reap_needed());
        assert_holdings(before);
    }
}

/* --- interrupted, then given up or continued over changed ground --- */

enum change { NOTHING, OTHER_CALL, SOURCE_GOES, TARGET_GOES, PART_OF_SOURCE_GOES, PLACE_IS_TAKEN, CHANGES };

static void apply(enum change change)
{
    switch (change) {
    case OTHER_CALL:
        assert_int_equal(call(TASK, TAG(2, 0), OP_TASK_CAP_VALID, 1, 0, 0), 0);
        break;
    case SOURCE_GOES:
        destroy(OTHER);
        break;
    case TARGET_GOES:
        destroy(TARGET);
        break;
    case PART_OF_SOURCE_GOES:
        assert_int_equal(unmap(OTHER, FPAGE_MEM(BASE + 0x100000, 20, 7), UNMAP_SELF), 0);
        assert_int_equal(unmap(OTHER, FPAGE_OBJ(512, 9, RIGHTS_ALL), UNMAP_SELF), 0);
        break;
    case PLACE_IS_TAKEN:
        map_from(TASK, TARGET, FPAGE_MEM(HOST_MEMORY, 12, 7), BASE + 0x1ff000);
        map_from(TASK, TARGET, FPAGE_OBJ(FACTORY, 0, 15), (1024 + 1000) << FPAGE_START_SHIFT);
        break;
    default:
        break;
    }
}

static u64 long_operation(u32 which)
{
    switch (which) {
    case 0:
        return map_from(OTHER, TARGET, FPAGE_MEM(BASE, 21, 7), BASE);
    case 1:
        return map_from(OTHER, TARGET, slots, 1024 << FPAGE_START_SHIFT);
    case 2:
        return unmap(OTHER, FPAGE_MEM(BASE, 22, 7), UNMAP_SELF);
    case 3:
        return unmap(OTHER, slots, UNMAP_SELF);
    default:
        return map_from(OTHER, TARGET, FPAGE_MEM(BASE, 21, 7), BASE | ITEM_GRANT);
    }
}

static void test_interrupted_operations_over_changed_ground(void **unused)
{
    u32 interrupted = 0;
    for (u32 which = 0; which < 5; which++)
        for (u32 after = 0; after < 4; after++)
            for (enum change change = NOTHING; change < CHANGES; change++) {
                make_tasks();
                assert_int_equal(map_from(TASK, OTHER, pages, BASE + 0x1000), 0);
                assert_int_equal(map_from(TASK, OTHER, FPAGE_OBJ(0, 3, 15), 16 << FPAGE_START_SHIFT), 0);
                assert_int_equal(map_from(TASK, OTHER, FPAGE_OBJ(0, 3, 15), 1000 << FPAGE_START_SHIFT), 0);
                host_pending_enabled = host_no_restart = true;
                host_pending_after = after;
                long_operation(which);
                interrupted += root()->cold.restart;
                host_no_restart = host_pending_enabled = false;
                check();
                apply(change);
                check();
                long_operation(which);
                settle();
                destroy(TARGET);
                settle();
            }
    assert_true(interrupted > 40);
}

/* --- grants --- */

static void test_granted_capability_keeps_its_children(void **unused)
{
    make_tasks();
    assert_int_equal(create(FACTORY, 20, OBJ_SEMAPHORE, 0), 0);
    assert_int_equal(map_from(TASK, TASK, FPAGE_OBJ(20, 0, 15), 21 << FPAGE_START_SHIFT), 0);
    for (u64 i = 0; i < 5; i++) /* children of 21 */
        assert_int_equal(map_from(TASK, OTHER, FPAGE_OBJ(21, 0, 15), (5 + i) << FPAGE_START_SHIFT), 0);
    assert_int_equal(map_from(OTHER, OTHER, FPAGE_OBJ(5, 0, 15), 30 << FPAGE_START_SHIFT), 0); /* and a grandchild */
    assert_int_equal(map_from(TASK, TARGET, FPAGE_OBJ(21, 0, RIGHT_USE), 7 << FPAGE_START_SHIFT | ITEM_GRANT), 0);
    check();
    assert_int_equal(slot_rights(task_slot(task_in(OTHER), 30)), RIGHT_USE); /* none has more than what is above it */
    assert_int_equal(task_in(OTHER)->caps, 6);
    assert_int_equal(unmap(TARGET, FPAGE_OBJ(7, 0, 15), 0), 0);
    assert_int_equal(task_in(OTHER)->caps, 0);
    assert_int_equal(unmap(TASK, FPAGE_OBJ(20, 0, 15), 0), 0);
    assert_int_equal(task_in(TARGET)->caps, 0);
    check();
}

static void test_granted_memory_keeps_its_children(void **unused)
{
    make_tasks();
    assert_int_equal(map_from(TASK, TASK, FPAGE_MEM(HOST_MEMORY, 16, 7), BASE), 0);
    for (u64 i = 0; i < 16; i++)
        assert_int_equal(map_from(TASK, OTHER, FPAGE_MEM(BASE + i * PAGE_SIZE, 12, 7), BASE + i * 2 * PAGE_SIZE), 0);
    assert_int_equal(map_from(TASK, TARGET, FPAGE_MEM(BASE, 12, 7), BASE | ITEM_GRANT), E_PERM); /* a part only */
    assert_int_equal(map_from(TASK, TARGET, FPAGE_MEM(BASE, 16, RIGHT_R), 2 * BASE | ITEM_GRANT), 0);
    check();
    assert_null(space_node(&host_root_task()->space, BASE));
    assert_int_equal(space_node(&task_in(OTHER)->space, BASE)->rights, RIGHT_R);
    assert_int_equal(unmap(TARGET, FPAGE_MEM(2 * BASE + 0x3000, 12, 7), 0), 0); /* one page of it */
    assert_int_equal(task_in(OTHER)->space.pages, 15);
    assert_int_equal(unmap(TASK, FPAGE_MEM(HOST_MEMORY, 16, 7), 0), 0);
    assert_int_equal(task_in(OTHER)->space.pages + task_in(TARGET)->space.pages, 0);
    check();
}

/* The place of a granted mapping is not empty, or there is no memory: it stays where it was, with its children. */
static void test_grant_that_fails_moves_nothing(void **unused)
{
    make_tasks();
    assert_int_equal(map_from(TASK, TASK, FPAGE_MEM(HOST_MEMORY, 12, 7), BASE), 0);
    assert_int_equal(map_from(TASK, OTHER, FPAGE_MEM(BASE, 12, 7), BASE), 0);
    assert_int_equal(map_from(TASK, OTHER, FPAGE_MEM(BASE, 12, 7), BASE | ITEM_GRANT), E_EXIST);
    for (u64 n = 1; n < 6; n++) {
        host_fail_allocation = n;
        u64 error = map_from(TASK, TARGET, FPAGE_MEM(BASE, 12, 7), BASE | ITEM_GRANT);
        check();
        if (!error)
            break;
        assert_int_equal(error, E_NOMEM);
        assert_non_null(space_node(&host_root_task()->space, BASE));
    }
    assert_int_equal(task_in(TARGET)->space.pages, 1);
    assert_int_equal(unmap(TARGET, FPAGE_MEM(BASE, 12, 7), 0), 0);
    assert_int_equal(task_in(OTHER)->space.pages, 0);
}

/* --- guests whose task goes --- */

#define GUESTS 4

/* A virtual CPU that runs in the target, more urgent than those before it; the first thread goes on. */
static struct vcpu_state *make_guest(u64 n)
{
    struct thread *t = make_thread(n, n + GUESTS);
    const vaddr_t page = 0x20000000 + n * 0x1000 + VCPU_STATE_SIZE; /* behind its UTCB */
    assert_int_equal(call(n + GUESTS, TAG(4, 0), OP_SC_CONFIGURE, 131 + n % GUESTS, 0, 0), 0);
    assert_int_equal(call(n, TAG(2, 0), OP_THREAD_VCPU_CONTROL, page, 0, 0), 0);
    start(n, EX_REGS_PC);
    invoke_as(root(), 0, SEL_OP_RECV, TIMEOUTS(0, 10));
    t->utcb->item[0].what = FPAGE_OBJ(TARGET, 0, RIGHTS_ALL);
    assert_ptr_equal(host_current(), t);
    call(n, TAG(1, 1), OP_THREAD_VCPU_RESUME, 0, 0, 0);
    assert_ptr_equal(t->guest, task_in(TARGET));
    host_advance(100);
    assert_ptr_equal(host_current(), root());
    return t->vcpu;
}

/* One by one, with a look for interrupts behind each. */
static void test_guests_of_a_task_that_goes_come_back_in_steps(void **unused)
{
    struct vcpu_state *state[GUESTS];
    make_tasks();
    assert_int_equal(call(SC, TAG(4, 0), OP_SC_CONFIGURE, 200, 0, 0), 0); /* the first thread comes first */
    for (u64 i = 0; i < GUESTS; i++)
        state[i] = make_guest(200 + i);
    host_pending_always = host_no_restart = true;
    for (u64 done = 1; done < GUESTS; done++) {
        u64 gone = 0;
        u64 w[MSG_REGS] = {OP_TASK_UNMAP, FPAGE_OBJ(TARGET, 0, RIGHTS_ALL), UNMAP_SELF};
        host_invoke(TAG(3, 0), SEL_OP_CALL | AT(TASK), 0, 0, w);
        assert_true(root()->cold.restart);
        for (u64 i = 0; i < GUESTS; i++)
            gone += state[i]->event == VCPU_EVENT_GONE;
        assert_int_equal(gone, done);
        check();
    }
    host_no_restart = false;
    destroy(TARGET);
    for (u64 i = 0; i < GUESTS; i++)
        assert_int_equal(state[i]->event, VCPU_EVENT_GONE);
    settle();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations_end_though_interrupts_never_do),
        cmocka_unit_test(test_subtree_of_a_factory_is_destroyed_in_steps),
        cmocka_unit_test(test_interrupted_operations_over_changed_ground),
        cmocka_unit_test(test_granted_capability_keeps_its_children),
        cmocka_unit_test(test_granted_memory_keeps_its_children),
        cmocka_unit_test(test_grant_that_fails_moves_nothing),
        cmocka_unit_test(test_guests_of_a_task_that_goes_come_back_in_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
