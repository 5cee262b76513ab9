/* Map items: capabilities and memory that travel with messages, there and back, and items that must not. */
#include "lib/test/thread.h"

#define ABOVE    (TEST_PRIORITY + 10)
#define AT(slot) ((u64)(slot) << FPAGE_START_SHIFT)

/* What the helper receives into, and what it saw. */
static u64 windows[MSG_ITEMS_MAX];
static volatile struct {
    u64 tag, what[MSG_ITEMS_MAX];
    struct map_item answer; /* item that it answers with */
} seen;

/* Takes messages with items, notes what arrived, answers. */
static void take_items(u64 unused)
{
    for (;;) {
        struct msg m = {0};
        for (u32 i = 0; i < MSG_ITEMS_MAX; i++)
            sys_utcb->window[i] = windows[i];
        sys_wait(&m, TIMEOUT_NEVER, 0);
        seen.tag = m.tag;
        for (u32 i = 0; i < MSG_ITEMS_MAX; i++)
            seen.what[i] = sys_utcb->item[i].what;
        sys_utcb->item[0] = (struct map_item){seen.answer.what, seen.answer.base};
        m = (struct msg){.tag = TAG(1, seen.answer.what != 0)};
        sys_reply(&m, 0);
    }
}

/* A gate in A to a helper whose window i is `window`; all others are closed. */
static err_t start_helper(u32 i, u64 window)
{
    for (u32 k = 0; k < MSG_ITEMS_MAX; k++)
        windows[k] = FPAGE_NONE;
    windows[i] = window;
    seen.tag = 0;
    seen.answer = (struct map_item){0};
    err_t error = test_thread_start(0, ABOVE, take_items, 0);
    return error ? error : test_gate_create(A, TEST_THREAD(0), 1);
}

/* Calls A with items from `item` on; returns the invocation's error. */
static err_t call_with(const struct map_item *item, u32 count)
{
    struct msg m = {.tag = TAG(1, count)};
    for (u32 i = 0; i < count; i++)
        sys_utcb->item[i] = item[i];
    return sys_call(&m, A);
}

static err_t call_with_one(u64 what, u64 base)
{
    return call_with(&(struct map_item){what, base}, 1);
}

static u64 rights_of(cap_t slot)
{
    u64 kind, rights = 0;
    task_cap_valid(TASK, slot, &kind, &rights);
    return rights;
}

static void capability_arrives_in_the_window(void)
{
    bool equal;
    CHECK_OK(start_helper(0, FPAGE_OBJ(D, 0, RIGHT_USE | RIGHT_CONTROL)));
    CHECK_OK(factory_create_semaphore(FACTORY, C, 0));
    CHECK_OK(call_with_one(FPAGE_OBJ(C, 0, RIGHTS_ALL & ~RIGHT_CONTROL), 0));
    CHECK_EQ(seen.tag, TAG(1, 1));
    CHECK_EQ(seen.what[0] >> FPAGE_START_SHIFT, D);
    CHECK_OK(task_cap_equal(TASK, C, D, &equal));
    CHECK(equal);
    CHECK_EQ(rights_of(D), RIGHT_USE); /* what both allow */
    CHECK_OK(test_delete(C));
    CHECK_EQ(test_kind(TASK, D), 0);
}

static void full_window_is_an_error_to_both(void)
{
    CHECK_OK(start_helper(0, FPAGE_OBJ(TASK, 0, RIGHTS_ALL)));
    CHECK_EQ(call_with_one(FPAGE_OBJ(LOG, 0, RIGHTS_ALL), 0), E_EXIST);
    CHECK_EQ(sys_tag_error(seen.tag), E_EXIST);
    CHECK_EQ(test_kind(TASK, TASK), OBJ_TASK);
}

static void closed_window_is_an_error_to_both(void)
{
    CHECK_OK(start_helper(1, FPAGE_OBJ(D, 0, RIGHTS_ALL)));
    CHECK_EQ(call_with_one(FPAGE_OBJ(LOG, 0, RIGHTS_ALL), 0), E_MSGSIZE);
    CHECK_EQ(sys_tag_error(seen.tag), E_MSGSIZE);
    CHECK_EQ(test_kind(TASK, D), 0);
}

static void grant_moves_a_capability(void)
{
    CHECK_OK(start_helper(0, FPAGE_OBJ(D, 0, RIGHTS_ALL)));
    CHECK_OK(factory_create_semaphore(FACTORY, C, 0));
    CHECK_OK(call_with_one(FPAGE_OBJ(C, 0, RIGHTS_ALL), ITEM_GRANT));
    CHECK_EQ(test_kind(TASK, C), 0);
    CHECK_EQ(test_kind(TASK, D), OBJ_SEMAPHORE);
    CHECK_OK(semaphore_up(D));
}

