/* Variables: a list, newest first, of names and values with their attributes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/sh/sh.h"

struct variable {
    struct variable *next;
    char *name, *value; /* value NULL: marked but not set */
    unsigned attributes;
};

static struct variable *variables;

static struct variable *find(const char *name)
{
    struct variable *variable = variables;
    while (variable && strcmp(variable->name, name) != 0)
        variable = variable->next;
    return variable;
}

static struct variable *find_or_add(const char *name)
{
    struct variable *variable = find(name);
    if (!variable) {
        variable = app_alloc(sizeof(*variable));
        *variable = (struct variable){.next = variables, .name = app_strdup(name)};
        variables = variable;
    }
    return variable;
}

static bool is_writable(const char *name)
{
    const struct variable *variable = find(name);
    if (!variable || !(variable->attributes & VAR_READ_ONLY))
        return true;
    app_warn("%s: is read-only", name);
    return false;
}

static void put(struct variable *variable, const char *value)
{
    char *copy = value ? app_strdup(value) : NULL; /* value may be the old one */
    free(variable->value);
    variable->value = copy;
}

void var_import(char **environment)
{
    for (; *environment; environment++) {
        size_t length = lex_name_length(*environment);
        if (length && (*environment)[length] == '=') {
            var_assign(*environment);
            var_mark(scratch_copy(*environment, length), VAR_EXPORTED);
        }
    }
}

const char *var_get(const char *name)
{
    const struct variable *variable = find(name);
    return variable ? variable->value : NULL;
}

bool var_set(const char *name, const char *value)
{
    if (!is_writable(name))
        return false;
    put(find_or_add(name), value);
    return true;
}

bool var_assign(const char *assignment)
{
    size_t length = strcspn(assignment, "=");
    return var_set(scratch_copy(assignment, length), assignment + length + 1);
}

static void remove_variable(const char *name)
{
    for (struct variable **link = &variables; *link; link = &(*link)->next) {
        struct variable *variable = *link;
        if (strcmp(variable->name, name) != 0)
            continue;
        *link = variable->next;
        free(variable->name);
        free(variable->value);
        free(variable);
        return;
    }
}

bool var_unset(const char *name)
{
    if (!is_writable(name))
        return false;
    remove_variable(name);
    return true;
}

void var_mark(const char *name, enum var_attribute attribute)
{
    find_or_add(name)->attributes |= attribute;
}

char **var_environment(void)
{
    size_t count = 0;
    for (const struct variable *v = variables; v; v = v->next)
        count++;
    char **environment = scratch_alloc((count + 1) * sizeof(*environment));
    count = 0;
    for (const struct variable *v = variables; v; v = v->next) {
        if (v->value && v->attributes & VAR_EXPORTED)
            environment[count++] = scratch_format("%s=%s", v->name, v->value);
    }
    return environment;
}

static void write_assignment(struct text *text, const struct variable *variable)
{
    text_add_string(text, variable->name);
    if (variable->value) {
        text_add(text, '=');
        text_add_quoted(text, variable->value);
    }
}

void var_write(struct text *text, bool all)
{
    for (const struct variable *v = variables; v; v = v->next) {
        if (!v->value || (v->attributes & VAR_EXPORTED && !all))
            continue;
        if (v->attributes & VAR_READ_ONLY)
            text_add_string(text, "readonly ");
        write_assignment(text, v);
        text_add(text, '\n');
    }
}

void var_print(enum var_attribute attribute, const char *command)
{
    for (const struct variable *v = variables; v; v = v->next) {
        struct text text = {0};
        write_assignment(&text, v);
        if (v->attributes & attribute)
            printf("%s %s\n", command, text_string(&text));
    }
}

struct saved_variable {
    struct saved_variable *others;
    char *name, *value;
    bool existed;
    unsigned attributes;
};

struct saved_variable *var_save(const char *name, struct saved_variable *others)
{
    const struct variable *variable = find(name);
    struct saved_variable *saved = app_alloc(sizeof(*saved));
    *saved = (struct saved_variable){.others = others, .name = app_strdup(name), .existed = variable != NULL};
    if (variable) {
        saved->attributes = variable->attributes;
        saved->value = variable->value ? app_strdup(variable->value) : NULL;
    }
    return saved;
}

void var_restore(struct saved_variable *saved)
{
    while (saved) {
        struct saved_variable *done = saved;
        saved = done->others;
        if (done->existed) {
            struct variable *variable = find_or_add(done->name);
            variable->attributes = done->attributes;
            put(variable, done->value);
        } else {
            remove_variable(done->name);
        }
        free(done->name);
        free(done->value);
        free(done);
    }
}
