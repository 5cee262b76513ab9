/* Frames and quotas: blocks are aligned and disjoint, everything that is given back can be had again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "servers/root/frame.h"
#include "servers/root/quota.h"

#define PAGE 4096ull
#define AREA (4ull << 20)

static paddr_t area;
static u8 states[AREA / PAGE + 1];

static int setup(void **state)
{
    if (!area)
        area =
            ((paddr_t)mmap(NULL, 2 * AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + AREA) & -AREA;
    memset(states, 0, sizeof states);
    frame_init(area, area + AREA, states);
    return 0;
}

static void test_blocks_split_and_join(void **state)
{
    frame_add(area, area + AREA);
    assert_int_equal(frame_available(), AREA);
    paddr_t small = frame_alloc(12), large = frame_alloc(20);
    assert_int_equal(large % (1 << 20), 0);
    assert_true(small < large || small >= large + (1 << 20));
    frame_free(small, 12);
    frame_free(large, 20);
    assert_int_equal(frame_available(), AREA);
    assert_int_equal(frame_alloc(22), area); /* joined to one block again */
    assert_int_equal(frame_alloc(12), 0);
    assert_int_equal(frame_available(), 0);
}

static void test_odd_borders(void **state)
{
    frame_add(area + PAGE, area + 7 * PAGE);
    assert_int_equal(frame_alloc(14), 0); /* 16 KiB aligned to 16 KiB: pages 4-7 are not all there */
    assert_int_equal(frame_alloc(13), area + 4 * PAGE);
    assert_int_equal(frame_alloc(13), area + 2 * PAGE);
    assert_int_equal(frame_available(), 2 * PAGE);
}

static void test_runs_give_their_rest_back(void **state)
{
    frame_add(area, area + AREA);
    paddr_t run = frame_alloc_run(5 * PAGE);
    assert_int_not_equal(run, 0);
    assert_int_equal(frame_available(), AREA - 5 * PAGE);
    frame_add(run, run + 5 * PAGE);
    assert_int_equal(frame_alloc_run(AREA), area);
    assert_int_equal(frame_alloc_run(2 * AREA), 0);
}

/* Random traffic; every block carries its own mark, so an overlap shows. */
static void test_random_traffic(void **state)
{
    struct {
        paddr_t at;
        u32 order;
    } held[64] = {{0}};
    frame_add(area, area + AREA);
    srand(1);
    for (int round = 0; round < 100000; round++) {
        u32 i = (u32)rand() % 64;
        if (held[i].at) {
            for (u64 at = 0; at < 1ull << held[i].order; at += PAGE)
                assert_int_equal(*(u64 *)(held[i].at + at + 64), i + 1);
            frame_free(held[i].at, held[i].order);
            held[i].at = 0;
            continue;
        }
        held[i].order = 12 + (u32)rand() % 7;
        held[i].at = frame_alloc(held[i].order);
        assert_int_equal(held[i].at % (1ull << held[i].order), 0);
        for (u64 at = 0; held[i].at && at < 1ull << held[i].order; at += PAGE)
            *(u64 *)(held[i].at + at + 64) = i + 1;
    }
    for (u32 i = 0; i < 64; i++)
        if (held[i].at)
            frame_free(held[i].at, held[i].order);
    assert_int_equal(frame_alloc(22), area);
}

static void test_quotas_limit_along_the_tree(void **state)
{
    struct quota top, middle, leaf, other;
    quota_init(&top, NULL, 1000, "top");
    quota_init(&middle, &top, 600, "middle");
    quota_init(&leaf, &middle, 5000, "a name that is far too long");
    quota_init(&other, &top, 1000, "other");
    assert_true(quota_charge(&leaf, 500));
    assert_false(quota_charge(&leaf, 101)); /* middle refuses */
    assert_int_equal(leaf.used, 500);
    assert_int_equal(top.used, 500);
    assert_true(quota_charge(&other, 500));
    assert_false(quota_charge(&leaf, 1)); /* top refuses */
    assert_int_equal(middle.used, 500);
    assert_false(quota_charge(&leaf, UINT64_MAX));
    quota_refund(&leaf, 500);
    assert_int_equal(top.used, 500);
    assert_int_equal(strlen(leaf.name), 16);
}

static void test_quota_tree_is_walked_in_order(void **state)
{
    struct quota top, a, b, c;
    quota_init(&top, NULL, 1, "top");
    assert_null(quota_next(&top, &top));
    quota_init(&a, &top, 1, "a");
    quota_init(&b, &a, 1, "b");
    quota_init(&c, &top, 1, "c");
    assert_ptr_equal(quota_next(&top, &top), &a);
    assert_ptr_equal(quota_next(&top, &a), &b);
    assert_ptr_equal(quota_next(&top, &b), &c);
    assert_null(quota_next(&top, &c));
    assert_null(quota_next(&a, &b));
    quota_remove(&b);
    assert_ptr_equal(quota_next(&top, &a), &c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_blocks_split_and_join, setup),
        cmocka_unit_test_setup(test_odd_borders, setup),
        cmocka_unit_test_setup(test_runs_give_their_rest_back, setup),
        cmocka_unit_test_setup(test_random_traffic, setup),
        cmocka_unit_test(test_quotas_limit_along_the_tree),
        cmocka_unit_test(test_quota_tree_is_walked_in_order),
    };
    return cmocka_run_group_tests_name("root/frame", tests, NULL, NULL);
}
