/*
 * lib/base/memory.c against libc's functions, under names of its own. Without the address sanitizer: aligned loads may
 * read beside the source on purpose. Guard bytes around the destination are checked instead.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <string.h>

void *base_memcpy(void *to, const void *from, size_t n);
void *base_memmove(void *to, const void *from, size_t n);
void *base_memset(void *to, int byte, size_t n);
int base_memcmp(const void *a, const void *b, size_t n);

#define SIZE 1024

static _Alignas(16) unsigned char source[SIZE], mine[SIZE], theirs[SIZE];

static void fill(void)
{
    for (size_t i = 0; i < SIZE; i++) {
        source[i] = (unsigned char)rand();
        mine[i] = theirs[i] = (unsigned char)rand();
    }
}

/* All alignments of both sides and all lengths up to some rounds of the unrolled loop. */
static void test_copy(void **state)
{
    for (size_t to = 0; to < 9; to++)
        for (size_t from = 0; from < 9; from++)
            for (size_t n = 0; n < 300; n += n < 40 ? 1 : 7) {
                fill();
                memcpy(theirs + 16 + to, source + 16 + from, n);
                assert_ptr_equal(base_memcpy(mine + 16 + to, source + 16 + from, n), mine + 16 + to);
                assert_memory_equal(mine, theirs, SIZE);
            }
}

static void test_move_overlap(void **state)
{
    for (size_t to = 0; to < 40; to++)
        for (size_t from = 0; from < 40; from++)
            for (size_t n = 0; n < 300; n += 13) {
                fill();
                memcpy(mine, theirs, SIZE);
                memmove(theirs + to, theirs + from, n);
                assert_ptr_equal(base_memmove(mine + to, mine + from, n), mine + to);
                assert_memory_equal(mine, theirs, SIZE);
            }
}

static void test_set(void **state)
{
    for (size_t to = 0; to < 9; to++)
        for (size_t n = 0; n < 300; n++) {
            fill();
            memset(theirs + to, 0xa5, n);
            base_memset(mine + to, 0x1a5, n);
            assert_memory_equal(mine, theirs, SIZE);
        }
}

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

static void test_compare(void **state)
{
    for (size_t at = 0; at < 200; at++)
        for (size_t shift = 0; shift < 9; shift++) {
            fill();
            memcpy(mine + shift, source, 200);
            assert_int_equal(base_memcmp(mine + shift, source, 200), 0);
            mine[shift + at] ^= 0x80;
            assert_int_equal(sign(base_memcmp(mine + shift, source, 200)), sign(memcmp(mine + shift, source, 200)));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_copy), cmocka_unit_test(test_move_overlap),
                                       cmocka_unit_test(test_set), cmocka_unit_test(test_compare)};
    return cmocka_run_group_tests_name("base/memory", tests, NULL, NULL);
}
