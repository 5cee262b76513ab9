/* Redirections. What a command asks for becomes a plan, a list of descriptors to set in order, which is carried out
 * either by posix_spawn in a new program or by the shell on itself. Descriptors that only the shell knows of stay at
 * PRIVATE_FD and above, where no plan overwrites them before they are used. */
#define _GNU_SOURCE /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "apps/sh/sh.h"

#define PRIVATE_FD 10

/* Moves a descriptor up, to be closed when a program starts; -1 with errno set if that fails. Takes fd either way. */
static int make_private(int fd)
{
    if (fd < 0 || fd >= PRIVATE_FD)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, PRIVATE_FD);
    int error = errno;
    close(fd);
    errno = error;
    return moved;
}

bool pipe_make(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    ends[0] = make_private(ends[0]);
    ends[1] = make_private(ends[1]);
    if (ends[0] >= 0 && ends[1] >= 0)
        return true;
    close(ends[0] >= 0 ? ends[0] : ends[1]);
    return false;
}

/* ---- plans ---- */

bool plan_add(struct plan *plan, int target, int source, bool owned)
{
    if (plan->count == PLAN_MAX) {
        app_warn("too many redirections");
        if (owned)
            close(source);
        return false;
    }
    plan->step[plan->count++] = (struct step){target, source, owned};
    return true;
}

void plan_close(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->step[i].owned)
            close(plan->step[i].source);
        plan->step[i].owned = false;
    }
}

static int open_file(enum redirect_kind kind, const char *name)
{
    switch (kind) {
    case REDIRECT_READ:
        return open(name, O_RDONLY | O_CLOEXEC);
    case REDIRECT_APPEND:
        return open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    case REDIRECT_READ_WRITE:
        return open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    default:
        return open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    }
}

static bool plan_file(struct plan *plan, const struct redirect *redirect, const char *name)
{
    int fd = make_private(open_file(redirect->kind, name));
    if (fd < 0) {
        app_warn_errno("%s", name);
        return false;
    }
    return plan_add(plan, redirect->fd, fd, true);
}

/* Whether fd is open by the time that the plan has been carried out. */
static bool is_open(const struct plan *plan, int fd)
{
    for (size_t i = plan->count; i > 0; i--) {
        if (plan->step[i - 1].target == fd)
            return plan->step[i - 1].source >= 0;
    }
    return fcntl(fd, F_GETFD) >= 0;
}

/* n>&m, n>&- */
static bool plan_duplicate(struct plan *plan, int target, const char *source)
{
    long long number;
    if (strcmp(source, "-") == 0)
        return plan_add(plan, target, -1, false);
    if (!app_parse_number(source, 0, PRIVATE_FD - 1, &number)) {
        app_warn("%s: not a descriptor", source);
        return false;
    }
    if (!is_open(plan, number)) {
        errno = EBADF;
        app_warn_errno("%s", source);
        return false;
    }
    return plan_add(plan, target, number, false);
}

/* The body waits in a pipe, which must hold all of it: nobody reads yet. */
static bool plan_here_document(struct plan *plan, const struct redirect *redirect)
{
    bool literal = strpbrk(redirect->word, "'\"\\") != NULL;
    const char *body = literal ? redirect->body : expand_in_quotes(redirect->body);
    int ends[2];
    if (!body)
        return false;
    if (!pipe_make(ends)) {
        app_warn_errno("here-document");
        return false;
    }
    size_t length = strlen(body);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    bool good = length == 0 || write(ends[1], body, length) == (ssize_t)length;
    close(ends[1]);
    if (good)
        return plan_add(plan, redirect->fd, ends[0], true);
    app_warn("here-document of %zu bytes is longer than a pipe", length);
    close(ends[0]);
    return false;
}

static bool plan_redirect(struct plan *plan, const struct redirect *redirect)
{
    if (redirect->fd >= PRIVATE_FD) {
        app_warn("%d: descriptors end at %d", redirect->fd, PRIVATE_FD - 1);
        return false;
    }
    if (redirect->kind == REDIRECT_HERE || redirect->kind == REDIRECT_HERE_TABS)
        return plan_here_document(plan, redirect);
    const char *word = expand_string(redirect->word);
    if (!word)
        return false;
    if (redirect->kind == REDIRECT_DUPLICATE_IN || redirect->kind == REDIRECT_DUPLICATE_OUT)
        return plan_duplicate(plan, redirect->fd, word);
    return plan_file(plan, redirect, word);
}

bool plan_open(struct plan *plan, const struct redirect *redirects)
{
    for (; redirects; redirects = redirects->next) {
        if (!plan_redirect(plan, redirects))
            return false;
    }
    return true;
}

/* ---- the shell's own descriptors ---- */

static bool save_descriptor(struct saved_descriptors *saved, int fd)
{
    for (size_t i = 0; i < saved->count; i++) {
        if (saved->saved[i].fd == fd)
            return true;
    }
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, PRIVATE_FD);
    if (copy < 0 && errno != EBADF)
        return false;
    saved->saved[saved->count].fd = fd;
    saved->saved[saved->count++].copy = copy;
    return true;
}

bool plan_apply(const struct plan *plan, struct saved_descriptors *saved)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->step[i];
        bool good = !saved || save_descriptor(saved, step->target);
        if (good && step->source < 0)
            close(step->target);
        else if (good)
            good = dup2(step->source, step->target) >= 0;
        if (!good) {
            app_warn_errno("%d", step->target);
            return false;
        }
    }
    return true;
}

void plan_undo(struct saved_descriptors *saved)
{
    for (size_t i = saved->count; i > 0; i--) {
        int fd = saved->saved[i - 1].fd, copy = saved->saved[i - 1].copy;
        if (copy >= 0) {
            dup2(copy, fd);
            close(copy);
        } else {
            close(fd);
        }
    }
    saved->count = 0;
}
