/* Walks the tree and does what it says. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apps/sh/sh.h"

/* ---- commands with expanded arguments ---- */

static void trace(char **argv)
{
    struct text text = {0};
    text_add_string(&text, "+");
    for (; *argv; argv++) {
        text_add(&text, ' ');
        if (**argv && !strpbrk(*argv, " \t\n'\"\\$`*?[]<>|&;()#~!{}"))
            text_add_string(&text, *argv);
        else
            text_add_quoted(&text, *argv);
    }
    fprintf(stderr, "%s\n", text_string(&text));
}

static int count_arguments(char **argv)
{
    int count = 0;
    while (argv[count])
        count++;
    return count;
}

static int run_builtin(const struct builtin *builtin, char **argv)
{
    int status = builtin->run(count_arguments(argv), argv);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    app_warn_errno("%s: write error", argv[0]);
    clearerr(stdout);
    return 1;
}

static int run_program(char **argv, const struct plan *plan, const char *source, size_t length)
{
    struct job *job = job_new(source, length);
    int status = 0;
    fflush(stdout);
    pid_t process = spawn_program(argv, plan, job_group(job), &status);
    job_add(job, process, status, true);
    return job_wait(job);
}

int exec_arguments(char **argv, bool functions)
{
    const struct builtin *builtin = builtin_find(argv[0]);
    const struct plan nothing = {0};
    if (functions && function_exists(argv[0]))
        return function_call(argv);
    return builtin ? run_builtin(builtin, argv) : run_program(argv, &nothing, argv[0], strlen(argv[0]));
}

/* Whether the shell itself has to run it. */
static bool is_internal(const char *name)
{
    return builtin_find(name) || function_exists(name);
}

/* ---- simple commands ---- */

/* Carries out the assignments before a command. With saved, keeps what there was and gives the values to programs. */
static bool assign_all(const struct word *assignments, struct saved_variable **saved)
{
    for (; assignments; assignments = assignments->next) {
        size_t length = strcspn(assignments->text, "=");
        const char *name = scratch_copy(assignments->text, length);
        const char *value = expand_string(assignments->text + length + 1);
        if (value && saved)
            *saved = var_save(name, *saved);
        if (!value || !var_set(name, value))
            return false;
        if (saved)
            var_mark(name, VAR_EXPORTED);
    }
    return true;
}

/* Runs a builtin or function with the shell's own descriptors changed for as long as it takes. */
static int run_internal(char **argv, const struct plan *plan)
{
    struct saved_descriptors saved = {0};
    bool lasting = strcmp(argv[0], "exec") == 0; /* its redirections are meant to stay */
    fflush(stdout);
    int status = plan_apply(plan, lasting ? NULL : &saved) ? exec_arguments(argv, true) : 1;
    plan_undo(&saved);
    return status;
}

static int run_command(const struct node *node, char **argv)
{
    struct saved_variable *saved = NULL;
    struct plan plan = {0};
    int status = 1;
    if (assign_all(node->assignments, &saved) && plan_open(&plan, node->redirects)) {
        if (shell.option[OPTION_xtrace])
            trace(argv);
        if (is_internal(argv[0]))
            status = run_internal(argv, &plan);
        else
            status = run_program(argv, &plan, node->source, node->source_length);
    }
    plan_close(&plan);
    var_restore(saved);
    return status;
}

/* A command without a name: its assignments last, its redirections make files at most. */
static int run_assignments(const struct node *node)
{
    struct plan plan = {0};
    bool good = plan_open(&plan, node->redirects) && assign_all(node->assignments, NULL);
    plan_close(&plan);
    return good ? shell.substituted : 1;
}

static int exec_simple(const struct node *node)
{
    shell.substituted = 0;
    char **argv = expand_arguments(node->words);
    if (!argv) {
        if (!shell.interactive)
            shell.unwind = UNWIND_ALL; /* an expansion that fails ends a script, as POSIX has it */
        return 1;
    }
    return argv[0] ? run_command(node, argv) : run_assignments(node);
}

/* ---- pipelines and the background ---- */

/* What a builtin in a pipeline becomes: the command for the subshell that runs it. That knows the variables and
 * functions, but not what was typed: the history is written out. */
static char *builtin_script(char **argv)
{
    struct text script = {0};
    if (strcmp(argv[0], "history") == 0 && !function_exists(argv[0])) {
        text_add_string(&script, "printf '%5d  %s\\n' ");
        for (size_t i = 0; i < history_count(); i++) {
            text_add_string(&script, scratch_format("%zu ", i + 1));
            text_add_quoted(&script, history_entry(i));
            text_add(&script, ' ');
        }
        return text_string(&script);
    }
    for (; *argv; argv++) {
        text_add_quoted(&script, *argv);
        text_add(&script, ' ');
    }
    return text_string(&script);
}

