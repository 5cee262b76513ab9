/*
 * Taking rights from many mappings, and granting what has many children: interrupted at each look for interrupts, while
 * others change the tree in between.
 */
#include "kernel/walk.h"
#include "tests/unit/kernel/rig.h"

enum { TARGET = 60, OTHER = 61 };
enum { WIDE = 100, PLACES = 8 };
#define BASE   0x50000000ull
#define BELOW  0x60000000ull
#define HEIR   0x70000000ull
#define PAGES  FPAGE_MEM(BASE, 19, RIGHTS_RWX) /* of OTHER: 128 pages in one node */
#define SLOT   16ull
#define FIRST  512ull                          /* slots of the target */

static struct task *task_in(u64 slot)
{
    return task_of(object_in(slot));
}

static u64 map_from(u64 from, u64 to, u64 what, u64 base)
{
    item(0, from);
    return call(to, TAG(3, 1), OP_TASK_MAP, what, base, 0);
}

static u64 page(u64 base, u64 i)
{
    return base + i * PAGE_SIZE;
}

/* What another thread does: the caller's operation remains interrupted. */
static void others_map(u64 from, u64 what, u64 to, u64 base)
{
    u64 done = 0;
    assert_int_equal(map_memory(task_in(from), what, task_in(to), base, 0, &done), 0);
}

static void others_unmap(u64 from, u64 what, bool self)
{
    u64 done = 0;
    while (!unmap_memory(task_in(from), what, self, &done)) /* nobody holds the lock: it looks as if others wanted it */
        ;
}

/* A node of OTHER; children of it, and of each third of those one more, are in TARGET. Capabilities alike. */
static void make_trees(void)
{
    boot(NULL);
    assert_int_equal(create(FACTORY, TARGET, OBJ_TASK, 0), 0);
    assert_int_equal(create(FACTORY, OTHER, OBJ_TASK, 0), 0);
    assert_int_equal(map_from(TASK, OTHER, FPAGE_MEM(HOST_MEMORY, 19, 7), BASE), 0);
    assert_int_equal(map_from(TASK, OTHER, FPAGE_OBJ(FACTORY, 0, 15), SLOT << FPAGE_START_SHIFT), 0);
    for (u64 i = 0; i < WIDE; i++) {
        others_map(OTHER, FPAGE_MEM(page(BASE, i / 2), 12, 7), TARGET, page(BASE, i));
        map_from(OTHER, TARGET, FPAGE_OBJ(SLOT, 0, 15), (FIRST + i) << FPAGE_START_SHIFT);
        if (i % 3)
            continue;
        others_map(TARGET, FPAGE_MEM(page(BASE, i), 12, 7), TARGET, page(BELOW, i));
        map_from(TARGET, TARGET, FPAGE_OBJ(FIRST + i, 0, 15), (FIRST + WIDE + i) << FPAGE_START_SHIFT);
    }
    check();
}

static u64 rights_at(u64 task, u64 address)
{
    struct node *n = space_node(&task_in(task)->space, address);
    return n ? n->rights : 0;
}

/* No mapping of the target has this right. */
static void assert_taken(u64 right)
{
    for (u64 i = 0; i < 2 * WIDE; i++) {
        assert_int_equal(rights_at(TARGET, page(BASE, i)) & right, 0);
        assert_int_equal(rights_at(TARGET, page(BELOW, i)) & right, 0);
    }
}

enum change { NOTHING, CHILDREN_GO, BELOW_GOES, ALL_GO, TOP_GOES, MORE_COME, CHANGES };

