/* Signals: default actions, and telling those who have handlers. */
#pragma once

#include "servers/proc/process.h"

enum signal_disposition { SIGNAL_DEFAULT, SIGNAL_IGNORE, SIGNAL_HANDLE };

/*
 * Sends `signal` (0: only looks) to those that `pid` names as in kill(2): a process, 0 = the sender's group, -1 = all,
 * else the group -pid. E_SRCH if there are none, E_PERM if it is only init, E_INVAL if there is no such signal.
 */
err_t signal_send(struct process *sender, i32 pid, u32 signal);

/* Whether the default action of the signal is to end its receiver. */
bool signal_ends(u32 signal);

/* From a terminal to all of a group. E_SRCH: none of it runs any longer. */
err_t signal_send_group(u32 group, u32 signal);

/* `disposition` as in proc.sigaction. E_INVAL for signals that are none, and KILL and STOP unless it is the default. */
err_t signal_set_disposition(struct process *p, u32 signal, u32 disposition);

/* The process learns of the signal if it handles it. False: it does not. */
bool signal_tell(struct process *p, u32 signal);

/* Takes the signals that p was not told of yet, or keeps the current request until one comes. E_BUSY: one is kept. */
err_t signal_take(struct process *p, u64 *signals);

/* What p's task knew of signals is over. */
void signal_forget(struct process *p);
