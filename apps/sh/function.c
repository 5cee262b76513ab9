/* Functions: names for pieces of text, which are parsed when they are called. */
#include <stdlib.h>
#include <string.h>

#include "apps/sh/sh.h"

struct function {
    struct function *next;
    char *name, *source;
};

static struct function *functions;

static struct function **find(const char *name)
{
    struct function **link = &functions;
    while (*link && strcmp((*link)->name, name) != 0)
        link = &(*link)->next;
    return link;
}

bool function_exists(const char *name)
{
    return *find(name) != NULL;
}

bool function_remove(const char *name)
{
    struct function **link = find(name), *function = *link;
    if (!function)
        return false;
    *link = function->next;
    free(function->name);
    free(function->source);
    free(function);
    return true;
}

void function_define(const char *name, const char *source, size_t length)
{
    function_remove(name);
    struct function *function = app_alloc(sizeof(*function));
    *function = (struct function){.next = functions, .name = app_strdup(name)};
    function->source = app_strdup(scratch_copy(source, length));
    functions = function;
}

int function_call(char **argv)
{
    const int depth_max = 500;
    if (shell.functions >= depth_max) {
        app_warn("%s: functions call each other more than %d deep", argv[0], depth_max);
        return 1;
    }
    char **parameter = shell.parameter;
    int count = shell.parameter_count;
    shell.parameter = NULL; /* or setting them would free these */
    shell.parameter_count = 0;
    shell_set_parameters(argv + 1);

    /* The function may redefine itself while it runs. */
    const char *source = (*find(argv[0]))->source;
    int loops = shell.loops;
    struct saved_variable *locals = shell.locals;
    shell.loops = 0;
    shell.locals = NULL;
    shell.functions++;
    int status = shell_run_text(scratch_copy(source, strlen(source)));
    shell.functions--;
    shell.loops = loops;
    var_restore(shell.locals);
    shell.locals = locals;
    if (shell.unwind == UNWIND_RETURN) {
        shell.unwind = UNWIND_NONE;
        status = shell.status;
    }
    shell_set_parameters((char *[]){NULL});
    free(shell.parameter);
    shell.parameter = parameter;
    shell.parameter_count = count;
    return status;
}

void function_write(struct text *text)
{
    for (const struct function *function = functions; function; function = function->next) {
        text_add_string(text, function->name);
        text_add_string(text, "()\n");
        text_add_string(text, function->source);
        text_add(text, '\n');
    }
}
