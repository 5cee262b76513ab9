/* The builtins that act on the shell: its directory, variables, options, parameters and course. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/sh/sh.h"

const struct builtin builtins[] = {
#define BUILTIN(name, function, synopsis, text) {name, function, synopsis, text},
#include "apps/sh/builtin.def"
#undef BUILTIN
    {NULL, NULL, NULL, NULL},
};

const struct builtin *builtin_find(const char *name)
{
    for (const struct builtin *builtin = builtins; builtin->name; builtin++) {
        if (strcmp(builtin->name, name) == 0)
            return builtin;
    }
    return NULL;
}

static int usage(const char *name)
{
    const struct builtin *builtin = builtin_find(name);
    fprintf(stderr, "usage: %s %s\n", name, builtin->synopsis);
    return STATUS_SYNTAX;
}

/* The optional number after a command's name; false after a message. */
static bool number_operand(char **argv, long long min, long long max, long long *number)
{
    if (!argv[1] || app_parse_number(argv[1], min, max, number))
        return true;
    app_warn("%s: %s: a number from %lld is needed", argv[0], argv[1], min);
    return false;
}

/* ---- nothing ---- */

int builtin_true(int argc, char **argv)
{
    return 0;
}

int builtin_false(int argc, char **argv)
{
    return 1;
}

int builtin_echo(int argc, char **argv)
{
    return echo_command(argv);
}

int builtin_printf(int argc, char **argv)
{
    return printf_command(argv);
}

int builtin_help(int argc, char **argv)
{
    puts("Builtins (everything else is a program: ls /bin):");
    for (const struct builtin *builtin = builtins; builtin->name; builtin++) {
        const char *usage_text = scratch_format("%s %s", builtin->name, builtin->synopsis);
        printf("  %-38s %s\n", usage_text, builtin->text);
    }
    puts("Also: | && || ! ; & ( ) { } if while until for case, NAME() COMMAND,");
    puts("      < > >> << 2>&1, $NAME ${NAME:-WORD} $(COMMAND) $((1 + 1)), * ? [a-z].");
    return 0;
}

int builtin_history(int argc, char **argv)
{
    for (size_t i = 0; i < history_count(); i++)
        printf("%5zu  %s\n", i + 1, history_entry(i));
    return 0;
}

/* ---- the working directory ---- */

static int fail_cd(const char *path)
{
    app_warn_errno("cd: %s", path);
    return 1;
}

int builtin_cd(int argc, char **argv)
{
    char current[PATH_MAX];
    const char *target = argc > 1 ? argv[1] : var_get("HOME");
    if (argc > 2)
        return usage(argv[0]);
    bool back = target && strcmp(target, "-") == 0;
    if (back)
        target = var_get("OLDPWD");
    if (!target) {
        app_warn("cd: %s is not set", back ? "OLDPWD" : "HOME");
        return 1;
    }
    if (chdir(target) < 0)
        return fail_cd(target);
    if (!getcwd(current, sizeof(current)))
        return fail_cd("where this is cannot be told");
    if (var_get("PWD"))
        var_set("OLDPWD", var_get("PWD"));
    var_set("PWD", current);
    if (back)
        puts(current);
    return 0;
}

int builtin_pwd(int argc, char **argv)
{
    char current[PATH_MAX];
    if (!getcwd(current, sizeof(current))) {
        app_warn_errno("pwd");
        return 1;
    }
    puts(current);
    return 0;
}

/* ---- course: where commands go on ---- */

int builtin_exit(int argc, char **argv)
{
    long long status = shell.status;
    if (!number_operand(argv, 0, INT_MAX, &status))
        status = STATUS_SYNTAX;
    exit(shell_leave(status & 0xff));
}

int builtin_return(int argc, char **argv)
{
    long long status = shell.status;
    if (!number_operand(argv, 0, INT_MAX, &status))
        return STATUS_SYNTAX;
    shell.unwind = UNWIND_RETURN;
    return status & 0xff;
}

static int unwind_loops(char **argv, enum unwind unwind)
{
    long long levels = 1;
    if (!number_operand(argv, 1, INT_MAX, &levels))
        return STATUS_SYNTAX;
    if (shell.loops == 0)
        return 0;
    shell.unwind = unwind;
    shell.unwind_levels = levels < shell.loops ? levels : shell.loops;
    return 0;
}

int builtin_break(int argc, char **argv)
{
    return unwind_loops(argv, UNWIND_BREAK);
}

