/*
 * Intrusive balanced search tree with 64-bit keys: ordered queues and indexes whose cost stays logarithmic whatever the
 * users do: no path is longer than 1.44 log2 m, m being the insertions since the tree was last empty. Equal keys are
 * allowed and keep their order of insertion, so a tree is also a priority queue.
 */
#pragma once

#include "abi/types.h"

struct tree_node {
    struct tree_node *child[2]; /* 0: smaller keys, 1: equal or larger */
    struct tree_node *parent;
    u64 key;
    u32 rank;  /* higher than that of its children, at least 1; 0 = in no tree */
    u32 marks; /* the user's; when nodes change places, whoever comes to stand above others has at least their marks */
};

struct tree {
    struct tree_node *root;
};

static inline void tree_init(struct tree *t)
{
    t->root = NULL;
}

static inline bool tree_empty(const struct tree *t)
{
    return !t->root;
}

static inline bool tree_linked(const struct tree_node *n)
{
    return n->rank != 0;
}

/* Inserts n behind all nodes with keys <= key. n must be in no tree. */
void tree_insert(struct tree *t, struct tree_node *n, u64 key);

/* Takes n out of t, in which it must be. */
void tree_remove(struct tree *t, struct tree_node *n);

/* n, which must be in t, gets this key: behind all nodes with keys <= it. */
void tree_move(struct tree *t, struct tree_node *n, u64 key);

/* Within an insertion: n has come to have the rank of its parent. */
void tree_restore(struct tree *t, struct tree_node *n);

/* tree_insert, to be inlined where it is frequent. */
static inline void tree_insert_quickly(struct tree *t, struct tree_node *n, u64 key)
{
    struct tree_node *parent = NULL, *next = t->root;
    while (next) {
        parent = next;
        next = key < parent->key ? parent->child[0] : parent->child[1];
    }
    *n = (struct tree_node){.parent = parent, .key = key, .rank = 1};
    if (!parent)
        t->root = n;
    else if (key < parent->key)
        parent->child[0] = n;
    else
        parent->child[1] = n;
    if (parent && parent->rank == 1)
        tree_restore(t, n);
}

/* tree_remove, inlined, of a node that is neither the root nor has two children. False: it is so, nothing was done. */
static inline bool tree_remove_quickly(struct tree_node *n)
{
    struct tree_node *parent = n->parent, *only = n->child[0];
    if (!parent || (only && n->child[1]))
        return false;
    if (!only)
        only = n->child[1];
    if (parent->child[0] == n)
        parent->child[0] = only;
    else
        parent->child[1] = only;
    if (only)
        only->parent = parent;
    n->rank = 0;
    return true;
}

/* A node without children at or below n. */
static inline struct tree_node *tree_leaf(struct tree_node *n)
{
    while (n->child[0] || n->child[1])
        n = n->child[n->child[0] == NULL];
    return n;
}

/* Node with the smallest key, NULL if the tree is empty. */
struct tree_node *tree_first(const struct tree *t);

/* Node that follows n in order, NULL behind the last. */
static inline struct tree_node *tree_next(const struct tree_node *n)
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

/* First node with a key >= `key`, NULL if there is none. */
struct tree_node *tree_at_least(const struct tree *t, u64 key);
