/* Factory objects: creation, quotas, and what goes when a factory goes. */
#include "lib/test/test.h"

static const enum object_number kinds[] = {OBJ_TASK, OBJ_THREAD, OBJ_FACTORY, OBJ_GATE, OBJ_IRQ, OBJ_SEMAPHORE, OBJ_SC};
#define KINDS (sizeof kinds / sizeof *kinds)

static u64 parameter(enum object_number kind)
{
    return kind == OBJ_FACTORY ? 4096 : kind == OBJ_SC ? 10 : 0;
}

static void creates_every_kind_of_object(void)
{
    for (u32 i = 0; i < KINDS; i++) {
        CHECK_OK(factory_create(FACTORY, A, kinds[i], parameter(kinds[i]), 0));
        CHECK_EQ(test_kind(TASK, A), kinds[i]);
        CHECK_EQ(factory_create(FACTORY, A, kinds[i], parameter(kinds[i]), 0), E_EXIST);
        CHECK_OK(test_delete(A));
    }
}

static void refuses_other_kinds(void)
{
    const u64 bad[] = {0, OBJ_ICU, OBJ_SCHEDULER, OBJ_LOG, 11, 12, 255, 1ull << 32 | OBJ_GATE, ~0ull};
    for (u32 i = 0; i < sizeof bad / sizeof *bad; i++) {
        sys_window_cap(0, A);
        CHECK_EQ(test_invoke(FACTORY, OP_FACTORY_CREATE, 3, bad[i], 0, 0), E_INVAL);
        CHECK_EQ(test_kind(TASK, A), 0);
    }
    CHECK_EQ(factory_create_sc(FACTORY, A, 0), E_RANGE);
    CHECK_EQ(factory_create_sc(FACTORY, A, 256), E_RANGE);
    CHECK_EQ(factory_create(FACTORY, 0, OBJ_GATE, 0, 0), E_RANGE);
    test_no_windows(1);
    CHECK_EQ(test_invoke(FACTORY, OP_FACTORY_CREATE, 2, OBJ_GATE, 0, 0), E_INVAL);
    CHECK_EQ(test_invoke(FACTORY, OP_FACTORY_CREATE, 1, OBJ_GATE, 0, 0), E_MSGSIZE);
}

static void quota_is_taken_from_the_parent(void)
{
    u64 quota, used, pool, pool_free, before = test_used(FACTORY);
    CHECK_OK(factory_create_factory(FACTORY, A, 100 << 10));
    CHECK(test_used(FACTORY) >= before + (100 << 10));
    CHECK_OK(factory_info(A, &quota, &used, &pool, &pool_free));
    CHECK_EQ(quota, 100 << 10);
    CHECK_EQ(used, 0);
    CHECK(pool_free <= pool);
    CHECK_EQ(factory_create_factory(A, B, 101 << 10), E_NOMEM);
    CHECK_EQ(factory_create_factory(A, B, ~0ull), E_NOMEM);
    CHECK_EQ(factory_create_factory(A, B, ~0ull - 4095), E_NOMEM);
    CHECK_EQ(test_used(A), 0);
}

static void priorities_are_limited(void)
{
    CHECK_OK(factory_create_limited(FACTORY, A, 128 << 10, 50));
    CHECK_OK(factory_create_sc(A, B, 50));
    CHECK_EQ(factory_create_sc(A, C, 51), E_PERM);
    CHECK_EQ(sc_configure(B, 51, 0, 0, 0), E_PERM);
    CHECK_OK(sc_configure(B, 49, 0, 0, 0));
    CHECK_EQ(factory_create_limited(A, C, 32 << 10, 51), E_PERM);
    CHECK_OK(factory_create_factory(A, C, 32 << 10));
    CHECK_EQ(factory_create_sc(C, D, 51), E_PERM); /* the limit is inherited */
}

