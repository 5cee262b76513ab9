/* The shell's parts and what they know of each other. A command line passes through them in this order:
 *
 *   input.c   lines, from the terminal (edit.c, history.c, complete.c), a file or a string
 *   lex.c     tokens; words stay as they were typed, quotes and all
 *   parse.c   a tree of nodes
 *   exec.c    walks the tree; for each simple command:
 *   expand.c    words become arguments ($ by param.c, $(( )) by arith.c, * ? [ ] by the C library)
 *   redirect.c  < > >> become a plan of descriptors
 *   builtin.c   what must happen in the shell itself, or
 *   job.c       programs: process groups, waiting, the terminal (spawn.c starts them)
 *
 * Tessera has no fork, so a subshell is a fresh shell that is told the state of this one: see spawn.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "apps/lib/app.h"

/* ---- the state of the shell (main.c) ---- */

enum { STATUS_SYNTAX = 2, STATUS_NOT_EXECUTABLE = 126, STATUS_NOT_FOUND = 127, STATUS_SIGNAL = 128 };

enum shell_option {
#define OPTION(letter, name, text) OPTION_##name,
#include "apps/sh/option.def"
#undef OPTION
    OPTION_COUNT
};

/* Why commands are being left without being run: a jump that ends at a loop, a function or the prompt. */
enum unwind { UNWIND_NONE, UNWIND_BREAK, UNWIND_CONTINUE, UNWIND_RETURN, UNWIND_ALL, UNWIND_INTERRUPT };

struct shell {
    int status;      /* $? */
    int substituted; /* status of the last $(command), for commands that consist of nothing else */
    bool option[OPTION_COUNT];
    bool interactive;
    bool subshell;
    pid_t pid;             /* $$: the shell that the user sees, in subshells too */
    pid_t last_background; /* $!, 0 before there is one */
    const char *program;   /* what subshells run: a path, or a name in PATH */
    const char *name;      /* $0 */
    char **parameter;      /* $1 and on, NULL at the end; strings and array belong to the shell */
    int parameter_count;
    volatile enum unwind unwind;   /* Ctrl-C sets it too */
    int unwind_levels;             /* loops that break or continue still has to leave */
    int loops, functions;          /* how many of each are being run */
    struct saved_variable *locals; /* of the function that is being run */
    int tested;                    /* > 0 where a failure is an answer: conditions, left of && and || */
};

extern struct shell shell;

struct input;

/* Runs commands from input until its end, or until they unwind; returns the last status. */
int shell_run(struct input *input);

/* Runs the commands in text, as eval does; returns the last status. */
int shell_run_text(const char *text);

/* Runs the commands in a file; returns the last status, or STATUS_NOT_FOUND after a message. */
int shell_run_file(const char *path);

/* What an interactive shell does with signals as long as there are no traps for them. */
void shell_set_signals(void);

/* Replaces the positional parameters by copies of the strings up to NULL. */
void shell_set_parameters(char **values);

/* ---- memory of one command (scratch.c) ---- */

/* Scratch memory lives until the mark it was allocated after is released: no command frees what it needs piece by
 * piece. All allocation succeeds or ends the shell. */
struct scratch_mark {
    void *chunk;
    size_t used;
};

struct scratch_mark scratch_mark(void);
void scratch_release(struct scratch_mark mark);
void *scratch_alloc(size_t size);
char *scratch_copy(const char *text, size_t length);
char *scratch_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A string that grows, in scratch memory; {0} is empty. data is NULL or ends with '\0'. */
struct text {
    char *data;
    size_t length, capacity;
};

void text_add(struct text *text, char byte);
void text_add_string(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t length);

/* Adds string so that the shell reads it back as one word: in single quotes. */
void text_add_quoted(struct text *text, const char *string);

/* The string itself, "" if nothing was added. */
char *text_string(struct text *text);

/* ---- input (input.c) ---- */

struct input {
    const char *name; /* for messages, NULL if it needs none */
    const char *text; /* what is left of a string, or NULL: read fd */
    int fd;           /* -1: the terminal, through the line editor */
    bool shared;      /* programs read the same fd: take not a byte more than a line */
    unsigned line;    /* number of the line last read, from 1 */
    char *buffer;
    size_t filled, taken;
};

