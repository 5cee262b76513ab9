/* The builtins that act on jobs. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "apps/sh/job.h"

/* The job that %N, %% or nothing (the newest) names; NULL after a message. */
static struct job *find_job(const char *command, const char *name)
{
    struct job *found = NULL;
    long long number = 0;
    bool newest = !name || strcmp(name, "%%") == 0 || strcmp(name, "%+") == 0;
    bool numbered = !newest && *name == '%' && app_parse_number(name + 1, 1, INT_MAX, &number);
    for (struct job *job = jobs; job; job = job->next) {
        if (newest ? job_state(job) != DONE : numbered && job->number == number)
            found = job;
    }
    if (!found)
        app_warn("%s: %s: no such job", command, name ? name : "%%");
    return found;
}

int builtin_jobs(int argc, char **argv)
{
    for (struct job *job = jobs; job; job = job->next) {
        printf("[%d] %s  %s\n", job->number, job_describe(job), job->text);
        job->told = job_state(job) != RUNNING;
    }
    return 0;
}

static int continue_job(char **argv, bool foreground)
{
    struct job *job = find_job(argv[0], argv[1]);
    if (!job)
        return 1;
    if (job_group(job) < 0) {
        app_warn("%s: this shell has no terminal to share among jobs", argv[0]);
        return 1;
    }
    printf("%s\n", job->text);
    fflush(stdout);
    return job_continue(job, foreground);
}

int builtin_fg(int argc, char **argv)
{
    return continue_job(argv, true);
}

int builtin_bg(int argc, char **argv)
{
    return continue_job(argv, false);
}

/* To all programs of the job: their group, where jobs have one. */
static bool send_job(const char *name, int number)
{
    struct job *job = find_job("kill", name);
    if (!job)
        return false;
    if (job_group(job) > 0)
        return kill(-job->group, number) == 0;
    for (size_t i = 0; i < job->count; i++)
        if (job->member[i].process && job->member[i].state != DONE)
            kill(job->member[i].process, number);
    return true;
}

int builtin_kill(int argc, char **argv)
{
    return kill_command(argv, send_job);
}

static int wait_operand(const char *operand)
{
    long long process;
    if (*operand == '%') {
        struct job *job = find_job("wait", operand);
        return job ? job_await(job) : STATUS_NOT_FOUND;
    }
    if (app_parse_number(operand, 1, INT_MAX, &process))
        return job_wait_process(process);
    app_warn("wait: %s: neither a process nor a job", operand);
    return STATUS_SYNTAX;
}

int builtin_wait(int argc, char **argv)
{
    int status = argc == 1 ? job_wait_all() : 0;
    for (char **operand = argv + 1; *operand; operand++)
        status = wait_operand(*operand);
    return status;
}