int builtin_continue(int argc, char **argv)
{
    return unwind_loops(argv, UNWIND_CONTINUE);
}

int builtin_eval(int argc, char **argv)
{
    struct text text = {0};
    for (char **word = argv + 1; *word; word++) {
        text_add_string(&text, *word);
        text_add(&text, ' ');
    }
    return shell_run_text(text_string(&text));
}

int builtin_dot(int argc, char **argv)
{
    if (argc != 2)
        return usage(argv[0]);
    int status = shell_run_file(argv[1]);
    if (shell.unwind != UNWIND_RETURN)
        return status;
    shell.unwind = UNWIND_NONE;
    return shell.status;
}

int builtin_exec(int argc, char **argv)
{
    if (argc == 1)
        return 0;
    int status = spawn_replace(argv + 1);
    if (!shell.interactive)
        exit(shell_leave(status));
    return status;
}

/* ---- what a name means ---- */

static int describe(const char *name, bool verbose)
{
    int status;
    const char *path = spawn_find(name, &status);
    if (function_exists(name))
        printf(verbose ? "%s is a function\n" : "%s\n", name);
    else if (builtin_find(name))
        printf(verbose ? "%s is a builtin of the shell\n" : "%s\n", name);
    else if (path && verbose)
        printf("%s is %s\n", name, path);
    else if (path)
        puts(path);
    else if (verbose)
        app_warn("%s: not found", name);
    return function_exists(name) || builtin_find(name) || path ? 0 : 1;
}

int builtin_type(int argc, char **argv)
{
    int status = 0;
    for (char **name = argv + 1; *name; name++)
        status |= describe(*name, true);
    return status;
}

int builtin_which(int argc, char **argv)
{
    int status = 0, why;
    for (char **name = argv + 1; *name; name++) {
        const char *path = spawn_find(*name, &why);
        if (path)
            puts(path);
        else
            status = 1;
    }
    return status;
}

int builtin_command(int argc, char **argv)
{
    if (argc < 2)
        return 0;
    if (strcmp(argv[1], "-v") != 0)
        return exec_arguments(argv + 1, false);
    return argc == 3 ? describe(argv[2], false) : usage(argv[0]);
}

/* ---- variables ---- */

static int mark_variables(char **argv, enum var_attribute attribute)
{
    if (!argv[1] || strcmp(argv[1], "-p") == 0) {
        var_print(attribute, argv[0]);
        return 0;
    }
    int status = 0;
    for (char **operand = argv + 1; *operand; operand++) {
        size_t length = lex_name_length(*operand);
        const char *end = *operand + length;
        if (length == 0 || (*end && *end != '=')) {
            app_warn("%s: '%s' is not a name for a variable", argv[0], *operand);
            status = 1;
        } else if (*end == '=' && !var_assign(*operand)) {
            status = 1;
        } else {
            var_mark(scratch_copy(*operand, length), attribute);
        }
    }
    return status;
}

/* Until the function ends, which then puts the old ones back. */
int builtin_local(int argc, char **argv)
{
    if (!shell.functions) {
        app_warn("local: only in a function");
        return 1;
    }
    for (char **operand = argv + 1; *operand; operand++) {
        size_t length = lex_name_length(*operand);
        const char *end = *operand + length, *name = scratch_copy(*operand, length);
        if (length == 0 || (*end && *end != '=')) {
            app_warn("local: '%s' is not a name for a variable", *operand);
            return 1;
        }
        shell.locals = var_save(name, shell.locals);
        if (*end ? !var_assign(*operand) : !var_unset(name))
            return 1;
    }
    return 0;
}

int builtin_export(int argc, char **argv)
{
    return mark_variables(argv, VAR_EXPORTED);
}

int builtin_readonly(int argc, char **argv)
{
    return mark_variables(argv, VAR_READ_ONLY);
}

int builtin_unset(int argc, char **argv)
{
    bool functions = argc > 1 && strcmp(argv[1], "-f") == 0;
    char **name = argv + 1 + (functions || (argc > 1 && strcmp(argv[1], "-v") == 0));
    int status = 0;
    for (; *name; name++) {
        if (functions)
            function_remove(*name);
        else if (!var_unset(*name))
            status = 1;
    }
    return status;
}

/* ---- options and parameters ---- */

