/* What the job builtins know of jobs beyond sh.h. */
#pragma once

#include "apps/sh/sh.h"

enum state { RUNNING, STOPPED, DONE };

struct member {
    pid_t process; /* 0: could not be started */
    enum state state;
    int status;    /* what $? would be */
    int killed_by; /* the signal that ended it, or 0 */
};

struct job {
    struct job *next; /* in the order of their numbers */
    int number;
    char *text;
    pid_t group; /* the first program's process id, 0 before there is one */
    struct member *member;
    size_t count;
    bool told; /* the user knows that it is done or stopped */
};

/* All jobs that have not been waited for. */
extern struct job *jobs;

enum state job_state(const struct job *job);
int job_status(const struct job *job);

/* "Running", "Done", "Terminated"...; in scratch memory. */
const char *job_describe(const struct job *job);

/* Lets a stopped job go on; in the foreground, waits for it. Returns its status. */
int job_continue(struct job *job, bool foreground);

/* As job_wait, but a signal with a trap ends the waiting: the job goes on, and what is to be $? is returned. */
int job_await(struct job *job);

/* Waits until no program of the shell is running; tells and forgets the jobs as job_report does. Returns 0, or what is
 * to be $? if a signal with a trap came first. */
int job_wait_all(void);
