/* Task objects: capabilities mapped, granted, weakened, revoked; kernel-user memory; hostile flexpages. */
#include "lib/test/test.h"

#define AT(slot) ((u64)(slot) << FPAGE_START_SHIFT) /* base of a mapping: a slot */

static u64 rights_of(cap_t task, cap_t slot)
{
    u64 kind, rights = 0;
    task_cap_valid(task, slot, &kind, &rights);
    return rights;
}

static err_t map_cap_to(cap_t task, cap_t from, cap_t slot, u32 rights, cap_t to)
{
    return task_map(task, from, FPAGE_OBJ(slot, 0, rights), AT(to));
}

static void is_created_empty(void)
{
    struct task_info info;
    CHECK_OK(factory_create_task(FACTORY, A));
    CHECK_EQ(test_kind(TASK, A), OBJ_TASK);
    CHECK_OK(task_get_info(A, &info));
    CHECK_EQ(info.threads, 0);
    CHECK_EQ(info.caps, 0);
    CHECK_EQ(info.pages, 0);
    for (cap_t slot = 0; slot < 100; slot++)
        CHECK_EQ(test_kind(A, slot), 0);
}

static void maps_capabilities_with_fewer_rights(void)
{
    CHECK_OK(factory_create_task(FACTORY, A));
    CHECK_OK(factory_create_semaphore(FACTORY, B, 0));
    CHECK_OK(map_cap_to(A, TASK, B, RIGHTS_ALL, 5));
    CHECK_OK(map_cap_to(A, TASK, B, RIGHT_USE, 6));
    CHECK_EQ(test_kind(A, 5), OBJ_SEMAPHORE);
    CHECK_EQ(rights_of(A, 5), RIGHTS_ALL);
    CHECK_EQ(rights_of(A, 6), RIGHT_USE);
    CHECK_OK(map_cap_to(TASK, A, 6, RIGHTS_ALL, C)); /* rights never come back */
    CHECK_EQ(rights_of(TASK, C), RIGHT_USE);
    CHECK_EQ(map_cap_to(A, TASK, B, RIGHTS_ALL, 6), E_EXIST);
    CHECK_EQ(map_cap_to(A, TASK, SLOT_NONE, RIGHTS_ALL, 7), E_NOENT);
    CHECK_EQ(map_cap_to(A, TASK, B, RIGHTS_ALL, 0), E_RANGE);
}

static void maps_many_capabilities_at_once(void)
{
    CHECK_OK(factory_create_task(FACTORY, A));
    for (cap_t slot = 32; slot < 40; slot++)
        CHECK_OK(factory_create_semaphore(FACTORY, slot, 0));
    CHECK_OK(task_map(A, TASK, FPAGE_OBJ(32, 3, RIGHTS_ALL), AT(1000)));
    for (cap_t slot = 1000; slot < 1008; slot++)
        CHECK_EQ(test_kind(A, slot), OBJ_SEMAPHORE);
    CHECK_OK(task_unmap(A, FPAGE_OBJ(1000, 2, RIGHTS_ALL), UNMAP_SELF));
    CHECK_EQ(test_kind(A, 1003), 0);
    CHECK_EQ(test_kind(A, 1004), OBJ_SEMAPHORE);
}

static void unmap_takes_the_whole_subtree(void)
{
    CHECK_OK(factory_create_task(FACTORY, A));
    CHECK_OK(factory_create_task(FACTORY, B));
    CHECK_OK(factory_create_semaphore(FACTORY, C, 0));
    CHECK_OK(map_cap_to(A, TASK, C, RIGHTS_ALL, 5));
    CHECK_OK(map_cap_to(B, A, 5, RIGHTS_ALL, 6));
    CHECK_OK(map_cap_to(B, A, 5, RIGHTS_ALL, 7));
    CHECK_OK(task_unmap(A, FPAGE_OBJ(5, 0, RIGHTS_ALL), UNMAP_SELF));
    CHECK_EQ(test_kind(A, 5), 0);
    CHECK_EQ(test_kind(B, 6) + test_kind(B, 7), 0);
    CHECK_OK(map_cap_to(A, TASK, C, RIGHTS_ALL, 5));
    CHECK_OK(map_cap_to(B, A, 5, RIGHTS_ALL, 6));
    CHECK_OK(task_unmap(TASK, FPAGE_OBJ(C, 0, RIGHTS_ALL), 0));
    CHECK_EQ(test_kind(A, 5) + test_kind(B, 6), 0);
    CHECK_EQ(test_kind(TASK, C), OBJ_SEMAPHORE);
}