static void quota_beyond_all_memory_is_refused(void)
{
    const u64 quotas[] = {~0ull, ~0ull - test_used(FACTORY) + 1, 1ull << 63, ~0ull << 12};
    for (u32 i = 0; i < sizeof quotas / sizeof *quotas; i++)
        CHECK_EQ(factory_create_factory(FACTORY, A, quotas[i]), E_NOMEM);
}

/* Creates objects of one kind until the quota is exhausted; returns how many. */
static u32 exhaust(cap_t factory, enum object_number kind)
{
    u32 n = 0;
    while (SLOT_FREE + n < SLOT_END && !factory_create(factory, SLOT_FREE + n, kind, parameter(kind), 0))
        n++;
    return n;
}

/* Each kind, with quotas of every size: creation fails with E_NOMEM and loses nothing. */
static void exhaustion_is_an_error_that_loses_nothing(void)
{
    for (u64 quota = 0; quota <= 40 << 10; quota += 4 << 10)
        for (u32 i = 0; i < KINDS; i++) {
            CHECK_OK(factory_create_factory(FACTORY, A, quota));
            u32 n = exhaust(A, kinds[i]);
            if (SLOT_FREE + n < SLOT_END)
                CHECK_EQ(factory_create(A, SLOT_FREE + n, kinds[i], parameter(kinds[i]), 0), E_NOMEM);
            for (u32 k = 0; k < n; k++)
                CHECK_OK(test_delete(SLOT_FREE + k));
            for (u32 k = 0; k < 100 && test_used(A); k++)
                sys_sleep(100);
            CHECK_EQ(test_used(A), 0);
            CHECK_OK(test_delete(A));
        }
}

static void takes_everything_with_it(void)
{
    CHECK_OK(factory_create_factory(FACTORY, A, 512 << 10));
    CHECK_OK(factory_create_factory(A, B, 256 << 10));
    CHECK_OK(factory_create_factory(B, C, 128 << 10));
    CHECK_OK(factory_create_task(C, D));
    CHECK_OK(factory_create_semaphore(B, E, 0));
    CHECK_OK(task_map(D, TASK, FPAGE_OBJ(TASK, 0, RIGHTS_ALL), 0x1000));
    CHECK_OK(task_map(D, TASK, FPAGE_MEM(test_ram(), 21, RIGHTS_RWX), TEST_AREA));
    CHECK_OK(test_delete(A));
    for (cap_t slot = A; slot <= E; slot++)
        CHECK_EQ(test_kind(TASK, slot), 0);
}

static void who_receives_pays_for_slots(void)
{
    CHECK_OK(factory_create_factory(FACTORY, A, 16 << 10));
    CHECK_OK(factory_create_task(A, B));
    u32 n = 0;
    err_t error = E_OK;
    for (; n < 64 && !error; n++)
        error = task_map(B, TASK, FPAGE_OBJ(TASK, 0, RIGHTS_ALL), (u64)(1 + 300 * n) << FPAGE_START_SHIFT);
    CHECK_EQ(error, E_NOMEM);
    CHECK_EQ(test_kind(B, 1 + 300 * n), 0);
}

static void operations_need_rights(void)
{
    CHECK_OK(task_map(TASK, TASK, FPAGE_OBJ(FACTORY, 0, RIGHT_USE), (u64)A << FPAGE_START_SHIFT));
    u64 quota, used, pool, pool_free;
    CHECK_OK(factory_info(A, &quota, &used, &pool, &pool_free));
    CHECK_EQ(factory_create_gate(A, B), E_PERM);
}

TESTS(TEST(creates_every_kind_of_object), TEST(refuses_other_kinds), TEST(quota_is_taken_from_the_parent),
      TEST(quota_beyond_all_memory_is_refused),
      TEST(priorities_are_limited), TEST(exhaustion_is_an_error_that_loses_nothing), TEST(takes_everything_with_it),
      TEST(who_receives_pays_for_slots), TEST(operations_need_rights));