static void sender_may_choose_a_place_in_the_window(void)
{
    CHECK_OK(start_helper(0, FPAGE_OBJ(32, 3, RIGHTS_ALL)));
    CHECK_OK(call_with_one(FPAGE_OBJ(LOG, 0, RIGHTS_ALL), AT(37)));
    CHECK_EQ(test_kind(TASK, 37), OBJ_LOG);
    CHECK_EQ(seen.what[0] >> FPAGE_START_SHIFT, 37);
    CHECK_EQ(call_with_one(FPAGE_OBJ(LOG, 0, RIGHTS_ALL), AT(40)), E_RANGE);
    CHECK_EQ(call_with_one(FPAGE_OBJ(LOG, 0, RIGHTS_ALL), AT(31)), E_RANGE);
    CHECK_EQ(call_with_one(FPAGE_OBJ(LOG, 0, RIGHTS_ALL), AT(1ull << 40)), E_RANGE);
}

static void eight_items_arrive_in_order(void)
{
    struct map_item item[MSG_ITEMS_MAX];
    CHECK_OK(start_helper(0, FPAGE_NONE));
    for (u32 i = 0; i < MSG_ITEMS_MAX; i++) {
        windows[i] = FPAGE_OBJ(40 + i, 0, RIGHTS_ALL);
        CHECK_OK(factory_create_semaphore(FACTORY, 32 + i, 0));
        item[i] = (struct map_item){FPAGE_OBJ(32 + i, 0, RIGHTS_ALL), 0};
    }
    CHECK_OK(call_with(item, 0)); /* now it has the windows */
    CHECK_OK(call_with(item, MSG_ITEMS_MAX));
    for (u32 i = 0; i < MSG_ITEMS_MAX; i++) {
        bool equal;
        CHECK_OK(task_cap_equal(TASK, 32 + i, 40 + i, &equal));
        CHECK(equal);
    }
}

/* What was before the bad item has arrived, what is behind it has not, and both are told. */
static void failed_item_ends_the_transfer(void)
{
    struct map_item item[3] = {{FPAGE_OBJ(LOG, 0, RIGHTS_ALL), 0},
                               {FPAGE_OBJ(SLOT_NONE, 0, RIGHTS_ALL), 0},
                               {FPAGE_OBJ(LOG, 0, RIGHTS_ALL), 0}};
    CHECK_OK(start_helper(0, FPAGE_NONE));
    for (u32 i = 0; i < 3; i++)
        windows[i] = FPAGE_OBJ(D + i, 0, RIGHTS_ALL);
    CHECK_OK(call_with(item, 0));
    CHECK_EQ(call_with(item, 3), E_NOENT);
    CHECK_EQ(sys_tag_error(seen.tag), E_NOENT);
    CHECK_EQ(seen.tag >> TAG_ITEMS_SHIFT & TAG_ITEMS_MASK, 1);
    CHECK_EQ(test_kind(TASK, D), OBJ_LOG);
    CHECK_EQ(test_kind(TASK, D + 1) + test_kind(TASK, D + 2), 0);
}

static void memory_arrives_in_the_window(void)
{
    volatile u64 *ram = (volatile u64 *)test_ram(), *there = (volatile u64 *)(TEST_AREA + 0x40000);
    CHECK_OK(start_helper(0, FPAGE_MEM(TEST_AREA, 20, RIGHTS_RWX)));
    *ram = 99;
    CHECK_OK(call_with_one(FPAGE_MEM(ram, 16, RIGHTS_RWX), TEST_AREA + 0x40000));
    CHECK_EQ(seen.what[0] & ~0xfffull, TEST_AREA + 0x40000);
    CHECK_EQ(*there, 99);
    *there = 100;
    CHECK_EQ(*ram, 100);
    CHECK_EQ(call_with_one(FPAGE_MEM(ram, 16, RIGHTS_RWX), TEST_AREA + 0x40000), E_EXIST);
    CHECK_OK(call_with_one(FPAGE_MEM(ram, 12, RIGHTS_RWX), 0)); /* at the window's start */
    CHECK_EQ(*(volatile u64 *)TEST_AREA, 100);
    CHECK_OK(task_unmap(TASK, FPAGE_MEM(ram, 22, RIGHTS_RWX), 0));
}

