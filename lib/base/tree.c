/* AVL tree with parent links: see tree.h. Heights, not balance factors: one rule serves insertion and removal. */
#include "lib/base/tree.h"

static u64 height(const struct tree_node *n)
{
    return n ? n->height : 0;
}

static void update_height(struct tree_node *n)
{
    u64 a = height(n->child[0]), b = height(n->child[1]);
    n->height = 1 + (a > b ? a : b);
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
 * Rotates n down to side `down`; its child on the other side takes its place.
 *
 *      n              c
 *     / \            / \
 *    c   3    ->    1   n        (down = 1)
 *   / \                / \
 *  1   2              2   3
 */
static struct tree_node *rotate(struct tree *t, struct tree_node *n, int down)
{
    struct tree_node *c = n->child[!down], *inner = c->child[down];
    replace(t, n, c);
    c->child[down] = n;
    n->parent = c;
    n->child[!down] = inner;
    if (inner)
        inner->parent = n;
    update_height(n);
    update_height(c);
    return c;
}

/* Restores the balance of n, whose subtrees are balanced and differ by at most 2. Gives the new top. */
static struct tree_node *balance(struct tree *t, struct tree_node *n)
{
    u64 left = height(n->child[0]), right = height(n->child[1]);
    if (left <= right + 1 && right <= left + 1) {
        update_height(n);
        return n;
    }
    int heavy = right > left;
    struct tree_node *c = n->child[heavy];
    if (height(c->child[!heavy]) > height(c->child[heavy]))
        rotate(t, c, heavy);
    return rotate(t, n, !heavy);
}

/* The same from n upwards, until a subtree's height is what it was. */
static __attribute__((noinline)) void rebalance_all(struct tree *t, struct tree_node *n)
{
    while (n) {
        u64 before = n->height;
        n = balance(t, n);
        if (n->height == before)
            return;
        n = n->parent;
    }
}

/* The same; most often nothing need be rotated. */
static inline void rebalance(struct tree *t, struct tree_node *n)
{
    while (n) {
        u64 left = height(n->child[0]), right = height(n->child[1]), high = left > right ? left : right;
        if (high - (left + right - high) > 1) {
            rebalance_all(t, n);
            return;
        }
        if (n->height == high + 1)
            return;
        n->height = high + 1;
        n = n->parent;
    }
}

void tree_insert(struct tree *t, struct tree_node *n, u64 key)
{
    struct tree_node **link = &t->root, *parent = NULL;
    while (*link) {
        parent = *link;
        link = &parent->child[key >= parent->key];
    }
    *n = (struct tree_node){.parent = parent, .key = key, .height = 1};
    *link = n;
    rebalance(t, parent);
}

/* n has two children: its successor, which has no left child, takes its place. Gives where to rebalance from. */
static struct tree_node *replace_by_successor(struct tree *t, struct tree_node *n)
{
    struct tree_node *s = n->child[1];
    while (s->child[0])
        s = s->child[0];
    struct tree_node *from = s->parent == n ? s : s->parent;
    if (s->parent != n) {
        replace(t, s, s->child[1]);
        s->child[1] = n->child[1];
        s->child[1]->parent = s;
    }
    replace(t, n, s);
    s->child[0] = n->child[0];
    s->child[0]->parent = s;
    s->height = n->height;
    return from;
}

void tree_remove(struct tree *t, struct tree_node *n)
{
    struct tree_node *from = n->parent;
    if (n->child[0] && n->child[1])
        from = replace_by_successor(t, n);
    else
        replace(t, n, n->child[n->child[0] == NULL]);
    n->height = 0;
    rebalance(t, from);
}

struct tree_node *tree_first(const struct tree *t)
{
    struct tree_node *n = t->root;
    while (n && n->child[0])
        n = n->child[0];
    return n;
}

struct tree_node *tree_next(const struct tree_node *n)
{
    if (n->child[1]) {
        n = n->child[1];
        while (n->child[0])
            n = n->child[0];
        return (struct tree_node *)n;
    }
    while (n->parent && n->parent->child[1] == n)
        n = n->parent;
    return n->parent;
}

struct tree_node *tree_at_least(const struct tree *t, u64 key)
{
    struct tree_node *n = t->root, *found = NULL;
    while (n) {
        if (n->key >= key)
            found = n;
        n = n->child[n->key < key];
    }
    return found;
}
