/* The state of a pipe (servers/pipe/ring.c): pieces, ends, capacity, and a random run against a model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above first. */
#include <cmocka.h>

#include "abi/error.h"
#include "proto/file.h"
#include "servers/pipe/ring.h"

static const int alice, bob; /* only their addresses count */

static struct ring opened(void)
{
    return (struct ring){.readers = 1, .writers = 1};
}

static void put(struct ring *r, u64 n)
{
    u64 at, length;
    assert_int_equal(ring_next_out(r, &alice, n, &at, &length), E_OK);
    assert_int_equal(length, n);
    assert_int_equal(ring_commit_out(r, &alice, n), E_OK);
}

static void test_moves_bytes(void **state)
{
    struct ring r = opened();
    u64 at, length;
    assert_int_equal(ring_next_in(&r, &bob, &at, &length), E_AGAIN);
    put(&r, 100);
    assert_int_equal(ring_next_in(&r, &bob, &at, &length), E_OK);
    assert_int_equal(at, 0);
    assert_int_equal(length, 100);
    assert_int_equal(ring_commit_in(&r, &bob, 40), E_OK);
    assert_int_equal(ring_next_in(&r, &bob, &at, &length), E_OK);
    assert_int_equal(at, 40);
    assert_int_equal(length, 60);
    assert_int_equal(ring_next_in(&r, &bob, &at, &length), E_AGAIN); /* asking on commits all */
    assert_int_equal(r.read, 100);
}

static void test_refuses_false_commits(void **state)
{
    struct ring r = opened();
    u64 at, length;
    assert_int_equal(ring_commit_in(&r, &bob, 0), E_INVAL);
    assert_int_equal(ring_next_out(&r, &alice, 10, &at, &length), E_OK);
    assert_int_equal(ring_commit_out(&r, &alice, 11), E_INVAL);
    assert_int_equal(ring_commit_out(&r, &bob, 1), E_INVAL);
    assert_int_equal(ring_commit_out(&r, &alice, 10), E_OK);
    assert_int_equal(ring_commit_out(&r, &alice, 0), E_INVAL);
    assert_int_equal(r.written, 10);
}

static void test_one_at_a_time(void **state)
{
    struct ring r = opened();
    u64 at, length;
    assert_int_equal(ring_next_out(&r, &alice, 10, &at, &length), E_OK);
    assert_int_equal(ring_next_out(&r, &bob, 10, &at, &length), E_AGAIN);
    ring_drop(&r, &alice); /* what it wrote does not count */
    assert_int_equal(ring_next_out(&r, &bob, 10, &at, &length), E_OK);
    assert_int_equal(at, 0);
}

static void test_ends(void **state)
{
    struct ring r = opened();
    u64 at, length;
    put(&r, 5);
    r.writers = 0;
    assert_int_equal(ring_events_in(&r), FILE_EVENT_IN | FILE_EVENT_HUP);
    assert_int_equal(ring_next_in(&r, &bob, &at, &length), E_OK);
    assert_int_equal(length, 5);
    assert_int_equal(ring_next_in(&r, &bob, &at, &length), E_OK);
    assert_int_equal(length, 0); /* end of file */
    r = opened();
    r.readers = 0;
    assert_int_equal(ring_next_out(&r, &alice, 5, &at, &length), E_PIPE);
    assert_int_equal(ring_events_out(&r), FILE_EVENT_OUT | FILE_EVENT_HUP);
}

static void test_room(void **state)
{
    struct ring r = opened();
    u64 at, length;
    put(&r, RING_PIECE);
    put(&r, RING_PIECE - 100);
    assert_int_equal(ring_next_out(&r, &alice, 101, &at, &length), E_AGAIN); /* atomic: all or nothing */
    assert_int_equal(ring_events_out(&r), 0);
    assert_int_equal(ring_next_out(&r, &alice, RING_ATOMIC + 1, &at, &length), E_AGAIN);
    assert_int_equal(ring_next_out(&r, &alice, 100, &at, &length), E_OK);
    assert_int_equal(length, 100);
}

/* A reader that keeps a piece in part leaves room for a pipe's worth. */
static void test_held_piece(void **state)
{
    struct ring r = opened();
    u64 at, length;
    put(&r, RING_PIECE);
    assert_int_equal(ring_next_in(&r, &bob, &at, &length), E_OK);
    put(&r, RING_SIZE - RING_PIECE);
}

/* Random ends, sizes and commits; bytes are numbered, so order and loss show. */
static void test_random(void **state)
{
    static u8 memory[2 * RING_SIZE];
    struct ring r = opened();
    u64 sent = 0, received = 0, at, length;
    srand(1);
    for (int i = 0; i < 200000; i++) {
        u64 hint = 1 + (u64)rand() % (i % 10 ? 5000 : 100000);
        if (rand() % 2 && !ring_next_out(&r, &alice, hint, &at, &length)) {
            assert_true(length > 0 && length <= hint && at + length <= sizeof memory);
            assert_true(hint > RING_ATOMIC || length == hint);
            u64 n = rand() % 4 ? length : (u64)rand() % (length + 1);
            for (u64 k = 0; k < n; k++)
                memory[(at + k) % RING_SIZE] = (u8)((sent + k) * 31 >> 3);
            assert_int_equal(ring_commit_out(&r, &alice, n), E_OK);
            sent += n;
        } else if (!ring_next_in(&r, &bob, &at, &length)) {
            u64 n = rand() % 4 ? length : (u64)rand() % (length + 1);
            for (u64 k = 0; k < n; k++)
                assert_int_equal(memory[(at + k) % RING_SIZE], (u8)((received + k) * 31 >> 3));
            assert_int_equal(ring_commit_in(&r, &bob, n), E_OK);
            received += n;
        }
        assert_true(received <= sent && sent - received <= RING_SIZE);
    }
    assert_true(received > 10 * RING_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moves_bytes),   cmocka_unit_test(test_refuses_false_commits),
        cmocka_unit_test(test_one_at_a_time), cmocka_unit_test(test_ends),
        cmocka_unit_test(test_room),          cmocka_unit_test(test_held_piece),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