/* Returns the next line with its '\n' (if it has one) in scratch memory, or NULL at the end. At the terminal, prompts;
 * more says that a command has begun. */
char *input_line(struct input *input, bool more);

void input_close(struct input *input);

/* ---- the line editor (edit.c, history.c, complete.c) ---- */

enum edit_result { EDIT_LINE, EDIT_INTERRUPTED, EDIT_END, EDIT_FAILED };

/* Whether stdin and stdout are a terminal that can be edited on. Remembers its mode, which edit_line restores. */
bool edit_start(void);

/* Lets the user type a line after prompt; *line is set in scratch memory, without '\n', for EDIT_LINE.
 * EDIT_FAILED leaves errno. */
enum edit_result edit_line(const char *prompt, char **line);

void history_add(const char *line);
size_t history_count(void);

/* Entry number index, from 0, the oldest. */
const char *history_entry(size_t index);

/* What may stand for a word that is being typed. */
struct completion {
    size_t start;         /* where in the line the word begins */
    char **candidate;     /* sorted, as they would be typed, in scratch memory */
    size_t count, common; /* how many, and how many bytes they have in common */
};

/* Completes the word that ends at offset cursor of line: a command if it is the first, a file otherwise. */
struct completion complete_word(const char *line, size_t cursor);

/* ---- tokens (lex.c) ---- */

enum token {
    TOKEN_END,
    TOKEN_NEWLINE,
    TOKEN_WORD,
    TOKEN_REDIRECT,
    TOKEN_SEMICOLON,
    TOKEN_DOUBLE_SEMICOLON,
    TOKEN_AMPERSAND,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_PIPE,
    TOKEN_LEFT,
    TOKEN_RIGHT,
};

enum redirect_kind {
    REDIRECT_READ,
    REDIRECT_WRITE,
    REDIRECT_APPEND,
    REDIRECT_READ_WRITE,
    REDIRECT_DUPLICATE_IN,
    REDIRECT_DUPLICATE_OUT,
    REDIRECT_HERE,
    REDIRECT_HERE_TABS,
};

struct redirect {
    enum redirect_kind kind;
    int fd;
    const char *word; /* file, descriptor or end of the here-document, as typed */
    const char *body; /* of a here-document */
    struct redirect *next;
};

struct lexer {
    const char *at;           /* the first byte after the current token */
    const char *start;        /* of the current token */
    const char *previous_end; /* of the token before it */
    enum token token;
    enum redirect_kind redirect; /* of TOKEN_REDIRECT, with */
    int fd;                      /* the descriptor that it is about */
    bool incomplete;             /* the text ends within a token */
    struct redirect *here[8];    /* here-documents whose bodies begin after this line */
    size_t here_count;
};

/* Moves to the next token. */
void lex_next(struct lexer *lexer);

/* Given the start of a quoted part ("...", '...', \x, `...`, $x, ${...}, $(...)), returns its end; of any other byte,
 * the next one. NULL if the text ends before. */
const char *lex_skip(const char *at);

/* The length of the variable name at text, 0 if there is none. */
size_t lex_name_length(const char *text);

/* ---- the tree (parse.c) ---- */

struct word {
    const char *text; /* as typed */
    struct word *next;
};

/*  kind              first        second    third    words        name      next
 *  SIMPLE                                            all
 *  PIPELINE          first stage                                            of a stage: next stage
 *  NOT, BACKGROUND   command
 *  AND, OR           left         right
 *  LIST              command      rest of the list, NULL at its end
 *  GROUP, SUBSHELL   body
 *  IF                condition    then      else
 *  WHILE, UNTIL      condition    body
 *  FOR               body                            values       variable
 *  CASE              first arm                       subject
 *  ARM               body                            patterns               next arm
 *  FUNCTION          body                                         its name
 */
