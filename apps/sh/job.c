/* Jobs: the programs of one pipeline, their process group, and who has the terminal.
 *
 *   job_new -> job_add, once a stage -> job_wait (foreground) or job_leave (background)
 *
 * A job is freed when it is done and its status has been taken by job_wait or wait, or told by job_report. Those of a
 * script that nobody waits for are kept for a while: it may still ask. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apps/sh/job.h"

#define UNCLAIMED_MAX 64

struct job *jobs;
static bool control; /* jobs have process groups, and the terminal is passed among them */
static pid_t shell_group;

/* ---- the terminal ---- */

void job_start_control(void)
{
    shell_group = getpgrp();
    if (shell.pid != shell_group && setpgid(0, 0) == 0)
        shell_group = shell.pid;
    control = tcsetpgrp(STDIN_FILENO, shell_group) == 0;
}

static void give_terminal(pid_t group)
{
    if (control)
        tcsetpgrp(STDIN_FILENO, group);
}

pid_t job_group(const struct job *job)
{
    return control ? job->group : -1;
}

/* ---- the table ---- */

struct job *job_new(const char *source, size_t length)
{
    struct job *job = app_alloc(sizeof(*job)), **link = &jobs;
    char *text = app_alloc(length + 1);
    memcpy(text, source, length);
    text[length] = '\0';
    *job = (struct job){.number = 1, .text = text};
    for (; *link; link = &(*link)->next)
        job->number = (*link)->number + 1;
    *link = job;
    return job;
}

static void free_job(struct job *job)
{
    struct job **link = &jobs;
    while (*link != job)
        link = &(*link)->next;
    *link = job->next;
    free(job->member);
    free(job->text);
    free(job);
}

void job_add(struct job *job, pid_t process, int status, bool foreground)
{
    job->member = app_realloc(job->member, (job->count + 1) * sizeof(*job->member));
    job->member[job->count++] = (struct member){process, process ? RUNNING : DONE, status, 0};
    if (!process || job->group)
        return;
    job->group = process;
    if (control && foreground) {
        give_terminal(process);
        kill(-process, SIGCONT); /* if it used the terminal a moment too early, it was stopped */
    }
}

enum state job_state(const struct job *job)
{
    enum state state = DONE;
    for (size_t i = 0; i < job->count; i++) {
        if (job->member[i].state == RUNNING)
            return RUNNING;
        if (job->member[i].state == STOPPED)
            state = STOPPED;
    }
    return state;
}

int job_status(const struct job *job)
{
    int status = job->count ? job->member[job->count - 1].status : 0;
    for (size_t i = job->count; i > 0 && shell.option[OPTION_pipefail] && status == 0; i--)
        status = job->member[i - 1].status;
    return status;
}

/* ---- waiting ---- */

/* The newest program of that process id (ids are used again), and its job. */
static struct member *find_member(pid_t process, struct job **owner)
{
    struct member *found = NULL;
    for (struct job *job = jobs; job; job = job->next) {
        for (size_t i = 0; i < job->count; i++) {
            if (job->member[i].process != process || (found && job->member[i].state == DONE))
                continue;
            found = &job->member[i];
            *owner = job;
        }
    }
    return found;
}

static void note_change(pid_t process, int wait_status)
{
    struct job *job;
    struct member *member = find_member(process, &job);
    if (!member)
        return;
    member->state = WIFSTOPPED(wait_status) ? STOPPED : DONE;
    if (WIFSTOPPED(wait_status))
        member->status = STATUS_SIGNAL + WSTOPSIG(wait_status);
    else if (WIFSIGNALED(wait_status))
        member->status = STATUS_SIGNAL + (member->killed_by = WTERMSIG(wait_status));
    else
        member->status = WEXITSTATUS(wait_status);
}

/* Takes note of one change among the shell's programs; false if there is nothing (more) to wait for. */
static bool wait_for_change(int flags)
{
    int status;
    pid_t process = waitpid(-1, &status, flags | (control ? WUNTRACED : 0));
    if (process > 0)
        note_change(process, status);
    return process > 0 || (process < 0 && errno == EINTR);
}

/* If the system has lost track of its programs (the server that knew them is gone), they will never be done. */
static void give_up(struct job *job)
{
    app_warn_errno("cannot wait for '%s'", job->text);
    for (size_t i = 0; i < job->count; i++) {
        if (job->member[i].state != DONE)
            job->member[i] = (struct member){.state = DONE, .status = STATUS_NOT_FOUND};
    }
}

/* Says that a program was ended by a signal, save those that are a way to end it: Ctrl-C, and a pipe nobody reads. */
static void report_signal(const struct job *job)
{
    int number = 0;
    for (size_t i = 0; i < job->count; i++) {
        if (job->member[i].killed_by && job->member[i].killed_by != SIGPIPE)
            number = job->member[i].killed_by;
    }
    if (number && number != SIGINT)
        fprintf(stderr, "%s\n", strsignal(number));
}