/* Builtins for speed alone: where a process is needed anyway, the program of that name is sooner there than a subshell.
 */
static bool has_program(const char *name)
{
    int status;
    bool twin = strcmp(name, "echo") == 0 || strcmp(name, "printf") == 0;
    return twin && !function_exists(name) && spawn_find(name, &status);
}

/* Starts one program of a pipeline or background job. */
static pid_t start_simple(const struct node *node, struct plan *plan, pid_t group, int *status)
{
    struct saved_variable *saved = NULL;
    char **argv = expand_arguments(node->words);
    pid_t process = 0;
    *status = argv ? 0 : 1;
    if (argv && argv[0] && shell.option[OPTION_xtrace])
        trace(argv);
    if (argv && (!assign_all(node->assignments, &saved) || !plan_open(plan, node->redirects))) {
        *status = 1;
    } else if (argv && argv[0] && is_internal(argv[0]) && !has_program(argv[0])) {
        process = spawn_subshell(builtin_script(argv), plan, group, status);
    } else if (argv && argv[0]) {
        process = spawn_program(argv, plan, group, status);
    }
    var_restore(saved);
    return process;
}

static pid_t start_subshell(const struct node *node, struct plan *plan, pid_t group, int *status)
{
    *status = 1;
    if (node->kind != NODE_SUBSHELL)
        return spawn_subshell(scratch_copy(node->source, node->source_length), plan, group, status);
    if (!plan_open(plan, node->redirects))
        return 0;
    const struct node *body = node->first;
    return spawn_subshell(scratch_copy(body->source, body->source_length), plan, group, status);
}

static void start_stage(struct job *job, const struct node *stage, struct plan *plan, bool foreground)
{
    int status = 0;
    pid_t process = stage->kind == NODE_SIMPLE ? start_simple(stage, plan, job_group(job), &status)
                                               : start_subshell(stage, plan, job_group(job), &status);
    job_add(job, process, status, foreground);
    plan_close(plan);
}

/* Starts each stage with its ends of the pipes before and after it:
 *
 *   stage --ends[1]--> pipe --ends[0]--> next stage
 */
static void start_stages(struct job *job, const struct node *stage, bool foreground)
{
    int input = -1;
    fflush(stdout);
    for (; stage; stage = stage->next) {
        struct plan plan = {0};
        int ends[2] = {-1, -1};
        if (input >= 0)
            plan_add(&plan, STDIN_FILENO, input, true);
        if (stage->next && !pipe_make(ends)) {
            app_warn_errno("cannot make a pipe");
            job_add(job, 0, 1, foreground);
            plan_close(&plan);
            return;
        }
        if (stage->next)
            plan_add(&plan, STDOUT_FILENO, ends[1], true);
        start_stage(job, stage, &plan, foreground);
        input = ends[0];
    }
}

static int exec_pipeline(const struct node *node)
{
    struct job *job = job_new(node->source, node->source_length);
    start_stages(job, node->first, true);
    return job_wait(job);
}

static int exec_subshell(const struct node *node)
{
    struct job *job = job_new(node->source, node->source_length);
    struct plan plan = {0};
    fflush(stdout);
    start_stage(job, node, &plan, true);
    return job_wait(job);
}

static int exec_background(const struct node *command)
{
    struct job *job = job_new(command->source, command->source_length);
    if (command->kind == NODE_PIPELINE) {
        start_stages(job, command->first, false);
    } else {
        struct plan plan = {0};
        fflush(stdout);
        start_stage(job, command, &plan, false);
    }
    job_leave(job);
    return 0;
}

/* ---- control ---- */

/* Runs a command whose failure is an answer. */
static int exec_tested(const struct node *node)
{
    shell.tested++;
    int status = exec_node(node);
    shell.tested--;
    return status;
}

static int exec_and_or(const struct node *node)
{
    int status = exec_tested(node->first);
    if (shell.unwind || (status == 0) != (node->kind == NODE_AND))
        return status;
    return exec_node(node->second);
}

static int exec_list(const struct node *node)
{
    int status = 0;
    for (; node && !shell.unwind; node = node->second)
        status = exec_node(node->first);
    return status;
}

