/*
 * Intrusive balanced search tree (AVL) with 64-bit keys: ordered queues and indexes whose cost stays O(log n) whatever
 * the users do. Equal keys are allowed and keep their order of insertion, so a tree is also a priority queue.
 */
#pragma once

#include "abi/types.h"

struct tree_node {
    struct tree_node *child[2]; /* 0: smaller keys, 1: equal or larger */
    struct tree_node *parent;
    u64 key;
    u64 height; /* of the subtree; a leaf has 1; 0 = in no tree */
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
    return n->height != 0;
}

/* Inserts n behind all nodes with keys <= key. n must be in no tree. */
void tree_insert(struct tree *t, struct tree_node *n, u64 key);

/* Takes n out of t, in which it must be. */
void tree_remove(struct tree *t, struct tree_node *n);

/* Node with the smallest key, NULL if the tree is empty. */
struct tree_node *tree_first(const struct tree *t);

/* Node that follows n in order, NULL behind the last. */
struct tree_node *tree_next(const struct tree_node *n);

/* First node with a key >= `key`, NULL if there is none. */
struct tree_node *tree_at_least(const struct tree *t, u64 key);