static void apply(enum change change)
{
    switch (change) {
    case CHILDREN_GO:
        for (u64 i = 0; i < WIDE; i += 2)
            others_unmap(TARGET, FPAGE_MEM(page(BASE, i), 12, 7), true);
        break;
    case BELOW_GOES:
        others_unmap(TARGET, FPAGE_MEM(BELOW, 20, 7), true);
        break;
    case ALL_GO:
        others_unmap(OTHER, PAGES, false);
        break;
    case TOP_GOES:
        others_unmap(OTHER, PAGES, true);
        break;
    case MORE_COME: /* before and behind those that had their turn, from the top and from what is below */
        others_map(OTHER, FPAGE_MEM(BASE, 12, 7), TARGET, page(BASE, WIDE + 1));
        others_map(OTHER, FPAGE_MEM(page(BASE, 99), 12, 7), TARGET, page(BASE, WIDE + 2));
        others_map(TARGET, FPAGE_MEM(BASE, 12, 7), TARGET, page(BASE, WIDE + 3));
        others_map(TARGET, FPAGE_MEM(page(BASE, 98), 12, 7), TARGET, page(BASE, WIDE + 4));
        break;
    default:
        break;
    }
}

/* The caller's operation is interrupted at the nth look. False: it came to its end before. */
static bool interrupted(u64 (*operation)(void), u32 nth)
{
    host_pending_enabled = host_no_restart = true;
    host_pending_after = nth;
    operation();
    host_pending_enabled = host_no_restart = false;
    return root()->cold.restart;
}

/* --- rights --- */

static u64 take_w(void)
{
    return call(OTHER, TAG(3, 0), OP_TASK_UNMAP, FPAGE_MEM(BASE, 19, RIGHT_W), UNMAP_SELF, 0);
}

static void test_rights_are_taken_whatever_others_do(void **unused)
{
    u32 count = 0;
    for (enum change change = NOTHING; change < CHANGES; change++)
        for (u32 nth = 0;; nth++) {
            make_trees();
            if (!interrupted(take_w, nth))
                break;
            count++;
            assert_int_equal(walks_waiting, 1);
            check();
            apply(change);
            check();
            take_w();
            assert_int_equal(walks_waiting + walks_given_up, 0);
            check();
            if (change != TOP_GOES)
                assert_taken(RIGHT_W);
        }
    assert_true(count > 4 * CHANGES);
}

static u64 take_control(void)
{
    return call(OTHER, TAG(3, 0), OP_TASK_UNMAP, FPAGE_OBJ(0, 10, RIGHT_CONTROL), UNMAP_SELF, 0);
}

static void test_rights_of_capabilities_are_taken(void **unused)
{
    for (u32 nth = 0;; nth++) {
        make_trees();
        bool more = interrupted(take_control, nth);
        check();
        if (more && nth % 2)
            assert_true(unmap_cap(task_slot(task_in(TARGET), FIRST + nth), RIGHTS_ALL, true, NULL));
        assert_int_equal(take_control(), 0);
        check();
        for (u64 i = 0; i < 2 * WIDE; i++)
            assert_int_equal(slot_rights(task_slot(task_in(TARGET), FIRST + i)) & RIGHT_CONTROL, 0);
        if (!more)
            break;
    }
    assert_int_equal(walks_waiting + walks_given_up, 0);
}

/* What was mapped since the operation was given up loses the rights as well when it is tried again. */
static void test_walk_that_was_given_up_is_not_continued(void **unused)
{
    make_trees();
    assert_true(interrupted(take_w, 4));
    others_map(TASK, FPAGE_MEM(HOST_MEMORY, 12, 7), TARGET, HEIR);
    root()->map_done = 0; /* as Thread.ex_regs does */
    others_unmap(TARGET, FPAGE_MEM(BASE, 12, 7), true);
    assert_int_equal(take_w(), 0);
    assert_taken(RIGHT_W);
    assert_int_equal(walks_waiting, 0);
    check();
}

/* More walks than there are places for: those that lost theirs begin anew, all come to their end. */
static void test_many_walks_at_a_time(void **unused)
{
    u64 done[2 * PLACES] = {0};
    make_trees();
    host_pending_always = true;
    for (u32 left = 1, round = 0; left; round++) {
        left = 0;
        for (u64 i = 0; i < (round < 3 ? 2 * PLACES : PLACES / 2); i++)
            left += !unmap_memory(task_in(OTHER), FPAGE_MEM(BASE, 19, i % 2 ? RIGHT_W : RIGHT_X), false, &done[i]);
        assert_true(walks_waiting <= PLACES && round < 100);
        check();
    }
    host_pending_always = false;
    assert_taken(RIGHT_W | RIGHT_X);
}

