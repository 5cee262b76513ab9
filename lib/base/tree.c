/*
 * Relaxed AVL tree with parent links: see tree.h. Ranks take the place of heights: a node has a higher rank than its
 * children. Insertion keeps that by promoting and rotating, as in an AVL tree; removal leaves all ranks alone (Sen,
 * Tarjan, Kim: Deletion without Rebalancing in Binary Search Trees), so that taking out a node costs next to nothing.
 */
#include "lib/base/tree.h"

static u32 rank(const struct tree_node *n)
{
    return n ? n->rank : 0;
}

/* Puts `new` where `old` hangs: below old's parent, or at the root. */
static void replace(struct tree *t, struct tree_node *old, struct tree_node *new)
{
    struct tree_node *parent = old->parent;
    if (!parent)
        t->root = new;
    else
        parent->child[parent->child[1] == old] = new;
    if (new)
        new->parent = parent;
}

/*
 * Rotates n, the child of p on `side`, up into p's place.
 *
 *      p              n
 *     / \            / \
 *    n   3    ->    1   p        (side = 0)
 *   / \                / \
 *  1   2              2   3
 */
static void rotate_up(struct tree *t, struct tree_node *p, struct tree_node *n, int side)
{
    struct tree_node *inner = n->child[!side];
    replace(t, p, n);
    n->child[!side] = p;
    p->parent = n;
    p->child[side] = inner;
    if (inner)
        inner->parent = p;
    n->marks |= p->marks;
}

/* n has the rank of its parent p, whose other child is lower by two or more: n or its inner child takes p's place. */
static void lift(struct tree *t, struct tree_node *p, struct tree_node *n, int side)
{
    struct tree_node *inner = n->child[!side];
    if (n->rank - rank(inner) == 1) {
        rotate_up(t, n, inner, !side);
        n->rank--;
        inner->rank++;
        n = inner;
    }
    rotate_up(t, p, n, side);
    p->rank--;
}

void tree_restore(struct tree *t, struct tree_node *n)
{
    for (struct tree_node *p; (p = n->parent) && p->rank == n->rank; n = p) {
        int side = p->child[1] == n;
        if (p->rank - rank(p->child[!side]) > 1) {
            lift(t, p, n, side);
            return;
        }
        p->rank++;
    }
}

void tree_insert(struct tree *t, struct tree_node *n, u64 key)
{
    tree_insert_quickly(t, n, key);
}

/* n has two children: its successor, which has no left child, takes its place. */
static void replace_by_successor(struct tree *t, struct tree_node *n)
{
    struct tree_node *s = n->child[1];
    while (s->child[0])
        s = s->child[0];
    replace(t, s, s->child[1]);
    replace(t, n, s);
    for (int side = 0; side < 2; side++) {
        s->child[side] = n->child[side];
        if (s->child[side])
            s->child[side]->parent = s;
    }
    s->rank = n->rank;
    s->marks = n->marks;
}

void tree_remove(struct tree *t, struct tree_node *n)
{
    if (n->child[0] && n->child[1])
        replace_by_successor(t, n);
    else
        replace(t, n, n->child[n->child[0] == NULL]);
    n->rank = 0;
}

void tree_move(struct tree *t, struct tree_node *n, u64 key)
{
    if (t->root == n && !n->child[0] && !n->child[1]) {
        n->key = key;
        return;
    }
    tree_remove(t, n);
    tree_insert(t, n, key);
}

struct tree_node *tree_first(const struct tree *t)
{
    struct tree_node *n = t->root;
    while (n && n->child[0])
        n = n->child[0];
    return n;
}

struct tree_node *tree_at_least(const struct tree *t, u64 key)
{
    struct tree_node *n = t->root, *found = NULL;
    while (n) {
        if (n->key < key) {
            n = n->child[1];
        } else {
            found = n;
            n = n->child[0];
        }
    }
    return found;
}
