/* Starting programs. There is no fork: a program begins with what posix_spawn is told, and a subshell is a fresh shell
 * that first runs a script which makes it like this one:
 *
 *   sh --subshell STATUS PID 'x=1 ... f() ... set -o pipefail ...' -c COMMAND NAME PARAMETERS
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apps/sh/sh.h"

#define DEFAULT_PATH "/bin:/usr/bin"

/* ---- finding ---- */

/* 0 if path can be run, else the status that a user knows for why not. */
static int check_program(const char *path)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return errno == EACCES ? STATUS_NOT_EXECUTABLE : STATUS_NOT_FOUND;
    if (S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return STATUS_NOT_EXECUTABLE;
    }
    errno = EACCES;
    return status.st_mode & 0111 ? 0 : STATUS_NOT_EXECUTABLE; /* whether by this user, posix_spawn tells */
}

char *spawn_find(const char *name, int *status)
{
    if (strchr(name, '/')) {
        *status = check_program(name);
        return *status ? NULL : scratch_copy(name, strlen(name));
    }
    const char *path = var_get("PATH");
    path = path ? path : DEFAULT_PATH;
    *status = STATUS_NOT_FOUND;
    int error = ENOENT;
    for (size_t length; *name && path; path = path[length] ? path + length + 1 : NULL) {
        length = strcspn(path, ":");
        char *candidate = scratch_format("%.*s%s%s", (int)length, path, length ? "/" : "", name);
        int found = check_program(candidate);
        if (found == 0)
            return candidate;
        if (found == STATUS_NOT_EXECUTABLE && errno != EISDIR) {
            *status = found;
            error = errno;
        }
    }
    errno = error;
    return NULL;
}

static void report_not_found(const char *name, int status)
{
    if (status == STATUS_NOT_FOUND && !strchr(name, '/'))
        app_warn("%s: command not found", name);
    else
        app_warn_errno("%s", name);
}

/* ---- starting ---- */

/* Programs get the signals back that an interactive shell ignores. */
static int set_attributes(posix_spawnattr_t *attributes, pid_t group)
{
    sigset_t defaults;
    sigemptyset(&defaults);
    static const int ignored[] = {SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};
    for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
        sigaddset(&defaults, ignored[i]);
    short flags = 0;
    if (shell.interactive) {
        flags |= POSIX_SPAWN_SETSIGDEF;
        posix_spawnattr_setsigdefault(attributes, &defaults);
    }
    if (group >= 0) {
        flags |= POSIX_SPAWN_SETPGROUP;
        posix_spawnattr_setpgroup(attributes, group);
    }
    return posix_spawnattr_setflags(attributes, flags);
}

static int set_actions(posix_spawn_file_actions_t *actions, const struct plan *plan)
{
    int error = 0;
    for (size_t i = 0; i < plan->count && !error; i++) {
        const struct step *step = &plan->step[i];
        if (step->source < 0)
            error = posix_spawn_file_actions_addclose(actions, step->target);
        else
            error = posix_spawn_file_actions_adddup2(actions, step->source, step->target);
    }
    return error;
}

static int start(pid_t *process, const char *path, char **argv, const struct plan *plan, pid_t group)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (!error)
        error = set_attributes(&attributes, group);
    if (!error)
        error = set_actions(&actions, plan);
    if (!error)
        error = posix_spawn(process, path, &actions, &attributes, argv, var_environment());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* The file that this shell was started from, for subshells. */
static char *own_program(void)
{
    int status;
    char *found = spawn_find(shell.program, &status);
    return found ? found : "/bin/sh";
}

/* Whether a file that is not executable code can be taken for a script: it begins with text. */
static bool is_text(const char *path)
{
    char first[128];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : io_read_full(fd, first, sizeof(first));
    if (fd >= 0)
        close(fd);
    return got >= 0 && !memchr(first, '\0', got);
}

