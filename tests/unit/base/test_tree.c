/* lib/base/tree.c against an array in the order of insertion, and its promise about the length of paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "lib/base/tree.h"

#define NODES 200

static struct tree tree;
static struct tree_node node[NODES];
static u64 order[NODES], inserted, longest; /* order: when the node was inserted, 0 = it is not in the tree */

static int empty(void **unused)
{
    tree = (struct tree){0};
    inserted = 0;
    for (u32 i = 0; i < NODES; i++) {
        node[i] = (struct tree_node){0};
        order[i] = 0;
    }
    return 0;
}

static void insert(u32 i, u64 key)
{
    tree_insert(&tree, &node[i], key);
    order[i] = ++inserted;
}

static void take_out(u32 i)
{
    if (i % 2 || !tree_remove_quickly(&node[i]))
        tree_remove(&tree, &node[i]);
    order[i] = 0;
}

static u64 before(u32 a, u32 b)
{
    return node[a].key != node[b].key ? node[a].key < node[b].key : order[a] < order[b];
}

/* Ranks fall on every way down. */
static void check_below(const struct tree_node *n, const struct tree_node *parent, u64 depth)
{
    if (!n)
        return;
    longest = depth > longest ? depth : longest;
    assert_ptr_equal(n->parent, parent);
    assert_true(tree_linked(n) && (!parent || n->rank < parent->rank));
    check_below(n->child[0], n, depth + 1);
    check_below(n->child[1], n, depth + 1);
}

static void check(void)
{
    u64 count = 0, expected = 0;
    longest = 0;
    check_below(tree.root, NULL, 1);
    for (struct tree_node *n = tree_first(&tree), *last = NULL; n; last = n, n = tree_next(n), count++) {
        assert_true(order[n - node] > 0);
        assert_true(!last || before(last - node, n - node));
    }
    for (u32 i = 0; i < NODES; i++) {
        expected += order[i] > 0;
        assert_int_equal(order[i] > 0, tree_linked(&node[i]));
    }
    assert_int_equal(count, expected);
}

static void check_look_up(u64 key)
{
    u32 best = NODES;
    for (u32 i = 0; i < NODES; i++)
        if (order[i] && node[i].key >= key && (best == NODES || before(i, best)))
            best = i;
    assert_ptr_equal(tree_at_least(&tree, key), best < NODES ? &node[best] : NULL);
}

/* 1.44 log2 of all insertions. */
static u64 bound(void)
{
    u64 log = 1;
    while (inserted >> log)
        log++;
    return log * 3 / 2 + 1;
}

static void test_random_changes(void **unused)
{
    srand(1);
    for (u32 i = 0; i < 40000; i++) {
        u32 n = rand() % NODES, spread = i / 1000 % 3 ? 1000 : 3;
        if (order[n])
            take_out(n);
        else
            insert(n, rand() % spread);
        if (i % 50 == 0) {
            check();
            check_look_up(rand() % spread);
        }
    }
    assert_true(longest <= bound());
}

/* Nodes get other keys, in trees of one node and more. */
static void test_moves(void **unused)
{
    srand(3);
    for (u32 count = 1; count < NODES; count += count) {
        empty(NULL);
        for (u32 i = 0; i < count; i++)
            insert(i, rand() % 20);
        for (u32 i = 0; i < 200; i++) {
            u32 n = rand() % count;
            tree_move(&tree, &node[n], rand() % 20);
            order[n] = ++inserted;
            check();
        }
    }
}

/* Queues: all new ones behind the others, taken from the front; and the other way round. */
static void test_queues_stay_shallow(void **unused)
{
    for (int up = 0; up < 2; up++) {
        empty(NULL);
        for (u64 i = 0; i < 20 * NODES; i++) {
            if (order[i % NODES])
                take_out(i % NODES);
            insert(i % NODES, up ? i : 100000 - i);
        }
        check();
        assert_true(longest <= bound());
    }
}

/* What is taken apart from its leaves is a tree all the time, into which one can insert. */
static void test_leaves_first(void **unused)
{
    for (u32 stop = 0; stop < NODES; stop += 7) {
        empty(NULL);
        for (u32 i = 0; i < NODES; i++)
            insert(i, i * 37 % NODES);
        for (u32 i = 0; i < stop; i++)
            take_out(tree_leaf(tree.root) - node);
        check();
        for (u32 i = 0; i < NODES; i++)
            if (!order[i])
                insert(i, NODES / 2);
        check();
        assert_true(longest <= bound());
    }
}

/* Marks set on the way from a node up to the root are found from there, whatever changes places. */
static void test_marks_stay_above(void **unused)
{
    srand(2);
    for (u32 round = 0; round < 200; round++) {
        empty(NULL);
        for (u32 i = 0; i < NODES; i++) {
            u32 other = rand() % NODES;
            if (i % 3 == 0 && order[other])
                take_out(other);
            insert(i, rand() % 50);
            for (struct tree_node *n = &node[i]; n; n = n->parent)
                n->marks |= 1u << i % 32;
        }
        for (u32 i = 0; i < NODES; i++)
            for (struct tree_node *n = &node[i]; order[i] && n; n = n->parent)
                assert_true(n->marks >> i % 32 & 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_random_changes, empty),
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_queues_stay_shallow),
        cmocka_unit_test(test_leaves_first),
        cmocka_unit_test(test_marks_stay_above),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