/* --- grants --- */

static u64 grant_pages(void)
{
    return map_from(OTHER, TARGET, FPAGE_MEM(BASE, 19, RIGHT_R | RIGHT_X), HEIR | ITEM_GRANT);
}

static void test_grant_in_steps(void **unused)
{
    u32 count = 0;
    for (enum change change = NOTHING; change < CHANGES; change++)
        for (u32 nth = 0;; nth++) {
            make_trees();
            if (!interrupted(grant_pages, nth))
                break;
            count++;
            check();
            apply(change);
            check();
            u64 error = grant_pages();
            assert_int_equal(walks_waiting, 0);
            check();
            if (change == TOP_GOES)
                continue; /* what was granted so far was derived from it, and goes as well: nothing is left */
            assert_int_equal(error, 0);
            assert_null(space_node(&task_in(OTHER)->space, BASE));
            assert_taken(RIGHT_W);
            others_unmap(TARGET, FPAGE_MEM(HEIR, 19, 7), true);
            assert_int_equal(task_in(TARGET)->space.pages, 0);
        }
    assert_true(count > 4 * CHANGES);
}

static u64 grant_cap(void)
{
    return map_from(OTHER, TARGET, FPAGE_OBJ(SLOT, 0, RIGHT_USE), (FIRST + 400) << FPAGE_START_SHIFT | ITEM_GRANT);
}

static void test_grant_of_a_capability_in_steps(void **unused)
{
    for (u32 nth = 0;; nth++) {
        make_trees();
        u64 before = task_in(TARGET)->caps;
        bool more = interrupted(grant_cap, nth);
        check();
        assert_int_equal(grant_cap(), more ? 0 : E_NOENT);
        check();
        assert_int_equal(task_slot(task_in(OTHER), SLOT)->word, 0);
        assert_int_equal(task_in(TARGET)->caps, before + 1);
        assert_int_equal(slot_rights(task_slot(task_in(TARGET), FIRST)), RIGHT_USE);
        while (!unmap_cap(task_slot(task_in(TARGET), FIRST + 400), RIGHTS_ALL, true, NULL))
            ;
        assert_int_equal(task_in(TARGET)->caps, 0);
        if (!more)
            break;
    }
}

/* The heir goes while it inherits: the grant begins anew. Without the flag of the operation, the place is taken. */
static void test_heir_goes(void **unused)
{
    for (u32 nth = 0; nth < 12; nth++) {
        make_trees();
        if (!interrupted(grant_pages, nth))
            break;
        others_unmap(TARGET, FPAGE_MEM(HEIR, 19, 7), true);
        check();
        assert_int_equal(grant_pages(), 0);
        check();
        make_trees();
        assert_true(interrupted(grant_pages, nth));
        root()->map_done = 0;
        assert_int_equal(grant_pages(), E_EXIST);
        check();
    }
}

static void test_steps_end_though_interrupts_never_do(void **unused)
{
    make_trees();
    host_pending_always = true;
    assert_int_equal(grant_pages(), 0);
    assert_int_equal(grant_cap(), 0);
    host_pending_always = false;
    check();
    assert_taken(RIGHT_W);
}

/* A page and a capability, mapped on from place to place. */
static void make_chains(u64 length)
{
    make_trees();
    others_map(OTHER, FPAGE_MEM(BASE, 12, 7), TARGET, HEIR);
    map_from(OTHER, TARGET, FPAGE_OBJ(SLOT, 0, 15), 1024 << FPAGE_START_SHIFT);
    for (u64 i = 0; i < length; i++) {
        others_map(TARGET, FPAGE_MEM(page(HEIR, i), 12, 7), TARGET, page(HEIR, i + 1));
        map_from(TARGET, TARGET, FPAGE_OBJ(1024 + i, 0, 15), (1025 + i) << FPAGE_START_SHIFT);
    }
}