static void memory_stays_in_the_window(void)
{
    const u64 ram = (u64)test_ram();
    CHECK_OK(start_helper(0, FPAGE_MEM(TEST_AREA, 16, RIGHTS_RWX)));
    CHECK_EQ(call_with_one(FPAGE_MEM(ram, 20, RIGHTS_RWX), 0), E_RANGE);
    CHECK_EQ(call_with_one(FPAGE_MEM(ram, 12, RIGHTS_RWX), TEST_AREA - 4096), E_RANGE);
    CHECK_EQ(call_with_one(FPAGE_MEM(ram, 12, RIGHTS_RWX), TEST_AREA + (1 << 16)), E_RANGE);
    CHECK_EQ(call_with_one(FPAGE_MEM(ram, 13, RIGHTS_RWX), TEST_AREA + (1 << 16) - 4096), E_RANGE);
    CHECK_EQ(call_with_one(FPAGE_MEM(ram, 12, RIGHTS_RWX), ~0xfffull), E_RANGE);
    CHECK_EQ(call_with_one(FPAGE_MEM(TEST_AREA + (1 << 20), 12, RIGHTS_RWX), 0), E_FAULT); /* nothing there */
    CHECK_EQ(call_with_one(FPAGE_OBJ(LOG, 0, RIGHTS_ALL), 0), E_INVAL);
    CHECK_EQ(call_with_one(FPAGE_MEM(ram, 11, RIGHTS_RWX), 0), E_INVAL);
    CHECK_EQ(call_with_one(3 << FPAGE_TYPE_SHIFT, 0), E_INVAL);
}

static void answers_bring_items(void)
{
    struct msg m = {.tag = TAG(1, 0)};
    CHECK_OK(start_helper(0, FPAGE_NONE));
    seen.answer = (struct map_item){FPAGE_OBJ(LOG, 0, RIGHT_USE), 0};
    sys_window_cap(0, C);
    CHECK_OK(sys_call(&m, A));
    CHECK_EQ(m.tag, TAG(1, 1));
    CHECK_EQ(test_kind(TASK, C), OBJ_LOG);
    CHECK_EQ(rights_of(C), RIGHT_USE);
    m = (struct msg){.tag = TAG(1, 0)};
    CHECK_EQ(sys_call(&m, A), E_EXIST); /* the window is full now */
}

static void gate_without_pass_carries_words_only(void)
{
    CHECK_OK(start_helper(0, FPAGE_OBJ(D, 0, RIGHTS_ALL)));
    CHECK_OK(task_map(TASK, TASK, FPAGE_OBJ(A, 0, RIGHT_USE), AT(B)));
    struct msg m = {.tag = TAG(1, 1)};
    sys_put_cap(0, LOG);
    CHECK_EQ(sys_call(&m, B), E_PERM);
    m = (struct msg){.tag = TAG(1, 0)};
    CHECK_OK(sys_call(&m, B));
}

static void poor_receiver_gets_an_error_and_nothing_else(void)
{
    CHECK_OK(factory_create_factory(FACTORY, B, 64 << 10));
    CHECK_OK(factory_create_task(B, C));
    CHECK_OK(task_map(C, TASK, FPAGE_MEM(BOOT_IMAGE_BASE, 20, RIGHTS_RWX), BOOT_IMAGE_BASE));
    CHECK_OK(task_add_ku_mem(C, FPAGE_MEM(TEST_UTCBS, TEST_UTCBS_ORDER, 0)));
    windows[0] = FPAGE_MEM(TEST_AREA, 31, RIGHTS_RWX);
    seen.answer = (struct map_item){0};
    CHECK_OK(test_thread_start_in(0, C, ABOVE, take_items, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), 1));
    err_t error = E_OK;
    for (u64 i = 0; i < 64 && !error; i++)
        error = call_with_one(FPAGE_MEM(test_ram(), 12, RIGHTS_RWX), TEST_AREA + (i << 21));
    CHECK_EQ(error, E_NOMEM);
    CHECK_OK(call_with_one(0, 0)); /* it is alive */
}

TESTS(TEST(capability_arrives_in_the_window), TEST(full_window_is_an_error_to_both),
      TEST(closed_window_is_an_error_to_both), TEST(grant_moves_a_capability),
      TEST(sender_may_choose_a_place_in_the_window), TEST(eight_items_arrive_in_order),
      TEST(failed_item_ends_the_transfer), TEST(memory_arrives_in_the_window), TEST(memory_stays_in_the_window),
      TEST(answers_bring_items), TEST(gate_without_pass_carries_words_only),
      TEST(poor_receiver_gets_an_error_and_nothing_else));
