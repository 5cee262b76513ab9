/* Waiting for children: requests that are answered when one ends. */
#pragma once

#include "servers/proc/process.h"

#define SIGNAL_CHILD 17 /* SIGCHLD */

struct wait_result {
    u32 pid, status;
    u64 cpu_us, memory_kib;
};

/*
 * Takes a zombie child of p that `pid` (as in waitpid) names: E_OK and *result, the child is forgotten. Otherwise
 * E_CHILD if no child is named at all, E_AGAIN if it lives.
 */
err_t wait_take(struct process *p, i32 pid, struct wait_result *result);

/* Keeps the current request until such a child ends. E_AGAIN if too many are kept. */
err_t wait_keep(struct process *p, i32 pid);

/* The zombie's parent may be waiting for it. */
void wait_tell(struct process *zombie);

/* Drops the requests of p, which ends. */
void wait_forget(const struct process *p);