/* However long the chain, and with others at work between any two looks for interrupts. */
static void test_deep_chains(void **unused)
{
    static const u64 length[] = {14, 15, 16, 17, 33, 200, 700};
    for (u32 i = 0; i < sizeof length / sizeof *length; i++) {
        make_chains(length[i]);
        host_pending_always = true;
        assert_int_equal(take_w(), 0);
        assert_int_equal(rights_at(TARGET, page(HEIR, length[i])), RIGHT_R | RIGHT_X);
        assert_int_equal(take_control(), 0);
        assert_int_equal(slot_rights(task_slot(task_in(TARGET), 1024 + length[i])), RIGHTS_ALL & ~RIGHT_CONTROL);
        check();
        assert_int_equal(call(OTHER, TAG(3, 0), OP_TASK_UNMAP, PAGES, 0, 0), 0);
        assert_int_equal(call(OTHER, TAG(3, 0), OP_TASK_UNMAP, FPAGE_OBJ(SLOT, 0, 15), 0, 0), 0);
        host_pending_always = false;
        check();
        assert_int_equal(task_in(TARGET)->space.pages + task_in(TARGET)->caps, 0);
    }
}

static u64 revoke_all(void)
{
    return call(OTHER, TAG(3, 0), OP_TASK_UNMAP, PAGES, 0, 0);
}

static void test_revocation_that_is_given_up_leaves_a_tree(void **unused)
{
    for (u32 nth = 0;; nth++) {
        make_chains(100);
        if (!interrupted(revoke_all, nth))
            break;
        root()->map_done = 0;
        check();
        u64 left = task_in(TARGET)->space.pages;
        others_unmap(TARGET, FPAGE_MEM(page(HEIR, 16), 16, 7), true);
        check();
        assert_true(task_in(TARGET)->space.pages <= left);
        assert_int_equal(revoke_all(), 0);
        check();
        assert_int_equal(task_in(TARGET)->space.pages, 0);
    }
}

/* In a message: what is too much arrives as a mapping, if nobody would keep rights that the source has lost. */
static void test_grant_at_once(void **unused)
{
    u64 done = 0;
    make_trees();
    struct task *other = task_in(OTHER), *target = task_in(TARGET);
    assert_int_equal(map_memory(other, PAGES, target, HEIR, MAP_GRANT | MAP_AT_ONCE, &done), E_MSGSIZE);
    check();
    assert_int_equal(rights_at(TARGET, HEIR), RIGHTS_RWX);
    assert_int_equal(rights_at(OTHER, BASE), RIGHTS_RWX);
    make_trees();
    other = task_in(OTHER), target = task_in(TARGET);
    assert_int_equal(map_memory(other, FPAGE_MEM(BASE, 19, RIGHT_R), target, HEIR, MAP_GRANT | MAP_AT_ONCE, &done),
                     E_MSGSIZE);
    assert_int_equal(rights_at(TARGET, BASE), RIGHTS_RWX);
    check();
    make_trees();
    other = task_in(OTHER), target = task_in(TARGET);
    others_unmap(TARGET, FPAGE_MEM(page(BASE, 32), 17, 7), true);
    others_unmap(TARGET, FPAGE_MEM(page(BASE, 64), 18, 7), true);
    assert_int_equal(map_memory(other, FPAGE_MEM(BASE, 19, RIGHT_R), target, HEIR, MAP_GRANT | MAP_AT_ONCE, &done), 0);
    check();
    assert_taken(RIGHT_W);
    assert_int_equal(walks_waiting + walks_given_up, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rights_are_taken_whatever_others_do),
        cmocka_unit_test(test_rights_of_capabilities_are_taken),
        cmocka_unit_test(test_walk_that_was_given_up_is_not_continued),
        cmocka_unit_test(test_many_walks_at_a_time),
        cmocka_unit_test(test_grant_in_steps),
        cmocka_unit_test(test_grant_of_a_capability_in_steps),
        cmocka_unit_test(test_heir_goes),
        cmocka_unit_test(test_steps_end_though_interrupts_never_do),
        cmocka_unit_test(test_deep_chains),
        cmocka_unit_test(test_revocation_that_is_given_up_leaves_a_tree),
        cmocka_unit_test(test_grant_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