static void object_lives_as_long_as_its_first_capability(void)
{
    CHECK_OK(factory_create_task(FACTORY, A));
    CHECK_OK(factory_create_semaphore(FACTORY, B, 0));
    CHECK_OK(map_cap_to(A, TASK, B, RIGHTS_ALL, 5));
    CHECK_OK(test_delete(B));
    CHECK_EQ(test_kind(A, 5), 0);
}

static void grant_moves_a_capability_and_its_place_in_the_tree(void)
{
    CHECK_OK(factory_create_task(FACTORY, A));
    CHECK_OK(factory_create_semaphore(FACTORY, B, 0));
    CHECK_OK(map_cap_to(TASK, TASK, B, RIGHTS_ALL, C));
    CHECK_OK(task_map(A, TASK, FPAGE_OBJ(C, 0, RIGHTS_ALL), AT(5) | ITEM_GRANT));
    CHECK_EQ(test_kind(TASK, C), 0);
    CHECK_EQ(test_kind(A, 5), OBJ_SEMAPHORE);
    CHECK_OK(task_unmap(TASK, FPAGE_OBJ(B, 0, RIGHTS_ALL), 0)); /* still below B */
    CHECK_EQ(test_kind(A, 5), 0);
    CHECK_OK(task_map(A, TASK, FPAGE_OBJ(B, 0, RIGHTS_ALL), AT(5) | ITEM_GRANT)); /* the first one goes, too */
    CHECK_EQ(test_kind(TASK, B), 0);
    CHECK_OK(map_cap_to(TASK, A, 5, RIGHTS_ALL, C));
    CHECK_OK(semaphore_up(C));
    CHECK_OK(task_unmap(A, FPAGE_OBJ(5, 0, RIGHTS_ALL), UNMAP_SELF));
    CHECK_EQ(test_kind(TASK, C), 0);
}

static void rights_can_be_taken_alone(void)
{
    CHECK_OK(factory_create_gate(FACTORY, A));
    CHECK_OK(map_cap_to(TASK, TASK, A, RIGHTS_ALL, B));
    CHECK_OK(task_unmap(TASK, FPAGE_OBJ(A, 0, RIGHT_CONTROL), 0));
    CHECK_EQ(rights_of(TASK, B), RIGHTS_ALL & ~RIGHT_CONTROL);
    CHECK_EQ(rights_of(TASK, A), RIGHTS_ALL);
    CHECK_OK(gate_bind(A, THREAD, 1));
    CHECK_EQ(gate_bind(B, THREAD, 1), E_PERM);
    CHECK_OK(task_unmap(TASK, FPAGE_OBJ(A, 0, RIGHT_CONTROL), UNMAP_SELF));
    CHECK_EQ(gate_bind(A, THREAD, 1), E_PERM);
}

/* More than is done in one go: a capability with many children, some of which have children of their own. */
static void many_lose_rights_and_are_granted(void)
{
    enum { MANY = 400, FROM = 8, FIRST = 256, HEIR = 1000 };
    struct task_info info;
    CHECK_OK(factory_create_task(FACTORY, A));
    CHECK_OK(factory_create_semaphore(FACTORY, B, 0));
    CHECK_OK(map_cap_to(A, TASK, B, RIGHTS_ALL, FROM));
    for (cap_t i = 0; i < MANY; i++)
        CHECK_OK(map_cap_to(A, A, i % 4 ? FROM : i ? FIRST + i - 1 : FROM, RIGHTS_ALL, FIRST + i));
    CHECK_OK(task_unmap(A, FPAGE_OBJ(FROM, 0, RIGHT_CONTROL), 0));
    CHECK_EQ(rights_of(A, FROM), RIGHTS_ALL);
    for (cap_t i = 0; i < MANY; i++)
        CHECK_EQ(rights_of(A, FIRST + i), RIGHTS_ALL & ~RIGHT_CONTROL);
    CHECK_OK(task_map(A, A, FPAGE_OBJ(FROM, 0, RIGHT_USE), AT(HEIR) | ITEM_GRANT));
    CHECK_EQ(test_kind(A, FROM), 0);
    for (cap_t i = 0; i < MANY; i++)
        CHECK_EQ(rights_of(A, FIRST + i), RIGHT_USE);
    CHECK_OK(task_unmap(A, FPAGE_OBJ(HEIR, 0, RIGHTS_ALL), UNMAP_SELF));
    CHECK_OK(task_get_info(A, &info));
    CHECK_EQ(info.caps, 0);
    CHECK_EQ(test_kind(TASK, B), OBJ_SEMAPHORE);
}