enum node_kind {
    NODE_SIMPLE,
    NODE_PIPELINE,
    NODE_NOT,
    NODE_BACKGROUND,
    NODE_AND,
    NODE_OR,
    NODE_LIST,
    NODE_GROUP,
    NODE_SUBSHELL,
    NODE_IF,
    NODE_WHILE,
    NODE_UNTIL,
    NODE_FOR,
    NODE_CASE,
    NODE_ARM,
    NODE_FUNCTION,
};

struct node {
    enum node_kind kind;
    const char *source; /* the text it was made from, which a subshell reads again */
    size_t source_length;
    struct node *first, *second, *third, *next;
    struct word *words;
    struct word *assignments;   /* of SIMPLE */
    struct redirect *redirects; /* of SIMPLE and all that has a closing word */
    const char *name;
    bool over_parameters; /* FOR without "in" */
};

enum parse_result { PARSE_DONE, PARSE_INCOMPLETE, PARSE_ERROR };

/* Parses text as whole commands. PARSE_DONE: *tree is in scratch memory and points into text; NULL if there is no
 * command. PARSE_ERROR: *error says what is wrong. */
enum parse_result parse(const char *text, struct node **tree, const char **error);

/* ---- variables (var.c) ---- */

void var_import(char **environment);
const char *var_get(const char *name);

/* Sets a variable; false, after a message, if it is read-only. */
bool var_set(const char *name, const char *value);
bool var_unset(const char *name);

/* Sets from "name=value"; the name ends at the '='. */
bool var_assign(const char *assignment);

enum var_attribute { VAR_EXPORTED = 1, VAR_READ_ONLY = 2 };

void var_mark(const char *name, enum var_attribute attribute);

/* The exported variables as an array for posix_spawn, in scratch memory. */
char **var_environment(void);

/* Adds assignments that make a subshell's variables like these; with all, also those that are exported. */
void var_write(struct text *text, bool all);

/* Prints the variables that have the attribute as commands that would make them. */
void var_print(enum var_attribute attribute, const char *command);

/* Values to put back when a command with assignments before it, or a function with locals, is done: a list, newest
 * first, that var_restore frees. */
struct saved_variable;
struct saved_variable *var_save(const char *name, struct saved_variable *others);
void var_restore(struct saved_variable *saved);

/* ---- functions (function.c) ---- */

void function_define(const char *name, const char *source, size_t length);
bool function_exists(const char *name);
bool function_remove(const char *name);

/* Runs the function argv[0] with its arguments; returns its status. */
int function_call(char **argv);

/* Adds the definitions of all functions. */
void function_write(struct text *text);

/* ---- expansion (expand.c, param.c, arith.c) ---- */

/* A word on its way to become fields. What was quoted is kept apart from what was not by a backslash before it. */
struct expansion {
    struct text field;   /* the field being built, as a pattern */
    bool has_field;      /* something stood here, be it "" */
    bool split;          /* what $ gives is split into fields at IFS */
    struct text *fields; /* finished fields, when splitting */
    size_t count, capacity;
    bool failed; /* after a message */
};

/* The arguments that words stand for, ended by NULL, in scratch memory; NULL after an error with its message. */
char **expand_arguments(const struct word *words);

/* The one string that text stands for, without splitting or file names; NULL after an error. */
char *expand_string(const char *text);

/* The same as a pattern for fnmatch, in which what was quoted has lost its meaning. */
char *expand_pattern(const char *text);

/* As if text stood between double quotes (prompts, here-documents, arithmetic). */
char *expand_in_quotes(const char *text);

/* Parts of expand.c that param.c uses: expands length bytes of a word; adds a value found by $. */
void expand_part(struct expansion *expansion, const char *text, size_t length, bool quoted);
void expand_value(struct expansion *expansion, const char *value, bool quoted);
void expand_end_field(struct expansion *expansion);

/* Expands the $ or ` construct that stands at text, length bytes long. */
void param_expand(struct expansion *expansion, const char *text, size_t length, bool quoted);

/* Evaluates an expression over whole numbers and variables; false after a message. */
bool arith_evaluate(const char *text, long long *value);

/* ---- redirection (redirect.c) ---- */

#define PLAN_MAX 32