/* The arguments for a shell to run a script without "#!" (with one, the system knows how to); NULL if it is none. */
static char **script_arguments(const char *path, char **argv)
{
    size_t count = 0;
    while (argv[count])
        count++;
    char **arguments = scratch_alloc((count + 2) * sizeof(*arguments));
    arguments[0] = own_program();
    arguments[1] = (char *)path;
    memcpy(arguments + 2, argv + 1, count * sizeof(*argv));
    return is_text(path) ? arguments : NULL;
}

pid_t spawn_program(char **argv, const struct plan *plan, pid_t group, int *status)
{
    char *path = spawn_find(argv[0], status);
    if (!path) {
        report_not_found(argv[0], *status);
        return 0;
    }
    pid_t process = 0;
    int error = start(&process, path, argv, plan, group);
    char **arguments = error == ENOEXEC ? script_arguments(path, argv) : NULL;
    if (arguments)
        error = start(&process, arguments[0], arguments, plan, group);
    if (!error)
        return process;
    errno = error;
    app_warn_errno("%s", argv[0]);
    *status = STATUS_NOT_EXECUTABLE;
    return 0;
}

int spawn_replace(char **argv)
{
    int status;
    char *path = spawn_find(argv[0], &status);
    if (!path) {
        report_not_found(argv[0], status);
        return status;
    }
    execve(path, argv, var_environment());
    char **arguments = errno == ENOEXEC ? script_arguments(path, argv) : NULL;
    if (arguments)
        execve(arguments[0], arguments, var_environment());
    app_warn_errno("%s", argv[0]);
    return STATUS_NOT_EXECUTABLE;
}

/* ---- subshells ---- */

static char *state_script(void)
{
    struct text text = {0};
    var_write(&text, false);
    function_write(&text);
    bool tested = shell.tested; /* where set -e does not count */
#define OPTION(letter, name, description)                                                                              \
    if (shell.option[OPTION_##name] && !(tested && OPTION_##name == OPTION_errexit))                                   \
        text_add_string(&text, "set -o " #name "\n");
#include "apps/sh/option.def"
#undef OPTION
    return text_string(&text);
}

pid_t spawn_subshell(const char *script, const struct plan *plan, pid_t group, int *status)
{
    char **argv = scratch_alloc((shell.parameter_count + 9) * sizeof(*argv)), **next = argv;
    *next++ = own_program();
    *next++ = "--subshell";
    *next++ = scratch_format("%d", shell.status);
    *next++ = scratch_format("%d", (int)shell.pid);
    *next++ = state_script();
    *next++ = "-c";
    *next++ = (char *)script;
    *next++ = (char *)shell.name;
    for (int i = 0; i < shell.parameter_count; i++)
        *next++ = shell.parameter[i];

    pid_t process = 0;
    int error = start(&process, argv[0], argv, plan, group);
    if (!error)
        return process;
    errno = error;
    app_warn_errno("cannot start a subshell");
    *status = STATUS_NOT_EXECUTABLE;
    return 0;
}

static char *read_output(int fd)
{
    struct text text = {0};
    char piece[4096];
    ssize_t got;
    while ((got = io_read(fd, piece, sizeof(piece))) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            if (piece[i])
                text_add(&text, piece[i]);
        }
    }
    if (got < 0)
        app_warn_errno("cannot read a command's output");
    while (text.length > 0 && text.data[text.length - 1] == '\n')
        text.data[--text.length] = '\0';
    return got < 0 ? NULL : text_string(&text);
}

char *spawn_capture(const char *script)
{
    int ends[2];
    if (!pipe_make(ends)) {
        app_warn_errno("cannot make a pipe");
        return NULL;
    }
    struct plan plan = {0};
    int status = 0;
    plan_add(&plan, STDOUT_FILENO, ends[1], true);
    fflush(stdout);
    pid_t process = spawn_subshell(script, &plan, -1, &status);
    plan_close(&plan);
    char *output = process ? read_output(ends[0]) : NULL;
    close(ends[0]);
    shell.substituted = process ? job_wait_process(process) : status;
    return output;
}
