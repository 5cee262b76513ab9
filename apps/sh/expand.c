/* Words become arguments: $ constructs are replaced, unquoted results split into fields, file names matched, quotes
 * removed. While a field is built it is a pattern: a backslash precedes each byte that is not to be special. */
#include <glob.h>
#include <string.h>

#include "apps/sh/sh.h"

static const char special_bytes[] = "*?[]\\!^-";

/* ---- building fields ---- */

static void add_literal(struct expansion *expansion, char byte)
{
    if (strchr(special_bytes, byte))
        text_add(&expansion->field, '\\');
    text_add(&expansion->field, byte);
    expansion->has_field = true;
}

static void add_active(struct expansion *expansion, char byte)
{
    text_add(&expansion->field, byte);
    expansion->has_field = true;
}

void expand_end_field(struct expansion *expansion)
{
    if (!expansion->has_field)
        return;
    if (expansion->count == expansion->capacity) {
        size_t capacity = expansion->capacity ? 2 * expansion->capacity : 16;
        struct text *fields = scratch_alloc(capacity * sizeof(*fields));
        if (expansion->count)
            memcpy(fields, expansion->fields, expansion->count * sizeof(*fields));
        expansion->fields = fields;
        expansion->capacity = capacity;
    }
    expansion->fields[expansion->count++] = expansion->field;
    expansion->field = (struct text){0};
    expansion->has_field = false;
}

/* Blank separators in IFS come in runs; each other one ends a field, be it empty. */
static void add_split(struct expansion *expansion, const char *value)
{
    const char *separators = var_get("IFS");
    if (!separators)
        separators = " \t\n";
    for (; *value; value++) {
        if (!strchr(separators, *value)) {
            if (*value == '\\')
                add_literal(expansion, *value);
            else
                add_active(expansion, *value);
            continue;
        }
        expansion->has_field |= !strchr(" \t\n", *value);
        expand_end_field(expansion);
    }
}

void expand_value(struct expansion *expansion, const char *value, bool quoted)
{
    if (!quoted && expansion->split) {
        add_split(expansion, value);
        return;
    }
    for (; *value; value++) {
        if (quoted || *value == '\\')
            add_literal(expansion, *value);
        else
            add_active(expansion, *value);
    }
}

/* ---- the parts of a word ---- */

static void expand_single_quotes(struct expansion *expansion, const char *text, size_t length)
{
    expansion->has_field = true;
    for (size_t i = 1; i + 1 < length; i++)
        add_literal(expansion, text[i]);
}

static void expand_double_quotes(struct expansion *expansion, const char *text, size_t length)
{
    /* "$@" without parameters is no field at all. */
    bool nothing = length == 4 && memcmp(text, "\"$@\"", 4) == 0 && shell.parameter_count == 0;
    expansion->has_field |= !nothing;
    expand_part(expansion, text + 1, length - 2, true);
}

static void expand_backslash(struct expansion *expansion, const char *text, bool quoted)
{
    if (text[1] == '\n')
        return; /* the line goes on */
    if (quoted && !strchr("$`\"\\", text[1]))
        add_literal(expansion, '\\');
    add_literal(expansion, text[1]);
}

/* A ~ before / or at the end of the word is the home directory. */
static size_t expand_tilde(struct expansion *expansion, const char *text, size_t length)
{
    const char *home = var_get("HOME");
    if (text[0] != '~' || (length > 1 && text[1] != '/') || !home)
        return 0;
    expand_value(expansion, home, true);
    return 1;
}

void expand_part(struct expansion *expansion, const char *text, size_t length, bool quoted)
{
    const char *end = text + length;
    while (text < end && !expansion->failed) {
        const char *next = quoted && strchr("'\"", *text) ? text + 1 : lex_skip(text);
        if (!next || next > end)
            next = text + 1;
        size_t part = next - text;
        if (*text == '\'' && !quoted)
            expand_single_quotes(expansion, text, part);
        else if (*text == '"' && part > 1)
            expand_double_quotes(expansion, text, part);
        else if (*text == '\\' && part > 1)
            expand_backslash(expansion, text, quoted);
        else if (part > 1)
            param_expand(expansion, text, part, quoted);
        else if (quoted || *text == '\\')
            add_literal(expansion, *text);
        else
            add_active(expansion, *text);
        text = next;
    }
}

/* ---- from fields to arguments ---- */

static bool has_active_pattern(const char *field)
{
    for (; *field; field++) {
        if (*field == '\\' && field[1])
            field++;
        else if (strchr("*?[", *field))
            return true;
    }
    return false;
}

static char *without_backslashes(const char *field)
{
    struct text text = {0};
    for (; *field; field++) {
        if (*field == '\\' && field[1])
            field++;
        text_add(&text, *field);
    }
    return text_string(&text);
}

struct arguments {
    char **argument;
    size_t count, capacity;
};

static void add_argument(struct arguments *arguments, const char *text)
{
    if (arguments->count + 1 >= arguments->capacity) {
        size_t capacity = arguments->capacity ? 2 * arguments->capacity : 16;
        char **grown = scratch_alloc(capacity * sizeof(*grown));
        if (arguments->count)
            memcpy(grown, arguments->argument, arguments->count * sizeof(*grown));
        arguments->argument = grown;
        arguments->capacity = capacity;
    }
    arguments->argument[arguments->count++] = scratch_copy(text, strlen(text));
}

/* Adds the files that match, or the word itself if there are none. */
static void add_field(struct arguments *arguments, struct text *field)
{
    const char *pattern = text_string(field);
    glob_t files;
    if (shell.option[OPTION_noglob] || !has_active_pattern(pattern) || glob(pattern, 0, NULL, &files) != 0) {
        add_argument(arguments, without_backslashes(pattern));
        return;
    }
    for (size_t i = 0; i < files.gl_pathc; i++)
        add_argument(arguments, files.gl_pathv[i]);
    globfree(&files);
}

char **expand_arguments(const struct word *words)
{
    struct arguments arguments = {0};
    add_argument(&arguments, ""); /* so that there is an array */
    arguments.count = 0;
    for (; words; words = words->next) {
        struct expansion expansion = {.split = true};
        size_t length = strlen(words->text), tilde = expand_tilde(&expansion, words->text, length);
        expand_part(&expansion, words->text + tilde, length - tilde, false);
        expand_end_field(&expansion);
        if (expansion.failed)
            return NULL;
        for (size_t i = 0; i < expansion.count; i++)
            add_field(&arguments, &expansion.fields[i]);
    }
    arguments.argument[arguments.count] = NULL;
    return arguments.argument;
}

char *expand_pattern(const char *text)
{
    struct expansion expansion = {0};
    size_t length = strlen(text), tilde = expand_tilde(&expansion, text, length);
    expand_part(&expansion, text + tilde, length - tilde, false);
    return expansion.failed ? NULL : text_string(&expansion.field);
}

char *expand_string(const char *text)
{
    const char *pattern = expand_pattern(text);
    return pattern ? without_backslashes(pattern) : NULL;
}

char *expand_in_quotes(const char *text)
{
    struct expansion expansion = {0};
    expand_part(&expansion, text, strlen(text), true);
    return expansion.failed ? NULL : without_backslashes(text_string(&expansion.field));
}