/* Sets the option that has this letter or, for letter 0, this name. */
static bool set_option(char letter, const char *name, bool on)
{
#define OPTION(option_letter, option_name, text)                                                                       \
    if (letter ? letter == option_letter : strcmp(name, #option_name) == 0) {                                          \
        shell.option[OPTION_##option_name] = on;                                                                       \
        return true;                                                                                                   \
    }
#include "apps/sh/option.def"
#undef OPTION
    if (letter)
        app_warn("set: %c%c: no such option", on ? '-' : '+', letter);
    else
        app_warn("set: %s: no such option (set -o lists them)", name);
    return false;
}

static void print_options(void)
{
#define OPTION(letter, name, text) printf("%-10s %-4s %s\n", #name, shell.option[OPTION_##name] ? "on" : "off", text);
#include "apps/sh/option.def"
#undef OPTION
}

/* Carries out one operand that begins with - or +; moves *operand past a name that it takes. */
static bool set_letters(char ***operand)
{
    bool on = ***operand == '-';
    for (const char *letter = **operand + 1; *letter; letter++) {
        if (*letter != 'o') {
            if (!set_option(*letter, NULL, on))
                return false;
        } else if ((*operand)[1]) {
            ++*operand;
            return set_option(0, **operand, on);
        } else {
            print_options();
        }
    }
    return true;
}

int builtin_set(int argc, char **argv)
{
    if (argc == 1) {
        struct text text = {0};
        var_write(&text, true);
        fputs(text_string(&text), stdout);
        return 0;
    }
    char **operand = argv + 1;
    for (; *operand && strchr("-+", **operand) && **operand; operand++) {
        if (strcmp(*operand, "--") == 0) {
            shell_set_parameters(operand + 1);
            return 0;
        }
        if (!set_letters(&operand))
            return STATUS_SYNTAX;
    }
    if (*operand)
        shell_set_parameters(operand);
    return 0;
}

int builtin_shift(int argc, char **argv)
{
    long long count = 1;
    if (!number_operand(argv, 0, INT_MAX, &count))
        return STATUS_SYNTAX;
    if (count > shell.parameter_count)
        return 1;
    char **rest = scratch_alloc((shell.parameter_count - count + 1) * sizeof(*rest));
    for (int i = count; i < shell.parameter_count; i++)
        rest[i - count] = scratch_copy(shell.parameter[i], strlen(shell.parameter[i]));
    shell_set_parameters(rest);
    return 0;
}

/* ---- read ---- */

/* The next byte of input; false at its end, and when Ctrl-C was typed. */
static bool read_byte(char *byte)
{
    ssize_t got;
    do
        got = read(STDIN_FILENO, byte, 1);
    while (got < 0 && errno == EINTR && shell.unwind != UNWIND_INTERRUPT);
    if (got < 0 && errno != EINTR)
        app_warn_errno("read");
    return got == 1;
}

/* Reads a line byte by byte: what follows it belongs to others. A backslash takes the special meaning from the next
 * byte, unless raw: such bytes are marked by a byte 1 before them. Returns false at the end of input. */
static bool read_input_line(struct text *line, bool raw)
{
    char byte;
    while (read_byte(&byte)) {
        if (byte == '\n')
            return true;
        if (byte == '\\' && !raw) {
            if (read_byte(&byte) && byte != '\n') {
                text_add(line, '\1');
                text_add(line, byte);
            }
        } else if (byte) {
            text_add(line, byte);
        }
    }
    return false;
}

/* Takes the next field, or (last) all that is left, off *at. */
static const char *take_field(const char **at, const char *separators, bool last)
{
    struct text field = {0};
    size_t significant = 0; /* without separators at the end */
    *at += strspn(*at, separators);
    for (; **at && (last || !strchr(separators, **at)); ++*at) {
        bool separator = strchr(separators, **at) != NULL;
        if (**at == '\1' && (*at)[1])
            ++*at;
        text_add(&field, **at);
        if (!separator)
            significant = field.length;
    }
    return scratch_copy(text_string(&field), significant);
}

int builtin_read(int argc, char **argv)
{
    bool raw = argc > 1 && strcmp(argv[1], "-r") == 0;
    char **name = argv + 1 + raw;
    if (!*name)
        return usage(argv[0]);
    struct text line = {0};
    bool complete = read_input_line(&line, raw);
    const char *separators = var_get("IFS"), *at = text_string(&line);
    for (; *name; name++) {
        if (lex_name_length(*name) != strlen(*name)) {
            app_warn("read: '%s' is not a name for a variable", *name);
            return STATUS_SYNTAX;
        }
        if (!var_set(*name, take_field(&at, separators ? separators : " \t\n", !name[1])))
            return 1;
    }
    return complete ? 0 : 1;
}
