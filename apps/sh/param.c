/* What stands for $name, ${name...}, $(command), `command` and $((expression)). */
#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

#include "apps/sh/sh.h"

/* ---- values ---- */

static const char *option_letters(void)
{
    struct text text = {0};
#define OPTION(letter, name, description)                                                                              \
    if (letter && shell.option[OPTION_##name])                                                                         \
        text_add(&text, letter);
#include "apps/sh/option.def"
#undef OPTION
    return text_string(&text);
}

/* All parameters as one string, joined by the first byte of IFS. */
static const char *joined_parameters(void)
{
    const char *separators = var_get("IFS");
    struct text text = {0};
    for (int i = 0; i < shell.parameter_count; i++) {
        if (i > 0 && (!separators || *separators))
            text_add(&text, separators ? *separators : ' ');
        text_add_string(&text, shell.parameter[i]);
    }
    return text_string(&text);
}

static const char *numbered_parameter(const char *digits)
{
    long long number;
    if (!app_parse_number(digits, 0, shell.parameter_count, &number))
        return NULL;
    return number == 0 ? shell.name : shell.parameter[number - 1];
}

/* The value of a variable or special parameter, NULL if it is not set. */
static const char *value_of(const char *name)
{
    if (isdigit((unsigned char)*name))
        return numbered_parameter(name);
    switch (*name) {
    case '?':
        return scratch_format("%d", shell.status);
    case '$':
        return scratch_format("%d", (int)shell.pid);
    case '!':
        return shell.last_background ? scratch_format("%d", (int)shell.last_background) : NULL;
    case '#':
        return scratch_format("%d", shell.parameter_count);
    case '-':
        return option_letters();
    case '*':
    case '@':
        return shell.parameter_count ? joined_parameters() : NULL;
    default:
        return var_get(name);
    }
}

static void fail(struct expansion *expansion, const char *name, const char *text)
{
    app_warn("%s: %s", name, text);
    expansion->failed = true;
}

/* Each parameter a field of its own. */
static void add_parameters(struct expansion *expansion, bool quoted)
{
    for (int i = 0; i < shell.parameter_count; i++) {
        if (i > 0)
            expand_end_field(expansion);
        expansion->has_field |= quoted;
        expand_value(expansion, shell.parameter[i], quoted);
    }
}

static void add_value(struct expansion *expansion, const char *name, const char *value, bool quoted)
{
    if (expansion->split && (strcmp(name, "@") == 0 || (strcmp(name, "*") == 0 && !quoted)))
        add_parameters(expansion, quoted);
    else if (value)
        expand_value(expansion, value, quoted);
    else if (shell.option[OPTION_nounset] && !strchr("@*", *name))
        fail(expansion, name, "is not set");
}

/* ---- ${name operator word} ---- */

/* Cuts what matches pattern off the start or end of value: as little as possible, or as much. */
static const char *without_match(const char *value, const char *pattern, bool at_start, bool longest)
{
    size_t length = strlen(value);
    for (size_t i = 0; i <= length; i++) {
        size_t cut = longest ? length - i : i;
        const char *part = at_start ? scratch_copy(value, cut) : value + length - cut;
        if (fnmatch(pattern, part, 0) == 0)
            return at_start ? value + cut : scratch_copy(value, length - cut);
    }
    return value;
}

static void add_trimmed(struct expansion *expansion, const char *name, const char *op, bool quoted)
{
    bool longest = op[0] == op[1];
    const char *value = value_of(name), *pattern = expand_pattern(op + 1 + longest);
    if (!pattern)
        expansion->failed = true;
    else if (value)
        expand_value(expansion, without_match(value, pattern, *op == '#', longest), quoted);
    else
        add_value(expansion, name, NULL, quoted);
}

/* ${name:=word} and ${name=word} */
static void add_assigned(struct expansion *expansion, const char *name, const char *word, bool quoted)
{
    const char *value = expand_string(word);
    if (!lex_name_length(name))
        fail(expansion, name, "cannot be assigned");
    else if (!value || !var_set(name, value))
        expansion->failed = true;
    else
        expand_value(expansion, value, quoted);
}

static void add_error(struct expansion *expansion, const char *name, const char *word)
{
    const char *text = expand_string(word);
    fail(expansion, name, text && *text ? text : "is not set");
}

/* Within "${x:-"word"}" the inner quotes only seem to be quotes: all of it is quoted anyway. */
static const char *without_quotes(const char *word)
{
    struct text text = {0};
    for (const char *next; *word; word = next) {
        next = *word == '"' ? NULL : lex_skip(word);
        if (!next)
            next = word + 1;
        if (*word != '"')
            text_add_bytes(&text, word, next - word);
    }
    return text_string(&text);
}

/* - = + ? with or without a colon before, which makes an empty value count as unset. */
static void add_alternative(struct expansion *expansion, const char *name, const char *op, bool quoted)
{
    const char *value = value_of(name);
    bool colon = *op == ':';
    op += colon;
    bool set = value && (!colon || *value);
    const char *word = quoted ? without_quotes(op + 1) : op + 1;
    if (*op == '+' ? set : *op == '-' && !set)
        expand_part(expansion, word, strlen(word), quoted);
    else if (*op == '=' && !set)
        add_assigned(expansion, name, word, quoted);
    else if (*op == '?' && !set)
        add_error(expansion, name, word);
    else if (*op != '+')
        add_value(expansion, name, value, quoted);
}

static size_t parameter_length(const char *text)
{
    size_t length = strspn(text, "0123456789");
    if (length == 0)
        length = lex_name_length(text);
    return length ? length : *text && strchr("@*#?-$!", *text) ? 1 : 0;
}

static void expand_braces(struct expansion *expansion, const char *inside, bool quoted)
{
    bool count = inside[0] == '#' && parameter_length(inside + 1) && !inside[1 + parameter_length(inside + 1)];
    inside += count;
    size_t length = parameter_length(inside);
    const char *name = scratch_copy(inside, length), *op = inside + length;
    const char *value = value_of(name);
    const char *bare = op + (*op == ':');
    if (length == 0)
        fail(expansion, scratch_format("${%s}", inside), "bad substitution");
    else if (count)
        expand_value(expansion, scratch_format("%zu", value ? strlen(value) : 0), quoted);
    else if (!*op)
        add_value(expansion, name, value, quoted);
    else if (*op == '#' || *op == '%')
        add_trimmed(expansion, name, op, quoted);
    else if (*bare && strchr("-=+?", *bare))
        add_alternative(expansion, name, op, quoted);
    else
        fail(expansion, scratch_format("${%s}", inside), "bad substitution");
}

/* ---- commands and arithmetic ---- */

static void expand_command(struct expansion *expansion, const char *script, bool quoted)
{
    const char *output = spawn_capture(script);
    if (output)
        expand_value(expansion, output, quoted);
    else
        expansion->failed = true;
}

/* Within backquotes a backslash protects only $, ` and itself. */
static const char *backquoted_script(const char *text, size_t length)
{
    struct text script = {0};
    for (size_t i = 1; i + 1 < length; i++) {
        if (text[i] == '\\' && strchr("$`\\", text[i + 1]))
            i++;
        text_add(&script, text[i]);
    }
    return text_string(&script);
}

static void expand_arithmetic(struct expansion *expansion, const char *expression, bool quoted)
{
    const char *text = expand_in_quotes(expression);
    long long value;
    if (text && arith_evaluate(text, &value))
        expand_value(expansion, scratch_format("%lld", value), quoted);
    else
        expansion->failed = true;
}

void param_expand(struct expansion *expansion, const char *text, size_t length, bool quoted)
{
    if (*text == '`') {
        expand_command(expansion, backquoted_script(text, length), quoted);
    } else if (text[1] == '(' && text[2] == '(' && length >= 5 && text[length - 2] == ')') {
        expand_arithmetic(expansion, scratch_copy(text + 3, length - 5), quoted);
    } else if (text[1] == '(') {
        expand_command(expansion, scratch_copy(text + 2, length - 3), quoted);
    } else if (text[1] == '{') {
        expand_braces(expansion, scratch_copy(text + 2, length - 3), quoted);
    } else {
        const char *name = scratch_copy(text + 1, length - 1);
        add_value(expansion, name, value_of(name), quoted);
    }
}
