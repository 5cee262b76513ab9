/* The shell's start, and the loop that reads, parses and runs commands. */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/sh/sh.h"

struct shell shell;

extern char **environ;

/* ---- running input ---- */

static void report_syntax(const struct input *input, const char *error)
{
    if (input->name)
        app_warn("%s: line %u: %s", input->name, input->line, error);
    else
        app_warn("%s", error);
    shell.status = STATUS_SYNTAX;
    if (!shell.interactive)
        shell.unwind = UNWIND_ALL;
}

/* Reads lines until they make whole commands, and runs them; sets *status if there were any. False at the end. */
static bool run_next(struct input *input, int *status)
{
    struct text text = {0};
    struct node *tree = NULL;
    const char *error = NULL, *line;
    enum parse_result result = PARSE_INCOMPLETE;
    while (result == PARSE_INCOMPLETE && (line = input_line(input, text.length > 0))) {
        text_add_string(&text, line);
        result = parse(text_string(&text), &tree, &error);
    }
    bool more = result != PARSE_INCOMPLETE; /* else there were no more lines */
    if (!more && text.length > 0 && !shell.unwind)
        report_syntax(input, "syntax error: the input ends within a command");
    else if (result == PARSE_ERROR)
        report_syntax(input, error);
    else if (tree)
        exec_node(tree);
    if (tree || result != PARSE_DONE)
        *status = shell.status;
    return more;
}

int shell_run(struct input *input)
{
    int status = 0;
    bool more = true;
    while (more && !shell.unwind) {
        struct scratch_mark mark = scratch_mark();
        more = run_next(input, &status);
        scratch_release(mark);
    }
    return status;
}

int shell_run_text(const char *text)
{
    struct input input = {.text = text};
    return shell_run(&input);
}

int shell_run_file(const char *path)
{
    struct input input = {.name = path, .fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (input.fd < 0) {
        app_warn_errno("%s", path);
        return STATUS_NOT_FOUND;
    }
    int status = shell_run(&input);
    input_close(&input);
    return status;
}

void shell_set_parameters(char **values)
{
    int count = 0;
    while (values[count])
        count++;
    char **copy = app_alloc((count + 1) * sizeof(*copy));
    for (int i = 0; i < count; i++)
        copy[i] = app_strdup(values[i]);
    copy[count] = NULL;
    for (int i = 0; i < shell.parameter_count; i++)
        free(shell.parameter[i]);
    free(shell.parameter);
    shell.parameter = copy;
    shell.parameter_count = count;
}

/* ---- the interactive shell ---- */

static void note_interrupt(int number)
{
    shell.unwind = UNWIND_INTERRUPT;
}

/* Ctrl-C is for the program in the foreground, and for loops of the shell itself. */
void shell_set_signals(void)
{
    struct sigaction action = {.sa_handler = note_interrupt};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    static const int ignored[] = {SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};
    for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
        signal(ignored[i], SIG_IGN);
}

static int run_interactive(void)
{
    struct input input = {.fd = edit_start() ? -1 : STDIN_FILENO, .shared = true};
    int status = 0;
    shell_set_signals();
    job_start_control();
    for (;;) {
        struct scratch_mark mark = scratch_mark();
        job_report();
        bool more = run_next(&input, &status);
        scratch_release(mark);
        if (shell.unwind == UNWIND_INTERRUPT) {
            fputc('\n', stderr); /* after the ^C that the terminal showed */
            shell.status = STATUS_SIGNAL + SIGINT;
        } else if (!more || shell.unwind == UNWIND_ALL) {
            break;
        }
        shell.unwind = UNWIND_NONE;
        trap_run();
    }
    return status;
}

/* ---- start ---- */

/* What subshells will be started from: a path that stays right after cd, or a name to be found in PATH. */
static const char *own_program(const char *argv0)
{
    if (!argv0 || !*argv0)
        return "sh";
    if (*argv0 == '-')
        argv0++; /* a login shell */
    const char *absolute = strchr(argv0, '/') && *argv0 != '/' ? realpath(argv0, NULL) : NULL;
    return absolute ? absolute : argv0;
}

static void set_defaults(void)
{
    char current[PATH_MAX];
    if (getcwd(current, sizeof(current)))
        var_set("PWD", current);
    if (!var_get("PATH")) {
        var_set("PATH", "/bin:/usr/bin");
        var_mark("PATH", VAR_EXPORTED);
    }
    var_set("IFS", " \t\n");
    var_set("PS1", "$PWD $ ");
    var_set("PS2", "> ");
}

/* "--subshell STATUS PID STATE", with which spawn_subshell begins; returns how many arguments that is. */
static int take_inheritance(int argc, char **argv)
{
    if (argc < 5 || strcmp(argv[1], "--subshell") != 0)
        return 0;
    shell_run_text(argv[4]);
    shell.subshell = true;
    shell.status = atoi(argv[2]);
    shell.pid = atoi(argv[3]);
    return 4;
}

static void run_profile(void)
{
    const char *profile = scratch_format("%s/.profile", var_get("HOME") ? var_get("HOME") : "");
    if (access(profile, R_OK) == 0)
        shell_run_file(profile);
    shell.unwind = UNWIND_NONE;
}

static int run_string(char **argv)
{
    if (!*argv) {
        app_warn("-c: a command is missing");
        return STATUS_SYNTAX;
    }
    struct input input = {.text = argv[0]};
    shell.name = argv[1] ? argv[1] : shell.name;
    shell_set_parameters(argv[1] ? argv + 2 : argv + 1);
    return shell_run(&input);
}

static int run_script(char **argv)
{
    shell.name = argv[0];
    shell_set_parameters(argv + 1);
    return shell_run_file(argv[0]);
}

static int run_stdin(void)
{
    struct input input = {.fd = STDIN_FILENO, .shared = true};
    return shell_run(&input);
}

/* What the arguments say before the command. */
struct invocation {
    bool command; /* -c: the command is a string */
    bool login;   /* -l, or a name that begins with '-': $HOME/.profile comes first */
};

/* Carries out the options; returns the index of what follows them. */
static int take_options(int argc, char **argv, struct invocation *invocation)
{
    int at = 1;
    for (; at < argc && (argv[at][0] == '-' || argv[at][0] == '+') && argv[at][1]; at++) {
        if (strcmp(argv[at], "-c") == 0) {
            invocation->command = true;
        } else if (strcmp(argv[at], "-l") == 0) {
            invocation->login = true;
        } else if (strcmp(argv[at], "-i") == 0) {
            shell.interactive = true;
        } else {
            bool named = strcmp(argv[at] + 1, "o") == 0 && at + 1 < argc;
            if (builtin_set(named ? 3 : 2, (char *[]){"set", argv[at], named ? argv[at + 1] : NULL, NULL}) != 0)
                exit(STATUS_SYNTAX);
            at += named;
        }
    }
    return at;
}

int main(int argc, char **argv)
{
    struct invocation invocation = {.login = argv[0] && argv[0][0] == '-'};
    app_start(argv[0]);
    shell.pid = getpid();
    shell.name = argv[0];
    var_import(environ);
    set_defaults();
    shell.program = own_program(argv[0]);
    int inherited = take_inheritance(argc, argv);
    argc -= inherited;
    argv += inherited;
    int at = take_options(argc, argv, &invocation);
    shell_set_parameters(argv + argc);
    if (invocation.login)
        run_profile();
    if (invocation.command)
        return shell_leave(run_string(argv + at));
    if (at < argc)
        return shell_leave(run_script(argv + at));
    shell.interactive |= isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
    return shell_leave(shell.interactive ? run_interactive() : run_stdin());
}
