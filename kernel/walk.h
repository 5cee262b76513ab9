/* Taking rights away from what was derived from a node, in steps. */
#pragma once

#include "kernel/map.h"

/*
 * Takes the rights from all below `top`. `done` is how far its operation came: it tells operations apart, and keeps in
 * a bit of its own that the walk is to go on; who gives the operation up sets it to 0. False: interrupted, call again.
 * With `done` NULL the walk is not interrupted; false: there is more to do than may be done so, and nothing was done.
 */
bool walk_take_rights(struct node *top, u32 rights, u64 *done);

/* How many walks are interrupted, and how many will not be ended: what is below their tops may have more rights. */
extern u32 walks_waiting, walks_given_up;

/* The node, which has no children, is about to leave its tree. Only needed if walks_waiting. */
void walk_leave(struct node *n);

/* Nodes change places, and this one goes: interrupted walks begin anew. Only needed if walks_waiting. */
void walk_restart_all(const struct node *gone);

/* Once, at boot. */
void walk_init(void);
