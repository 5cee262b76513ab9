/* Signals: default actions only, so far. */
#pragma once

#include "servers/proc/process.h"

/*
 * Sends `signal` (0: only looks) to those that `pid` names as in kill(2): a process, 0 = the sender's group, -1 = all,
 * else the group -pid. E_SRCH if there are none, E_PERM if it is only init, E_INVAL if there is no such signal.
 */
err_t signal_send(struct process *sender, i32 pid, u32 signal);

/* Whether the default action of the signal is to end its receiver. */
bool signal_ends(u32 signal);

/* To all of a group. */
err_t signal_send_group(u32 group, u32 signal);

/* Ignores the signal, or not. E_INVAL for those that cannot be ignored. */
err_t signal_set_ignored(struct process *p, u32 signal, bool ignored);
