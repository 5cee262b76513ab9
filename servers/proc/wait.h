/* Waiting for children: requests that are answered when one ends. */
#pragma once

#include "servers/proc/process.h"

#define SIGNAL_CHILD 17 /* SIGCHLD */

/*
 * Answers the current request with a zombie child of p that `pid` (as in waitpid) names, if there is one: WIRE_LATER.
 * The child is forgotten if the answer arrives; a call that its caller gave up can be made again. Otherwise E_CHILD if
 * no child is named at all, E_AGAIN if it lives or too many requests are kept.
 */
err_t wait_take(struct process *p, i32 pid);

/* Keeps the current request until such a child ends. E_AGAIN if too many are kept. */
err_t wait_keep(struct process *p, i32 pid);

/* The zombie's parent may be waiting for it. */
void wait_tell(struct process *zombie);

/* Drops the requests of p, which ends. */
void wait_forget(const struct process *p);
