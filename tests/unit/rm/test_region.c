/* The region manager's table against a plain model: one byte a page. Memory for its growth comes from an array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "servers/rm/rm.h"

#define BASE  SPACE_PROGRAM_BASE
#define PAGES 200

static bool no_memory;

err_t memory_grow_table(u64 offset, struct region **place)
{
    static char table[64 * 1024];
    *place = (struct region *)table;
    return no_memory || offset >= sizeof table ? E_NOMEM : E_OK;
}

static u16 model[PAGES]; /* 0 = nothing, else slot + 1 */

static vaddr_t page_at(u32 i)
{
    return BASE + i * PAGE_SIZE;
}

static struct region region_of(u32 first, u32 behind, u32 slot)
{
    return (struct region){
        .start = page_at(first), .end = page_at(behind), .offset = page_at(first), .slot = slot, .rights = RIGHT_R};
}

static void remove_range(u32 first, u32 behind)
{
    struct region *r;
    assert_int_equal(region_split(page_at(first), page_at(behind)), E_OK);
    while ((r = region_above(page_at(first))) && r->start < page_at(behind))
        region_remove(r);
    memset(&model[first], 0, (behind - first) * sizeof model[0]);
}

static void add_range(u32 first, u32 behind, u32 slot)
{
    remove_range(first, behind);
    struct region r = region_of(first, behind, slot);
    assert_int_equal(region_insert(&r), E_OK);
    for (u32 i = first; i < behind; i++)
        model[i] = (u16)(slot + 1);
}

static void check_model(void)
{
    for (u32 i = 0; i < PAGES; i++) {
        struct region *r = region_at(page_at(i) + 5);
        assert_int_equal(r ? r->slot + 1 : 0, model[i]);
        if (r && r->slot)
            assert_int_equal(r->offset + (page_at(i) - r->start), page_at(i));
    }
}

static void test_random_ranges(void **state)
{
    srand(1);
    for (int round = 0; round < 20000; round++) {
        u32 a = (u32)rand() % PAGES, b = a + 1 + (u32)rand() % (PAGES - a < 40 ? PAGES - a : 40);
        if (rand() % 3)
            add_range(a, b, rand() % 3 ? 0 : 17 + (u32)rand() % 5);
        else
            remove_range(a, b);
        check_model();
    }
    remove_range(0, PAGES);
    assert_null(region_above(0));
}

static void test_own_memory_grows_together(void **state)
{
    for (u32 i = 0; i < PAGES; i += 2)
        add_range(i, i + 1, 0);
    for (u32 i = 1; i < PAGES; i += 2)
        add_range(i, i + 1, 0);
    struct region *r = region_at(page_at(0));
    assert_int_equal(r->start, page_at(0));
    assert_int_equal(r->end, page_at(PAGES));
    remove_range(0, PAGES);
}

static void test_gaps(void **state)
{
    vaddr_t top = SPACE_MMAP_END;
    assert_int_equal(region_find_gap(PAGE_SIZE, PAGE_SIZE), top - PAGE_SIZE);
    struct region r = {.start = top - 0x10000, .end = top - 0x8000, .slot = 20, .rights = RIGHT_R};
    assert_int_equal(region_insert(&r), E_OK);
    assert_int_equal(region_find_gap(0x8000, PAGE_SIZE), top - 0x8000);
    assert_int_equal(region_find_gap(0x9000, PAGE_SIZE), top - 0x10000 - 0x9000);
    assert_int_equal(region_find_gap(0x9000, 0x200000), top - 0x200000);
    assert_int_equal(region_find_gap(1ull << 40, PAGE_SIZE), 0);
    assert_int_equal(region_find_gap(top - BASE, PAGE_SIZE), 0);
    assert_true(region_uses(20));
    region_remove(region_at(r.start));
    assert_false(region_uses(20));
}

static void test_table_full(void **state)
{
    u32 count = 0;
    no_memory = true;
    for (;; count++) {
        struct region r = region_of(2 * count, 2 * count + 1, 30);
        if (region_insert(&r))
            break;
    }
    no_memory = false;
    assert_true(count >= 40);
    assert_null(region_at(page_at(2 * count)));
    for (u32 i = 0; i < 1500; i++) { /* several pages of table */
        struct region r = region_of(2 * (count + i), 2 * (count + i) + 1, 30);
        assert_int_equal(region_insert(&r), E_OK);
    }
    for (u32 i = 0; i < count + 1500; i++)
        region_remove(region_at(page_at(2 * i)));
    assert_null(region_above(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_full),
        cmocka_unit_test(test_random_ranges),
        cmocka_unit_test(test_own_memory_grows_together),
        cmocka_unit_test(test_gaps),
    };
    return cmocka_run_group_tests_name("rm/region", tests, NULL, NULL);
}
