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

/* The same, inlined for the frequent case. */
static inline void tree_remove_quickly(struct tree *t, struct tree_node *n)
{
    struct tree_node *parent = n->parent, *only = n->child[0] ? n->child[0] : n->child[1];
    if (!parent || (n->child[0] && n->child[1])) {
        tree_remove(t, n);
        return;
    }
    parent->child[parent->child[1] == n] = only;
    if (only)
        only->parent = parent;
    n->rank = 0;
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
struct tree_node *tree_next(const struct tree_node *n);

/* First node with a key >= `key`, NULL if there is none. */
struct tree_node *tree_at_least(const struct tree *t, u64 key);
