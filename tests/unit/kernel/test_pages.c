/*
 * Single pages, which are mapped and unmapped the short way where tables and nodes are at hand, and the long way else:
 * random steps against a model of who has what from whom, with and without interrupts.
 */
#include "tests/unit/kernel/rig.h"

enum { TARGET = 60, OTHER = 61 };
#define BASE   0x50000000ull
#define FRAMES 4  /* pages of the first task that all others come from */
#define PLACES 48 /* where the two tasks may have one of them: spots 0 to 3 are the frames, the others these */
#define SPOTS  (FRAMES + PLACES)
#define STEPS  4000

static struct {
    bool mapped;
    u32 from; /* the spot that it was mapped from */
    u32 rights;
} model[SPOTS];

static u64 task_slot_of(u32 spot)
{
    return spot < FRAMES ? TASK : spot % 2 ? TARGET : OTHER;
}

/* Three neighbours in each of eight page tables. */
static vaddr_t address_of(u32 spot)
{
    u32 place = (spot - FRAMES) / 2;
    return spot < FRAMES ? HOST_MEMORY + spot * PAGE_SIZE : BASE + ((u64)(place / 3) << 21) + place % 3 * PAGE_SIZE;
}

static struct node *node_at(u32 spot)
{
    return space_node(&task_of(object_in(task_slot_of(spot)))->space, address_of(spot));
}

static u64 map(u32 from, u32 to, u32 rights)
{
    item(0, task_slot_of(from));
    return call(task_slot_of(to), TAG(3, 1), OP_TASK_MAP, FPAGE_MEM(address_of(from), 12, rights), address_of(to), 0);
}

static u64 unmap(u32 spot, u64 flags)
{
    return call(task_slot_of(spot), TAG(3, 0), OP_TASK_UNMAP, FPAGE_MEM(address_of(spot), 12, RIGHTS_RWX), flags, 0);
}

static void make_tasks(void)
{
    boot(NULL);
    assert_int_equal(create(FACTORY, TARGET, OBJ_TASK, 0), 0);
    assert_int_equal(create(FACTORY, OTHER, OBJ_TASK, 0), 0);
}

static void try_map(u32 from, u32 to, u32 rights)
{
    u64 expected = !model[from].mapped ? E_FAULT : model[to].mapped ? E_EXIST : E_OK;
    assert_int_equal(map(from, to, rights), expected);
    if (expected)
        return;
    model[to].mapped = true;
    model[to].from = from;
    model[to].rights = model[from].rights & rights;
}

static void forget(u32 spot, bool self)
{
    for (u32 i = FRAMES; i < SPOTS; i++)
        if (model[i].mapped && model[i].from == spot)
            forget(i, true);
    if (self && spot >= FRAMES) /* what boot gave stays */
        model[spot].mapped = false;
}

static void compare(void)
{
    for (u32 i = 0; i < SPOTS; i++) {
        struct node *n = node_at(i);
        assert_int_equal(n != NULL, model[i].mapped);
        if (n && i >= FRAMES)
            assert_int_equal(n->rights, model[i].rights);
    }
    check();
}

static u32 number(u32 below)
{
    static u64 state = 1;
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (state >> 33) % below;
}

static void test_pages_are_where_they_were_mapped(void **unused)
{
    make_tasks();
    for (u32 i = 0; i < SPOTS; i++)
        model[i].mapped = i < FRAMES, model[i].rights = RIGHTS_RWX;
    struct holdings before = holdings();
    for (u32 i = 0; i < STEPS; i++) {
        host_pending_always = number(3) == 0;
        u32 spot = number(SPOTS);
        if (number(4)) {
            try_map(number(3) ? number(FRAMES) : number(SPOTS), FRAMES + number(PLACES), number(RIGHTS_RWX + 1));
        } else {
            bool self = number(4);
            assert_int_equal(unmap(spot, self ? UNMAP_SELF : 0), 0);
            forget(spot, self);
        }
        compare();
    }
    host_pending_always = false;
    for (u32 i = 0; i < FRAMES; i++)
        assert_int_equal(unmap(i, 0), 0);
    assert_holdings(before);
}

/* One page of what was mapped as more takes it all away, from below too. */
static void test_page_of_a_larger_mapping(void **unused)
{
    for (u32 from_above = 0; from_above < 2; from_above++) {
        make_tasks();
        item(0, TASK);
        assert_int_equal(call(TARGET, TAG(3, 1), OP_TASK_MAP, FPAGE_MEM(HOST_MEMORY, 14, RIGHTS_RWX), BASE, 0), 0);
        item(0, TARGET);
        assert_int_equal(call(OTHER, TAG(3, 1), OP_TASK_MAP, FPAGE_MEM(BASE + PAGE_SIZE, 12, RIGHT_R), BASE, 0), 0);
        struct space *target = &task_of(object_in(TARGET))->space, *other = &task_of(object_in(OTHER))->space;
        assert_int_equal(call(TARGET, TAG(3, 0), OP_TASK_UNMAP, FPAGE_MEM(BASE, 12, RIGHTS_RWX), 0, 0), 0);
        assert_int_equal(other->pages, 1); /* it is another page that went on */
        u64 task = from_above ? TASK : TARGET, at = (from_above ? HOST_MEMORY : BASE) + 2 * PAGE_SIZE;
        assert_int_equal(call(task, TAG(3, 0), OP_TASK_UNMAP, FPAGE_MEM(at, 12, RIGHTS_RWX), UNMAP_SELF, 0), 0);
        assert_int_equal(target->pages, 0);
        assert_int_equal(other->pages, 0);
        check();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_are_where_they_were_mapped),
        cmocka_unit_test(test_page_of_a_larger_mapping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
