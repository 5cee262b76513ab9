/* Slots and the heap: nothing is given twice, nothing is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "kernel.h"
#include "lib/tess/heap.h"
#include "lib/tess/slot.h"
#include "lib/tess/start.h"

static void test_slots_are_distinct_and_lowest_first(void **state)
{
    cap_t a = slot_alloc(), b = slot_alloc();
    assert_int_equal(a, SLOT_FIRST);
    assert_int_equal(b, SLOT_FIRST + 1);
    slot_free(a);
    assert_int_equal(slot_alloc(), a);
    slot_take(SLOT_FIRST + 2);
    assert_int_equal(slot_alloc(), SLOT_FIRST + 3);
    for (cap_t s = SLOT_FIRST; s < SLOT_FIRST + 4; s++)
        slot_free(s);
}

static void test_ranges_are_aligned_and_free(void **state)
{
    cap_t one = slot_alloc();
    cap_t range = slot_alloc_range(4);
    assert_int_equal(range % 16, 0);
    assert_true(range > one);
    for (u32 i = 0; i < 100; i++) {
        cap_t s = slot_alloc();
        assert_true(s < range || s >= range + 16);
    }
    assert_int_equal(slot_alloc_range(7), 0);
    for (cap_t s = SLOT_FIRST; s < 256; s++)
        slot_free(s);
}

static void test_all_slots_then_none(void **state)
{
    for (u32 i = SLOT_FIRST; i < SLOT_END; i++)
        assert_int_equal(slot_alloc(), i);
    assert_int_equal(slot_alloc(), 0);
    assert_int_equal(slot_alloc_range(0), 0);
    slot_free(SLOT_END - 1);
    assert_int_equal(slot_alloc(), SLOT_END - 1);
    for (u32 i = SLOT_FIRST; i < SLOT_END; i++)
        slot_free(i);
}

static void test_fixed_slots_stay(void **state)
{
    slot_free(0);
    slot_free(SLOT_TASK);
    slot_free(SLOT_END);
    cap_t s = slot_alloc();
    assert_int_equal(s, SLOT_FIRST);
    script_reset();
    slot_drop(s);
    assert_int_equal(script_deleted_count, 1);
    slot_drop(0);
    assert_int_equal(script_deleted_count, 1);
}

static void test_heap_memory_is_zeroed_aligned_and_reused(void **state)
{
    for (size_t size = 1; size < 6000; size = size * 2 + 1) {
        unsigned char *a = heap_alloc(size), *b = heap_alloc(size);
        assert_int_equal((uintptr_t)a % 16, 0);
        assert_true(a + size <= b || b + size <= a);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(a[i], 0);
        memset(a, 0xff, size);
        heap_free(a, size);
        unsigned char *c = heap_alloc(size);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(c[i], 0);
        if (size <= 2048)
            assert_ptr_equal(c, a);
        heap_free(b, size);
        heap_free(c, size);
    }
    heap_free(NULL, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots_are_distinct_and_lowest_first),
        cmocka_unit_test(test_ranges_are_aligned_and_free),
        cmocka_unit_test(test_all_slots_then_none),
        cmocka_unit_test(test_fixed_slots_stay),
        cmocka_unit_test(test_heap_memory_is_zeroed_aligned_and_reused),
    };
    return cmocka_run_group_tests_name("tess/slot", tests, NULL, NULL);
}