static int exec_if(const struct node *node)
{
    int status = exec_tested(node->first);
    if (shell.unwind)
        return status;
    if (status == 0)
        return exec_node(node->second);
    return node->third ? exec_node(node->third) : 0;
}

/* After a round of a loop: whether that was the last. Takes note of break and continue. */
static bool ends_loop(void)
{
    if (shell.unwind == UNWIND_BREAK || shell.unwind == UNWIND_CONTINUE) {
        bool here = --shell.unwind_levels == 0;
        bool goes_on = here && shell.unwind == UNWIND_CONTINUE;
        if (here)
            shell.unwind = UNWIND_NONE;
        return !goes_on;
    }
    return shell.unwind != UNWIND_NONE;
}

/* One round, in scratch memory of its own. */
static int exec_round(const struct node *body)
{
    struct scratch_mark mark = scratch_mark();
    int status = exec_node(body);
    scratch_release(mark);
    return status;
}

static bool loop_goes_on(const struct node *node)
{
    struct scratch_mark mark = scratch_mark();
    bool succeeded = exec_tested(node->first) == 0;
    scratch_release(mark);
    return succeeded == (node->kind == NODE_WHILE) && !shell.unwind;
}

static int exec_while(const struct node *node)
{
    int status = 0;
    bool round, last;
    shell.loops++;
    do {
        round = loop_goes_on(node);
        if (round)
            status = exec_round(node->second);
        last = ends_loop(); /* break may stand in the condition too */
    } while (round && !last);
    shell.loops--;
    return status;
}

static int exec_for(const struct node *node)
{
    char **values =
        node->over_parameters ? expand_arguments(&(struct word){.text = "\"$@\""}) : expand_arguments(node->words);
    int status = values ? 0 : 1;
    shell.loops++;
    for (; values && *values; values++) {
        if (!var_set(node->name, *values)) {
            status = 1;
            break;
        }
        status = exec_round(node->first);
        if (ends_loop())
            break;
    }
    shell.loops--;
    return status;
}

static bool arm_matches(const struct node *arm, const char *subject)
{
    for (const struct word *word = arm->words; word; word = word->next) {
        const char *pattern = expand_pattern(word->text);
        if (pattern && fnmatch(pattern, subject, 0) == 0)
            return true;
    }
    return false;
}

static int exec_case(const struct node *node)
{
    const char *subject = expand_string(node->words->text);
    if (!subject)
        return 1;
    for (const struct node *arm = node->first; arm; arm = arm->next) {
        if (arm_matches(arm, subject))
            return arm->first ? exec_node(arm->first) : 0;
    }
    return 0;
}

static int exec_kind(const struct node *node)
{
    switch (node->kind) {
    case NODE_SIMPLE:
        return exec_simple(node);
    case NODE_PIPELINE:
        return exec_pipeline(node);
    case NODE_NOT:
        return !exec_tested(node->first);
    case NODE_BACKGROUND:
        return exec_background(node->first);
    case NODE_AND:
    case NODE_OR:
        return exec_and_or(node);
    case NODE_LIST:
        return exec_list(node);
    case NODE_GROUP:
        return exec_node(node->first);
    case NODE_SUBSHELL:
        return exec_subshell(node);
    case NODE_IF:
        return exec_if(node);
    case NODE_WHILE:
    case NODE_UNTIL:
        return exec_while(node);
    case NODE_FOR:
        return exec_for(node);
    case NODE_CASE:
        return exec_case(node);
    case NODE_FUNCTION:
        function_define(node->name, node->first->source, node->first->source_length);
        return 0;
    case NODE_ARM:
        break; /* only within CASE */
    }
    return 0;
}

/* Runs a compound command with its redirections on the shell itself. */
static int exec_redirected(const struct node *node)
{
    struct plan plan = {0};
    struct saved_descriptors saved = {0};
    fflush(stdout);
    bool good = plan_open(&plan, node->redirects) && plan_apply(&plan, &saved);
    plan_close(&plan);
    int status = good ? exec_kind(node) : 1;
    plan_undo(&saved);
    return status;
}

int exec_node(const struct node *node)
{
    bool own = node->kind == NODE_SIMPLE || node->kind == NODE_SUBSHELL; /* these redirect in their own way */
    shell.status = node->redirects && !own ? exec_redirected(node) : exec_kind(node);
    bool may_fail = shell.tested || !(own || node->kind == NODE_PIPELINE);
    if (shell.option[OPTION_errexit] && shell.status && !may_fail)
        shell.unwind = UNWIND_ALL;
    trap_run();
    return shell.status;
}
