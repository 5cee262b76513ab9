/* lib/base/format.c against libc's snprintf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <limits.h>
#include <stdio.h>

#include "lib/base/format.h"

#define SAME(...)                                                                                                      \
    do {                                                                                                               \
        char expected[128], got[128];                                                                                  \
        int length = snprintf(expected, sizeof expected, __VA_ARGS__);                                                 \
        assert_int_equal(format_buffer(got, sizeof got, __VA_ARGS__), length);                                         \
        assert_string_equal(got, expected);                                                                            \
    } while (0)

static void test_integers(void **state)
{
    SAME("%d %i %u", -1, INT_MIN, UINT_MAX);
    SAME("%ld %lu %lx %lX", LONG_MIN, ULONG_MAX, 0x123456789abcdefl, 0xfedl);
    SAME("%hhd %hd %hhu %hx", -1, -2, 300, 0x12345);
    SAME("[%5d] [%-5d] [%05d] [%5.3d] [%-7.4x] [%.0d]", 42, 42, -42, 7, 0xab, 0);
    SAME("[%*d] [%-*d] [%.*u]", 6, 1, 6, 2, 4, 3);
    SAME("[%*d]", -6, 1);
    SAME("%zu %jd %td", (size_t)1, (intmax_t)-1, (ptrdiff_t)2);
    SAME("%p", (void *)0x1234);
}

static void test_text(void **state)
{
    SAME("%s|%8s|%-8s|%.2s|%c|%%", "abc", "abc", "abc", "abc", 'x');
    SAME("plain");
    SAME("%s", "");
    char got[16];
    const char *volatile none = NULL;
    format_buffer(got, sizeof got, "%s", none);
    assert_string_equal(got, "(null)");
}

static void test_cut_off(void **state)
{
    char got[8] = "#######";
    assert_int_equal(format_buffer(got, 4, "%s", "abcdef"), 6);
    assert_string_equal(got, "abc");
    assert_int_equal(got[4], '#');
    assert_int_equal(format_buffer(got, 1, "%d", 5), 1);
    assert_string_equal(got, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_integers), cmocka_unit_test(test_text),
                                       cmocka_unit_test(test_cut_off)};
    return cmocka_run_group_tests_name("base/format", tests, NULL, NULL);
}
