/*
 * Taking rights away from all that was derived from a node, however much that is: a walk that goes on where it was
 * interrupted. Nodes lose the rights before what was derived from them, so nobody can map on what is being taken away;
 * siblings have their turn in order.
 *
 *   top                  position: `at` is next, or, if `returned`, `at` and all below it is done
 *    +- a (done)
 *    +- b (rights are gone)
 *    |   +- c   <- at, returned = false       who removes the node that a walk stands at moves the walk on;
 *    +- d                                     a grant, which moves children about, sends all back to the top
 *
 * Where an interrupted walk stands is kept in a table of few places, so that removing a node stays cheap. A walk whose
 * place somebody else took begins anew.
 */
#include "kernel/walk.h"
#include "kernel/cold.h"
#include "kernel/cpu.h"

struct walk {
    struct node *top, *at;
    bool returned;
    u32 rights;
    const u64 *owner; /* the `done` of the operation; NULL: the place is free */
};

#define WALKS_MAX 8

u32 walks_waiting, walks_given_up;
static struct walk walks[WALKS_MAX];
static u32 next_place;

void walk_init(void)
{
    walks_waiting = walks_given_up = 0;
    for (u32 i = 0; i < WALKS_MAX; i++)
        walks[i].owner = NULL;
}

static struct node *first_child(struct node *n)
{
    return container_of(tree_first(&n->children), struct node, link);
}

/* `at` and all below it is done: to its next sibling, or back to its parent. */
static COLD void pass(struct walk *w)
{
    struct tree_node *sibling = tree_next(&w->at->link);
    w->returned = !sibling;
    w->at = sibling ? container_of(sibling, struct node, link) : w->at->parent;
}

/* One step. False: the walk is over. */
static COLD bool step(struct walk *w)
{
    if (!w->returned) {
        if (w->at != w->top)
            node_take_rights(w->at, w->rights);
        if (tree_empty(&w->at->children))
            w->returned = true;
        else
            w->at = first_child(w->at);
        return true;
    }
    if (w->at == w->top)
        return false;
    pass(w);
    return true;
}

/* --- interrupted walks --- */

/* Takes the owner's walk out of the table; it counts if it is this one and goes on. */
static void resume(struct walk *w, bool goes_on)
{
    for (u32 i = 0; walks_waiting && i < WALKS_MAX; i++) {
        struct walk *found = &walks[i];
        if (found->owner != w->owner)
            continue;
        found->owner = NULL;
        walks_waiting--;
        if (goes_on && found->top == w->top && found->rights == w->rights) {
            w->at = found->at;
            w->returned = found->returned;
        } else {
            walks_given_up++;
        }
        return;
    }
}

/* A free place, else each in turn. */
static struct walk *free_place(void)
{
    for (u32 i = 0; i < WALKS_MAX; i++)
        if (!walks[i].owner)
            return &walks[i];
    walks_given_up++;
    walks_waiting--;
    return &walks[next_place++ % WALKS_MAX];
}

COLD void walk_leave(struct node *n)
{
    for (u32 i = 0; i < WALKS_MAX; i++) {
        struct walk *w = &walks[i];
        if (!w->owner)
            continue;
        if (w->top == n) {
            w->owner = NULL;
            walks_waiting--;
        } else if (w->at == n) {
            pass(w);
        }
    }
}

COLD void walk_restart_all(const struct node *gone)
{
    for (u32 i = 0; i < WALKS_MAX; i++) {
        struct walk *w = &walks[i];
        w->at = w->top;
        w->returned = false;
        if (w->owner && w->top == gone) {
            w->owner = NULL;
            walks_waiting--;
        }
    }
}

/* --- the operation --- */

#define STEPS_PER_CHECK 8   /* steps between two looks for interrupts; more than a page takes longer */
#define STEPS_AT_ONCE   256 /* of a walk that cannot be interrupted */

/* Goes through without taking anything first, to see whether it is not too long. */
static COLD bool take_at_once(struct walk w)
{
    struct walk look = {.top = w.top, .at = w.top};
    for (u32 steps = 0; step(&look); steps++)
        if (steps == STEPS_AT_ONCE)
            return false;
    while (step(&w))
        ;
    return true;
}

COLD bool walk_take_rights(struct node *top, u32 rights, u64 *done)
{
    struct walk w = {.top = top, .at = top, .rights = rights, .owner = done};
    if (!done)
        return take_at_once(w);
    resume(&w, *done & WALK_GOES_ON);
    *done &= ~WALK_GOES_ON;
    for (u32 steps = 1; step(&w); steps++) {
        if ((steps % STEPS_PER_CHECK && w.at->order <= ARCH_PAGE_SHIFT) || !kernel_preempted())
            continue;
        *free_place() = w;
        walks_waiting++;
        *done |= WALK_GOES_ON;
        return false;
    }
    return true;
}
