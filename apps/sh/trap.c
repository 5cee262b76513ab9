/* Traps: commands that run when a signal has come, or when the shell leaves. A signal's handler only notes it; its
 * command runs between two others, or after the program in the foreground. A subshell begins without any. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "apps/sh/sh.h"

#define ON_EXIT   0 /* where signals have their number */
#define TRAPS_MAX 65

static char *action[TRAPS_MAX]; /* NULL: none; "": the signal is ignored */
static volatile sig_atomic_t has_come[TRAPS_MAX], any_has_come;

/* ---- setting ---- */

/* In an interactive shell Ctrl-C gives up what is being run all the same. */
static void note_signal(int number)
{
    has_come[number] = any_has_come = 1;
    if (number == SIGINT && shell.interactive)
        shell.unwind = UNWIND_INTERRUPT;
}

static bool set_handler(int number)
{
    struct sigaction handler = {.sa_handler = note_signal};
    sigemptyset(&handler.sa_mask);
    if (!action[number])
        handler.sa_handler = SIG_DFL;
    else if (!*action[number])
        handler.sa_handler = SIG_IGN;
    return sigaction(number, &handler, NULL) == 0;
}

/* What an interactive shell does without traps is main.c's. */
static bool set_default(int number)
{
    if (!shell.interactive)
        return set_handler(number);
    shell_set_signals();
    return true;
}

/* The place of EXIT, or of a signal by name or number; -1 for anything else. */
static int parse_condition(const char *text)
{
    int number = strcasecmp(text, "EXIT") == 0 ? ON_EXIT : app_parse_signal(text);
    return number < TRAPS_MAX ? number : -1;
}

static bool set_trap(const char *condition, const char *command)
{
    int number = parse_condition(condition);
    if (number < 0) {
        app_warn("trap: %s: neither EXIT nor a signal (kill -l lists them)", condition);
        return false;
    }
    char *old = action[number];
    action[number] = command ? app_strdup(command) : NULL;
    if (number == ON_EXIT || (command ? set_handler(number) : set_default(number))) {
        free(old);
        return true;
    }
    free(action[number]);
    action[number] = old;
    app_warn_errno("trap: %s", condition);
    return false;
}

static void print_traps(void)
{
    for (int number = 0; number < TRAPS_MAX; number++) {
        struct text text = {0};
        if (!action[number])
            continue;
        text_add_quoted(&text, action[number]);
        const char *name = number == ON_EXIT ? "EXIT" : app_signal_name(number);
        printf("trap -- %s %s\n", text_string(&text), name ? name : scratch_format("%d", number));
    }
}

int builtin_trap(int argc, char **argv)
{
    long long number;
    char **operand = argv + 1;
    if (*operand && strcmp(*operand, "--") == 0)
        operand++;
    if (!*operand) {
        print_traps();
        return 0;
    }
    bool reset = strcmp(*operand, "-") == 0;
    bool without_command = app_parse_number(*operand, 0, TRAPS_MAX - 1, &number); /* POSIX: trap N resets, too */
    const char *command = reset || without_command ? NULL : *operand;
    operand += !without_command;
    int status = 0;
    if (!*operand) {
        app_warn("trap: a signal, or EXIT, is missing");
        status = STATUS_SYNTAX;
    }
    for (; *operand; operand++)
        status |= !set_trap(*operand, command);
    return status;
}

/* ---- running ---- */

/* Leaves $? as it was. */
static void run_action(const char *command)
{
    int status = shell.status;
    shell_run_text(scratch_copy(command, strlen(command))); /* it may set its own trap anew */
    shell.status = status;
}

int trap_pending(void)
{
    for (int number = 1; any_has_come && number < TRAPS_MAX; number++) {
        if (has_come[number])
            return number;
    }
    return 0;
}

void trap_run(void)
{
    if (!any_has_come || shell.unwind)
        return;
    any_has_come = 0;
    for (int number = 1; number < TRAPS_MAX; number++) {
        if (!has_come[number])
            continue;
        has_come[number] = 0;
        if (action[number])
            run_action(action[number]);
    }
}

int shell_leave(int status)
{
    char *command = action[ON_EXIT];
    action[ON_EXIT] = NULL;
    if (command) {
        shell.unwind = UNWIND_NONE;
        shell.status = status;
        run_action(command);
        free(command);
    }
    return app_finish(status);
}
