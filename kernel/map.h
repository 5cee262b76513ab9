/*
 * Mappings: memory and capabilities alike. Every mapping is a node of a derivation tree. Mapping on adds a child,
 * granting moves the node, unmapping removes the subtree below it.
 */
#pragma once

#include "kernel/object.h"
#include "lib/base/tree.h"

struct task;

/*
 * Who owns it: the tree's links belong to the kernel as a whole (one lock later), the rest is constant while the node
 * exists, save `rights`, which only shrinks.
 */
struct node {
    struct tree_node link;  /* in parent->children; key: physical start (memory), 0 (capabilities) */
    struct node *parent;    /* NULL: the first of its tree */
    struct tree children;
    struct task *task;      /* in whose space it stands; NULL: a slot inside a kernel object (a thread's pager) */
    u64 place;              /* memory: virtual address; capability: pointer to its struct slot */
    u64 *entry;             /* memory: the (first) page-table entry */
    u32 child_orders;       /* memory: bit k set if there may be a child of 2^k pages */
    u8 type;                /* FPAGE_MEMORY or FPAGE_OBJECT */
    u8 order;               /* memory: log2 of the size in bytes */
    u8 rights;
};

/* Stands in for the node of reply capabilities and of slots that take part in no tree. */
extern struct node node_reply;

static inline paddr_t node_phys(const struct node *n)
{
    return n->link.key & ~0xfffull;
}

/* --- memory --- */

/*
 * How far an operation came, in bytes or slots; in the highest bits what it is in the middle of, so that 0 gives
 * everything up.
 */
#define WALK_GOES_ON  (1ull << 63)
#define GRANT_GOES_ON (1ull << 62)

static inline u64 map_position(u64 done)
{
    return done & ~(WALK_GOES_ON | GRANT_GOES_ON);
}

#define MAP_GRANT   0x1
#define MAP_AT_ONCE 0x2 /* a grant is not to be interrupted: what would take too long is E_MSGSIZE */

/*
 * Maps flexpage `what` (its rights are a mask) of `from` into `to` at `base`, one piece of it. *done: bytes dealt
 * with, counted from the start; call again from there for the rest.
 * Errors: EXIST (the place is not empty), NOMEM (quota of `to`), FAULT (nothing mapped in the source at all), PERM
 * (part of a mapping cannot be granted, nor what boot gave), MSGSIZE; INVOKE_RESTART: interrupted.
 */
err_t map_memory(struct task *from, u64 what, struct task *to, vaddr_t base, u32 how, u64 *done);

/* The frequent case: maps the page at `address` at `base`, with at most `rights`. Errors: EXIST, NOMEM, FAULT. */
err_t map_page(struct task *from, vaddr_t address, struct task *to, vaddr_t base, u32 rights);

/* Adds a node without parent: memory that the kernel gives away at boot. */
err_t map_memory_root(struct task *to, paddr_t phys, vaddr_t base, u32 order, u32 rights);

/*
 * Takes `what` away from all children of the nodes it touches in `task`, and with `self` from the task too. Rights
 * with R: removes the nodes; without: takes only these rights away. *done: bytes dealt with, 0 at first.
 * False: interrupted, call again.
 */
bool unmap_memory(struct task *task, u64 what, bool self, u64 *done);

/* The frequent case: unmap_memory of one page, with all rights. False: interrupted, call again. */
bool unmap_page(struct task *task, vaddr_t address, bool self);

/* --- capabilities --- */

/*
 * Puts a child of `from` with at most `rights` into the empty slot `to`; to grant, it takes the place of `from`. `done`
 * as above, NULL: at once. Errors: EXIST, NOMEM, NOENT (from is empty), MSGSIZE; INVOKE_RESTART: interrupted.
 */
err_t map_cap(struct slot *from, u32 rights, struct task *task, struct slot *to, bool grant, u64 *done);

/* The object's first capability, with all rights, into an empty slot. Errors: NOMEM. */
err_t map_cap_first(struct object *o, struct task *task, struct slot *to);

/* The same with memory for its node, taken from the task's factory. */
void map_cap_first_by(struct node *n, struct object *o, struct task *task, struct slot *to);

/* The same for a slot inside a kernel object, which brings its own node; what was there is dropped. */
void map_cap_embedded(struct slot *from, struct slot *to, struct node *node);

/*
 * Revokes what was derived from the slot, with `self` the slot itself; `rights` without RIGHT_USE only takes rights
 * away. False: interrupted, call again; `done`: see walk.h.
 */
bool unmap_cap(struct slot *s, u32 rights, bool self, u64 *done);

/* Removes the node and all below it. False: interrupted. */
bool node_revoke(struct node *n);

/* Takes rights from this node alone. */
void node_take_rights(struct node *n, u32 rights);