/* Any will do: Ctrl-C may come while the last ones are still being started, which then end of themselves. */
static bool interrupted(const struct job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        if (job->member[i].killed_by == SIGINT)
            return true;
    }
    return false;
}

static int finish(struct job *job)
{
    int status = job_status(job);
    report_signal(job);
    if (shell.interactive && interrupted(job)) {
        shell.unwind = UNWIND_INTERRUPT; /* Ctrl-C ends the loop around the program too */
        status = STATUS_SIGNAL + SIGINT;
    }
    if (job->count && job->member[job->count - 1].killed_by == SIGPIPE && shell.subshell)
        shell.unwind = UNWIND_ALL; /* nor does anybody read what would come next */
    free_job(job);
    return status;
}

int job_wait(struct job *job)
{
    while (job_state(job) == RUNNING) {
        if (!wait_for_change(0)) {
            give_up(job);
            break;
        }
    }
    give_terminal(shell_group);
    if (job_state(job) == DONE)
        return finish(job);
    job->told = true;
    fprintf(stderr, "\n[%d] Stopped  %s\n", job->number, job->text);
    return job_status(job);
}

int job_continue(struct job *job, bool foreground)
{
    for (size_t i = 0; i < job->count; i++) {
        if (job->member[i].state == STOPPED)
            job->member[i].state = RUNNING;
    }
    job->told = false;
    if (foreground)
        give_terminal(job->group);
    if (kill(-job->group, SIGCONT) < 0)
        app_warn_errno("%s", job->text);
    return foreground ? job_wait(job) : 0;
}

/* Ctrl-C and signals with traps end the builtin wait. */
static bool goes_on_waiting(void)
{
    return shell.unwind != UNWIND_INTERRUPT && !trap_pending();
}

int job_wait_process(pid_t process)
{
    struct job *job = NULL;
    const struct member *member = find_member(process, &job);
    if (!member) { /* a command substitution is no job */
        int status;
        pid_t got;
        while ((got = waitpid(process, &status, 0)) < 0 && errno == EINTR) {
        }
        if (got < 0)
            return STATUS_NOT_FOUND;
        return WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
    }
    while (member->state == RUNNING && goes_on_waiting() && wait_for_change(0)) {
    }
    int status = member->state == RUNNING && trap_pending() ? STATUS_SIGNAL + trap_pending() : member->status;
    if (shell.interactive)
        job_report();
    else if (job_state(job) == DONE)
        free_job(job);
    return status;
}

int job_await(struct job *job)
{
    while (job_state(job) == RUNNING && goes_on_waiting() && wait_for_change(0)) {
    }
    return job_state(job) == RUNNING && trap_pending() ? STATUS_SIGNAL + trap_pending() : job_wait(job);
}

int job_wait_all(void)
{
    while (goes_on_waiting() && wait_for_change(0)) {
    }
    job_report();
    return trap_pending() ? STATUS_SIGNAL + trap_pending() : 0;
}

/* ---- the background ---- */

static void note_changes(void)
{
    while (wait_for_change(WNOHANG)) {
    }
}

/* The oldest of a script's jobs that are done, when there are too many. */
static void forget_unclaimed(void)
{
    struct job *oldest = NULL;
    size_t count = 0;
    for (struct job *job = jobs; job; job = job->next) {
        if (job_state(job) != DONE)
            continue;
        oldest = oldest ? oldest : job;
        count++;
    }
    if (count > UNCLAIMED_MAX)
        free_job(oldest);
}

void job_leave(struct job *job)
{
    note_changes();
    if (!shell.interactive)
        forget_unclaimed();
    for (size_t i = job->count; i > 0; i--) {
        if (job->member[i - 1].process) {
            shell.last_background = job->member[i - 1].process;
            break;
        }
    }
    if (shell.interactive && job->group)
        fprintf(stderr, "[%d] %d\n", job->number, (int)shell.last_background);
}

const char *job_describe(const struct job *job)
{
    int status = job_status(job), killed_by = job->count ? job->member[job->count - 1].killed_by : 0;
    if (job_state(job) == RUNNING)
        return "Running";
    if (job_state(job) == STOPPED)
        return "Stopped";
    if (killed_by)
        return strsignal(killed_by);
    return status ? scratch_format("Exit %d", status) : "Done";
}

void job_report(void)
{
    note_changes();
    for (struct job *job = jobs, *next; job; job = next) {
        next = job->next;
        enum state state = job_state(job);
        if (shell.interactive && !job->told && state != RUNNING)
            fprintf(stderr, "[%d] %s  %s\n", job->number, job_describe(job), job->text);
        job->told = state != RUNNING;
        if (state == DONE)
            free_job(job);
    }
}