static void delete_needs_the_right(void)
{
    CHECK_OK(factory_create_semaphore(FACTORY, A, 0));
    CHECK_OK(map_cap_to(TASK, TASK, A, RIGHT_USE, B));
    CHECK_OK(map_cap_to(TASK, TASK, A, RIGHTS_ALL, C));
    CHECK_OK(task_unmap(TASK, FPAGE_OBJ(B, 0, RIGHTS_ALL), UNMAP_SELF | UNMAP_DELETE));
    CHECK_EQ(test_kind(TASK, A), OBJ_SEMAPHORE);
    CHECK_OK(task_unmap(TASK, FPAGE_OBJ(C, 0, RIGHTS_ALL), UNMAP_SELF | UNMAP_DELETE));
    CHECK_EQ(test_kind(TASK, A), 0);
    CHECK_EQ(task_unmap(TASK, FPAGE_OBJ(A, 0, RIGHTS_ALL), 4), E_INVAL);
}

static void equal_capabilities_name_one_object(void)
{
    bool equal;
    CHECK_OK(factory_create_semaphore(FACTORY, A, 0));
    CHECK_OK(factory_create_semaphore(FACTORY, B, 0));
    CHECK_OK(map_cap_to(TASK, TASK, A, RIGHT_USE, C));
    CHECK_OK(task_cap_equal(TASK, A, C, &equal));
    CHECK(equal);
    CHECK_OK(task_cap_equal(TASK, A, B, &equal));
    CHECK(!equal);
    CHECK_OK(task_cap_equal(TASK, D, E, &equal)); /* two empty slots name nothing */
    CHECK(!equal);
    CHECK_OK(task_cap_equal(TASK, A, 0xffffffff, &equal));
    CHECK(!equal);
}

static void tasks_may_hold_each_other(void)
{
    CHECK_OK(factory_create_task(FACTORY, A));
    CHECK_OK(factory_create_task(FACTORY, B));
    CHECK_OK(map_cap_to(A, TASK, A, RIGHTS_ALL, 1));
    CHECK_OK(map_cap_to(A, TASK, B, RIGHTS_ALL, 2));
    CHECK_OK(map_cap_to(B, TASK, A, RIGHTS_ALL, 1));
    CHECK_OK(map_cap_to(B, TASK, B, RIGHTS_ALL, 2));
    CHECK_OK(test_delete(A));
    CHECK_EQ(test_kind(B, 1), 0);
}

static const u64 bad_fpages[] = {
    0,
    FPAGE_OBJ(1, 0, RIGHTS_ALL) | 3 << FPAGE_TYPE_SHIFT,
    FPAGE_OBJ(1, 1, RIGHTS_ALL),       /* not aligned */
    FPAGE_OBJ(0, 17, RIGHTS_ALL),      /* too large */
    FPAGE_OBJ(0x10000, 0, RIGHTS_ALL), /* behind the last slot */
    FPAGE_OBJ(0, 63, RIGHTS_ALL),
    ~0ull & ~(1ull << FPAGE_TYPE_SHIFT),
    FPAGE_MEM(0x1000, 13, RIGHTS_RWX),     /* not aligned */
    FPAGE_MEM(0x1000, 11, RIGHTS_RWX),     /* less than a page */
    FPAGE_MEM(0, 39, RIGHTS_RWX),          /* more than there is */
    FPAGE_MEM(1ull << 38, 12, RIGHTS_RWX), /* the kernel's half */
    FPAGE_MEM(~0ull, 12, RIGHTS_RWX),
};
#define BAD_FPAGES (sizeof bad_fpages / sizeof *bad_fpages)