/* Descriptors to be set, in order: each target becomes a copy of its source, or is closed (source -1). */
struct plan {
    struct step {
        int target, source;
        bool owned; /* source belongs to the plan */
    } step[PLAN_MAX];
    size_t count;
};

/* Adds a step; false, after a message, if there are too many. The plan owns source if owned, even then. */
bool plan_add(struct plan *plan, int target, int source, bool owned);

/* Opens what the redirections name and adds steps; false after a message. */
bool plan_open(struct plan *plan, const struct redirect *redirects);

/* Closes the descriptors that the plan owns. */
void plan_close(struct plan *plan);

/* What the shell's own descriptors were before a plan was applied to it. */
struct saved_descriptors {
    struct {
        int fd, copy; /* copy -1: it was closed */
    } saved[PLAN_MAX];
    size_t count;
};

/* Applies a plan to the shell itself; false after a message. With saved, plan_undo can put things back. */
bool plan_apply(const struct plan *plan, struct saved_descriptors *saved);
void plan_undo(struct saved_descriptors *saved);

/* Makes a pipe whose ends are out of the way of the descriptors that commands name; false with errno set. */
bool pipe_make(int ends[2]);

/* ---- programs (spawn.c) ---- */

/* Where in PATH a program is: a path in scratch memory, or NULL with *status STATUS_NOT_FOUND or
 * STATUS_NOT_EXECUTABLE. */
char *spawn_find(const char *name, int *status);

/* Starts argv with the plan's descriptors in process group group (0: a new one, -1: the shell's). Returns its process
 * id, or 0 after a message with *status set. */
pid_t spawn_program(char **argv, const struct plan *plan, pid_t group, int *status);

/* Starts a fresh shell with this one's state that runs script. */
pid_t spawn_subshell(const char *script, const struct plan *plan, pid_t group, int *status);

/* Runs script in a subshell and returns what it prints, without the newlines at its end, in scratch memory; sets
 * shell.substituted. NULL after a message. */
char *spawn_capture(const char *script);

/* Replaces the shell by a program; returns only if that fails, with the status after a message. */
int spawn_replace(char **argv);

/* ---- jobs (job.c) ---- */

struct job;

/* Takes the terminal for the shell, if there is one to be shared among jobs. */
void job_start_control(void);

/* The process group of a job's next program, for spawn_program. */
pid_t job_group(const struct job *job);

struct job *job_new(const char *source, size_t length);

/* Adds a program that was started, or (process 0) one that was not and its status. The first gets the terminal if
 * the job is in the foreground. */
void job_add(struct job *job, pid_t process, int status, bool foreground);

/* Waits until the job is done or stopped; returns its status. */
int job_wait(struct job *job);

/* Leaves the job to itself. */
void job_leave(struct job *job);

/* Tells the user which jobs are done since the last time, and forgets those. */
void job_report(void);

/* Waits for one process of the shell; returns its status, 127 if it is none, or what a signal with a trap makes it. */
int job_wait_process(pid_t process);

/* ---- execution (exec.c) ---- */

/* Runs a tree; returns, and leaves in shell.status, its status. */
int exec_node(const struct node *node);

/* Runs a builtin, function or program with arguments that are expanded already. */
int exec_arguments(char **argv, bool functions);

/* ---- traps (trap.c) ---- */

/* A signal with a trap that has come, its command still to be run; 0: none. */
int trap_pending(void);

/* Runs the commands of traps whose signals have come. */
void trap_run(void);

/* Runs the command of the EXIT trap and flushes the output; returns the exit status. Use it to leave the shell. */
int shell_leave(int status);

/* ---- builtins (builtin.c, builtin_job.c, trap.c, test.c) ---- */

typedef int builtin_function(int argc, char **argv);

struct builtin {
    const char *name;
    builtin_function *run;
    const char *synopsis, *text;
};

/* All builtins, ended by a NULL name. */
extern const struct builtin builtins[];

const struct builtin *builtin_find(const char *name);

#define BUILTIN(name, function, synopsis, text) builtin_function function;
#include "apps/sh/builtin.def"
#undef BUILTIN
