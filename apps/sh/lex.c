/* Tokens. A word is everything up to a blank or operator that is not quoted; what its quotes mean is found out when it
 * is expanded. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "apps/sh/sh.h"

size_t lex_name_length(const char *text)
{
    if (!isalpha((unsigned char)*text) && *text != '_')
        return 0;
    size_t length = 1;
    while (isalnum((unsigned char)text[length]) || text[length] == '_')
        length++;
    return length;
}

/* ---- quoted parts ---- */

/* From the byte after an opening one to the byte after the closing one; nested parts are skipped whole. */
static const char *skip_to(const char *at, char open, char close)
{
    for (int depth = 1; at && *at;) {
        if (*at == close && --depth == 0)
            return at + 1;
        if (open && *at == open)
            depth++;
        at = close == '"' && *at == '\'' ? at + 1 : lex_skip(at);
    }
    return NULL;
}

static const char *skip_single_quotes(const char *at)
{
    const char *end = strchr(at + 1, '\'');
    return end ? end + 1 : NULL;
}

static const char *skip_backquotes(const char *at)
{
    for (at++; *at && *at != '`'; at++) {
        if (*at == '\\' && at[1])
            at++;
    }
    return *at ? at + 1 : NULL;
}

static const char *skip_dollar(const char *at)
{
    if (at[1] == '{')
        return skip_to(at + 2, 0, '}');
    if (at[1] == '(')
        return skip_to(at + 2, '(', ')');
    size_t name = lex_name_length(at + 1);
    if (name)
        return at + 1 + name;
    return at[1] && (isdigit((unsigned char)at[1]) || strchr("@*#?-$!", at[1])) ? at + 2 : at + 1;
}

const char *lex_skip(const char *at)
{
    switch (*at) {
    case '\\':
        return at[1] == '\0' || (at[1] == '\n' && at[2] == '\0') ? NULL : at + 2;
    case '\'':
        return skip_single_quotes(at);
    case '"':
        return skip_to(at + 1, 0, '"');
    case '`':
        return skip_backquotes(at);
    case '$':
        return skip_dollar(at);
    default:
        return at + 1;
    }
}

/* ---- tokens ---- */

/* In both tables, the longer of two that begin alike comes first. */
static const struct {
    const char *text;
    enum token token;
} operators[] = {
    {"\n", TOKEN_NEWLINE},  {";;", TOKEN_DOUBLE_SEMICOLON},
    {";", TOKEN_SEMICOLON}, {"&&", TOKEN_AND},
    {"&", TOKEN_AMPERSAND}, {"||", TOKEN_OR},
    {"|", TOKEN_PIPE},      {"(", TOKEN_LEFT},
    {")", TOKEN_RIGHT},
};

static const struct {
    const char *text;
    enum redirect_kind kind;
} redirects[] = {
    {"<<-", REDIRECT_HERE_TABS},    {"<<", REDIRECT_HERE},  {"<&", REDIRECT_DUPLICATE_IN},
    {"<>", REDIRECT_READ_WRITE},    {"<", REDIRECT_READ},   {">>", REDIRECT_APPEND},
    {">&", REDIRECT_DUPLICATE_OUT}, {">|", REDIRECT_WRITE}, {">", REDIRECT_WRITE},
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static bool begins_with(const char *at, const char *text)
{
    return strncmp(at, text, strlen(text)) == 0;
}

static bool lex_operator(struct lexer *lexer)
{
    for (size_t i = 0; i < COUNT(operators); i++) {
        if (begins_with(lexer->start, operators[i].text)) {
            lexer->token = operators[i].token;
            lexer->at = lexer->start + strlen(operators[i].text);
            return true;
        }
    }
    return false;
}

/* Digits right before < or > are the descriptor: "2>". */
static bool lex_redirect(struct lexer *lexer)
{
    size_t digits = strspn(lexer->start, "0123456789");
    const char *at = lexer->start + digits;
    for (size_t i = 0; digits <= 4 && i < COUNT(redirects); i++) {
        if (begins_with(at, redirects[i].text)) {
            lexer->token = TOKEN_REDIRECT;
            lexer->redirect = redirects[i].kind;
            lexer->fd = digits ? atoi(lexer->start) : *at == '>';
            lexer->at = at + strlen(redirects[i].text);
            return true;
        }
    }
    return false;
}

static void lex_word(struct lexer *lexer)
{
    const char *at = lexer->start;
    while (at && *at && !strchr(" \t\n;&|()<>", *at))
        at = lex_skip(at);
    lexer->token = TOKEN_WORD;
    lexer->incomplete |= !at;
    lexer->at = at ? at : lexer->start + strlen(lexer->start);
}

static const char *skip_blanks(const char *at)
{
    for (;; at++) {
        if (at[0] == '\\' && at[1] == '\n')
            at++;
        else if (*at != ' ' && *at != '\t')
            break;
    }
    return *at == '#' ? at + strcspn(at, "\n") : at;
}

/* ---- here-documents ---- */

/* Takes one line off *at, without its end; false at the end of the text. */
static bool take_line(const char **at, bool tabs, const char **line, size_t *length)
{
    if (!**at)
        return false;
    *line = tabs ? *at + strspn(*at, "\t") : *at;
    *length = strcspn(*line, "\n");
    *at = *line + *length + ((*line)[*length] == '\n');
    return true;
}

static void lex_here_document(struct lexer *lexer, struct redirect *redirect)
{
    struct text body = {0};
    const char *end = expand_string(redirect->word), *line;
    size_t length;
    while (end && take_line(&lexer->at, redirect->kind == REDIRECT_HERE_TABS, &line, &length)) {
        if (length == strlen(end) && memcmp(line, end, length) == 0) {
            redirect->body = text_string(&body);
            return;
        }
        text_add_bytes(&body, line, length);
        text_add(&body, '\n');
    }
    lexer->incomplete = true;
}

void lex_next(struct lexer *lexer)
{
    lexer->previous_end = lexer->at;
    lexer->start = skip_blanks(lexer->at);
    lexer->at = lexer->start;
    if (!*lexer->start) {
        const char *text = lexer->start;
        lexer->token = TOKEN_END;
        lexer->incomplete |= lexer->here_count > 0 || (lexer->previous_end < text && text[-1] == '\n');
        return;
    }
    if (!lex_redirect(lexer) && !lex_operator(lexer))
        lex_word(lexer);
    if (lexer->token == TOKEN_NEWLINE) {
        for (size_t i = 0; i < lexer->here_count; i++)
            lex_here_document(lexer, lexer->here[i]);
        lexer->here_count = 0;
    }
}