static void refuses_bad_flexpages(void)
{
    CHECK_OK(factory_create_task(FACTORY, A));
    for (u32 i = 0; i < BAD_FPAGES; i++) {
        CHECK_EQ(task_map(A, TASK, bad_fpages[i], 0x5000), E_INVAL);
        CHECK_EQ(task_unmap(A, bad_fpages[i], UNMAP_SELF), E_INVAL);
        CHECK_EQ(task_add_ku_mem(A, bad_fpages[i]), E_INVAL);
        CHECK_EQ(test_invoke(A, OP_TASK_RESERVE, 2, bad_fpages[i], 0, 0), E_INVAL);
    }
    CHECK_EQ(task_map(A, TASK, FPAGE_OBJ(1, 0, RIGHTS_ALL), ~0xfffull), E_RANGE);
    CHECK_EQ(task_map(A, TASK, FPAGE_MEM(test_ram(), 12, RIGHTS_RWX), 1ull << 38), E_RANGE);
    CHECK_EQ(task_map(A, TASK, FPAGE_MEM(test_ram(), 12, RIGHTS_RWX), ~0xfffull), E_RANGE);
}

static void refuses_sources_that_are_no_tasks(void)
{
    CHECK_OK(factory_create_task(FACTORY, A));
    CHECK_EQ(task_map(A, THREAD, FPAGE_OBJ(1, 0, RIGHTS_ALL), AT(5)), E_INVAL);
    CHECK_EQ(task_map(A, SLOT_NONE, FPAGE_OBJ(1, 0, RIGHTS_ALL), AT(5)), E_NOENT);
    CHECK_EQ(test_invoke(A, OP_TASK_MAP, 3, FPAGE_OBJ(1, 0, RIGHTS_ALL), AT(5), 0), E_MSGSIZE);
    CHECK_EQ(test_invoke_caps(A, OP_TASK_MAP, 2, 0, 0, TASK, 0), E_MSGSIZE);
    CHECK_OK(map_cap_to(TASK, TASK, A, RIGHT_USE, B));
    CHECK_EQ(task_map(B, TASK, FPAGE_OBJ(1, 0, RIGHTS_ALL), AT(5)), E_PERM);
    CHECK_EQ(task_map(A, B, FPAGE_OBJ(1, 0, RIGHTS_ALL), AT(5)), E_PERM);
}

static void has_kernel_user_memory(void)
{
    CHECK_OK(factory_create_task(FACTORY, A));
    CHECK_OK(task_add_ku_mem(A, FPAGE_MEM(0x10000, 16, 0)));
    CHECK_EQ(task_add_ku_mem(A, FPAGE_MEM(0x10000, 12, 0)), E_EXIST);
    CHECK_EQ(task_add_ku_mem(A, FPAGE_MEM(0, 17, 0)), E_INVAL);
    CHECK_EQ(task_add_ku_mem(A, FPAGE_MEM(0, 20, 0)), E_INVAL);
    CHECK_OK(task_add_ku_mem(A, FPAGE_MEM(0x3ffffff000, 12, 0)));                        /* the last page */
    CHECK_EQ(task_map(TASK, A, FPAGE_MEM(0x10000, 12, RIGHTS_RWX), TEST_AREA), E_FAULT); /* is not mapped on */
    CHECK_EQ(task_map(A, TASK, FPAGE_MEM(test_ram(), 12, RIGHTS_RWX), 0x10000), E_EXIST);
    CHECK_OK(task_unmap(A, FPAGE_MEM(0, 38, RIGHTS_RWX), UNMAP_SELF)); /* and is not unmapped */
    CHECK_EQ(task_add_ku_mem(A, FPAGE_MEM(0x10000, 12, 0)), E_EXIST);
}

static void reserves_slots(void)
{
    CHECK_OK(factory_create_task(FACTORY, A));
    CHECK_OK(task_reserve(A, 256, 8));
    CHECK_OK(task_reserve(A, 256, 8));
    for (cap_t slot = 256; slot < 512; slot++)
        CHECK_EQ(test_kind(A, slot), 0);
}

TESTS(TEST(is_created_empty), TEST(maps_capabilities_with_fewer_rights), TEST(maps_many_capabilities_at_once),
      TEST(unmap_takes_the_whole_subtree), TEST(object_lives_as_long_as_its_first_capability),
      TEST(grant_moves_a_capability_and_its_place_in_the_tree), TEST(rights_can_be_taken_alone),
      TEST(many_lose_rights_and_are_granted),
      TEST(delete_needs_the_right), TEST(equal_capabilities_name_one_object), TEST(tasks_may_hold_each_other),
      TEST(refuses_bad_flexpages), TEST(refuses_sources_that_are_no_tasks), TEST(has_kernel_user_memory),
      TEST(reserves_slots));
