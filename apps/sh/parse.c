/* From tokens to a tree, by recursive descent: one function for each rule of the grammar.
 *
 *   list      = and_or { (";" | "&" | newline) and_or }      a chain of LIST nodes, so that long ones need no stack
 *   and_or    = pipeline { ("&&" | "||") pipeline }
 *   pipeline  = { "!" } command { "|" command }
 *   command   = simple | compound { redirection } | name "(" ")" command
 */
#include <string.h>

#include "apps/sh/sh.h"

#define DEPTH_MAX 200 /* nesting, so that no input exhausts the stack */

struct parser {
    struct lexer lexer;
    const char *error; /* the first one, NULL if there is none */
    int depth;
};

static struct node *parse_list(struct parser *parser);
static struct node *parse_command(struct parser *parser);

/* ---- tools ---- */

static void fail_at_token(struct parser *parser)
{
    struct lexer *lexer = &parser->lexer;
    if (parser->error)
        return;
    if (lexer->token == TOKEN_END)
        lexer->incomplete = true;
    const char *shown =
        lexer->token == TOKEN_NEWLINE ? "end of line" : scratch_copy(lexer->start, lexer->at - lexer->start);
    parser->error = scratch_format("syntax error near '%s'", shown);
}

static bool is_done(const struct parser *parser)
{
    return parser->error || parser->lexer.incomplete;
}

/* Counts one level of nesting; false, and an error, if that is one too many. */
static bool enter(struct parser *parser)
{
    if (++parser->depth > DEPTH_MAX && !parser->error)
        parser->error = "too deeply nested";
    return !parser->error;
}

static bool at_token(const struct parser *parser, enum token token)
{
    return parser->lexer.token == token;
}

static bool take_token(struct parser *parser, enum token token)
{
    if (!at_token(parser, token) || is_done(parser))
        return false;
    lex_next(&parser->lexer);
    return true;
}

static void expect_token(struct parser *parser, enum token token)
{
    if (!take_token(parser, token))
        fail_at_token(parser);
}

static bool at_word(const struct parser *parser, const char *text)
{
    const struct lexer *lexer = &parser->lexer;
    size_t length = strlen(text);
    return lexer->token == TOKEN_WORD && lexer->at == lexer->start + length && memcmp(lexer->start, text, length) == 0;
}

static bool take_word(struct parser *parser, const char *text)
{
    if (!at_word(parser, text) || is_done(parser))
        return false;
    lex_next(&parser->lexer);
    return true;
}

static void expect_word(struct parser *parser, const char *text)
{
    if (!take_word(parser, text))
        fail_at_token(parser);
}

static void skip_newlines(struct parser *parser)
{
    while (take_token(parser, TOKEN_NEWLINE)) {
    }
}

/* The current token, a word, as a string of its own; moves on. */
static char *copy_word(struct parser *parser)
{
    char *text = scratch_copy(parser->lexer.start, parser->lexer.at - parser->lexer.start);
    expect_token(parser, TOKEN_WORD);
    return text;
}

static void append_word(struct word ***end, const char *text)
{
    struct word *word = scratch_alloc(sizeof(*word));
    word->text = text;
    **end = word;
    *end = &word->next;
}

static struct node *new_node(enum node_kind kind, struct node *first, struct node *second)
{
    struct node *node = scratch_alloc(sizeof(*node));
    node->kind = kind;
    node->first = first;
    node->second = second;
    return node;
}

/* Notes which text a node was made from: from start to the end of the last token that was taken. */
static struct node *with_source(const struct parser *parser, struct node *node, const char *start)
{
    node->source = start;
    node->source_length = parser->lexer.previous_end - start;
    return node;
}

/* ---- simple commands and redirections ---- */

static void parse_redirect(struct parser *parser, struct redirect ***end)
{
    struct lexer *lexer = &parser->lexer;
    struct redirect *redirect = scratch_alloc(sizeof(*redirect));
    redirect->kind = lexer->redirect;
    redirect->fd = lexer->fd;
    lex_next(lexer);
    if (!at_token(parser, TOKEN_WORD)) {
        fail_at_token(parser);
        return;
    }
    if (redirect->kind == REDIRECT_HERE || redirect->kind == REDIRECT_HERE_TABS) {
        if (lexer->here_count == sizeof(lexer->here) / sizeof(*lexer->here)) {
            parser->error = "too many here-documents on one line";
            return;
        }
        redirect->word = scratch_copy(lexer->start, lexer->at - lexer->start);
        lexer->here[lexer->here_count++] = redirect; /* before the token that may be the newline */
        lex_next(lexer);
    } else {
        redirect->word = copy_word(parser);
    }
    **end = redirect;
    *end = &redirect->next;
}

static void parse_redirects(struct parser *parser, struct node *node)
{
    struct redirect **end = &node->redirects;
    while (at_token(parser, TOKEN_REDIRECT) && !is_done(parser))
        parse_redirect(parser, &end);
}

static bool at_assignment(const struct parser *parser)
{
    size_t name = lex_name_length(parser->lexer.start);
    return at_token(parser, TOKEN_WORD) && name && parser->lexer.start[name] == '=';
}

static struct node *parse_function(struct parser *parser, struct node *simple)
{
    const char *name = simple->words->text;
    if (simple->assignments || simple->redirects || simple->words->next || lex_name_length(name) != strlen(name)) {
        fail_at_token(parser);
        return NULL;
    }
    expect_token(parser, TOKEN_LEFT);
    expect_token(parser, TOKEN_RIGHT);
    skip_newlines(parser);
    struct node *function = new_node(NODE_FUNCTION, parse_command(parser), NULL);
    function->name = name;
    return function;
}

static struct node *parse_simple(struct parser *parser)
{
    struct node *node = new_node(NODE_SIMPLE, NULL, NULL);
    struct word **words_end = &node->words, **assignments_end = &node->assignments;
    struct redirect **redirects_end = &node->redirects;
    while (!is_done(parser)) {
        if (at_token(parser, TOKEN_REDIRECT))
            parse_redirect(parser, &redirects_end);
        else if (!node->words && at_assignment(parser))
            append_word(&assignments_end, copy_word(parser));
        else if (at_token(parser, TOKEN_WORD))
            append_word(&words_end, copy_word(parser));
        else
            break;
    }
    if (node->words && at_token(parser, TOKEN_LEFT))
        return parse_function(parser, node);
    if (!node->words && !node->assignments && !node->redirects)
        fail_at_token(parser);
    return node;
}

/* ---- compound commands ---- */

static struct node *parse_body(struct parser *parser, const char *begin, const char *end)
{
    expect_word(parser, begin);
    struct node *body = parse_list(parser);
    expect_word(parser, end);
    return body;
}

static struct node *parse_subshell(struct parser *parser)
{
    expect_token(parser, TOKEN_LEFT);
    struct node *node = new_node(NODE_SUBSHELL, parse_list(parser), NULL);
    expect_token(parser, TOKEN_RIGHT);
    return node;
}

/* After "if" or "elif". */
static struct node *parse_if(struct parser *parser)
{
    struct node *node = new_node(NODE_IF, parse_list(parser), NULL);
    expect_word(parser, "then");
    node->second = parse_list(parser);
    if (take_word(parser, "elif")) {
        node->third = enter(parser) ? parse_if(parser) : NULL;
        parser->depth--;
        return node;
    }
    if (take_word(parser, "else"))
        node->third = parse_list(parser);
    expect_word(parser, "fi");
    return node;
}

static struct node *parse_loop(struct parser *parser, enum node_kind kind)
{
    struct node *condition = parse_list(parser);
    return new_node(kind, condition, parse_body(parser, "do", "done"));
}

static struct node *parse_for(struct parser *parser)
{
    struct node *node = new_node(NODE_FOR, NULL, NULL);
    struct word **end = &node->words;
    node->name = copy_word(parser);
    if (!parser->error && (!*node->name || lex_name_length(node->name) != strlen(node->name)))
        parser->error = scratch_format("'%s' is not a name for a variable", node->name);
    skip_newlines(parser);
    node->over_parameters = !take_word(parser, "in");
    while (!node->over_parameters && at_token(parser, TOKEN_WORD) && !is_done(parser))
        append_word(&end, copy_word(parser));
    take_token(parser, TOKEN_SEMICOLON);
    skip_newlines(parser);
    node->first = parse_body(parser, "do", "done");
    return node;
}

static struct node *parse_arm(struct parser *parser)
{
    struct node *arm = new_node(NODE_ARM, NULL, NULL);
    struct word **end = &arm->words;
    take_token(parser, TOKEN_LEFT);
    do
        append_word(&end, copy_word(parser));
    while (take_token(parser, TOKEN_PIPE));
    expect_token(parser, TOKEN_RIGHT);
    skip_newlines(parser);
    if (!at_token(parser, TOKEN_DOUBLE_SEMICOLON) && !at_word(parser, "esac"))
        arm->first = parse_list(parser);
    if (!take_token(parser, TOKEN_DOUBLE_SEMICOLON) && !at_word(parser, "esac"))
        fail_at_token(parser);
    skip_newlines(parser);
    return arm;
}

static struct node *parse_case(struct parser *parser)
{
    struct node *node = new_node(NODE_CASE, NULL, NULL);
    struct word **words_end = &node->words;
    struct node **arms_end = &node->first;
    append_word(&words_end, copy_word(parser));
    skip_newlines(parser);
    expect_word(parser, "in");
    skip_newlines(parser);
    while (!is_done(parser) && !at_word(parser, "esac")) {
        *arms_end = parse_arm(parser);
        arms_end = &(*arms_end)->next;
    }
    expect_word(parser, "esac");
    return node;
}

/* Returns NULL if no compound command begins here. */
static struct node *parse_compound(struct parser *parser)
{
    if (at_token(parser, TOKEN_LEFT))
        return parse_subshell(parser);
    if (at_word(parser, "{"))
        return new_node(NODE_GROUP, parse_body(parser, "{", "}"), NULL);
    if (take_word(parser, "if"))
        return parse_if(parser);
    if (take_word(parser, "while"))
        return parse_loop(parser, NODE_WHILE);
    if (take_word(parser, "until"))
        return parse_loop(parser, NODE_UNTIL);
    if (take_word(parser, "for"))
        return parse_for(parser);
    return take_word(parser, "case") ? parse_case(parser) : NULL;
}

/* Words that end a list, and so cannot begin a command. */
static bool at_closing_word(const struct parser *parser)
{
    static const char *const words[] = {"then", "elif", "else", "fi", "do", "done", "esac", "}"};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (at_word(parser, words[i]))
            return true;
    }
    return false;
}

static struct node *parse_command(struct parser *parser)
{
    const char *start = parser->lexer.start;
    if (is_done(parser))
        return NULL;
    if (at_closing_word(parser)) {
        fail_at_token(parser);
        return NULL;
    }
    struct node *node = enter(parser) ? parse_compound(parser) : NULL;
    if (node && !is_done(parser))
        parse_redirects(parser, node);
    else if (!node && !is_done(parser))
        node = parse_simple(parser);
    parser->depth--;
    return node && !is_done(parser) ? with_source(parser, node, start) : NULL;
}

/* ---- lists ---- */

static struct node *parse_pipeline(struct parser *parser)
{
    const char *start = parser->lexer.start;
    bool negated = false;
    while (take_word(parser, "!"))
        negated = !negated;
    struct node *node = parse_command(parser), *last = node;
    if (node && at_token(parser, TOKEN_PIPE)) {
        node = new_node(NODE_PIPELINE, node, NULL);
        while (last && take_token(parser, TOKEN_PIPE)) {
            skip_newlines(parser);
            last->next = parse_command(parser);
            last = last->next;
        }
    }
    if (negated)
        node = new_node(NODE_NOT, node, NULL);
    return node && !is_done(parser) ? with_source(parser, node, start) : NULL;
}

static struct node *parse_and_or(struct parser *parser)
{
    const char *start = parser->lexer.start;
    struct node *node = parse_pipeline(parser);
    while (!is_done(parser) && (at_token(parser, TOKEN_AND) || at_token(parser, TOKEN_OR))) {
        enum node_kind kind = at_token(parser, TOKEN_AND) ? NODE_AND : NODE_OR;
        lex_next(&parser->lexer);
        skip_newlines(parser);
        struct node *right = parse_pipeline(parser);
        node = with_source(parser, new_node(kind, node, right), start);
    }
    return node;
}

static bool at_list_end(const struct parser *parser)
{
    return is_done(parser) || at_token(parser, TOKEN_END) || at_token(parser, TOKEN_RIGHT) ||
           at_token(parser, TOKEN_DOUBLE_SEMICOLON) || at_closing_word(parser);
}

static struct node *parse_list(struct parser *parser)
{
    skip_newlines(parser);
    const char *start = parser->lexer.start;
    struct node *list = NULL, **end = &list;
    bool more;
    do {
        struct node *node = parse_and_or(parser);
        more = take_token(parser, TOKEN_AMPERSAND);
        if (more)
            node = new_node(NODE_BACKGROUND, node, NULL);
        else
            more = take_token(parser, TOKEN_SEMICOLON) || at_token(parser, TOKEN_NEWLINE);
        *end = new_node(NODE_LIST, node, NULL);
        end = &(*end)->second;
        skip_newlines(parser);
    } while (more && !at_list_end(parser));
    return with_source(parser, list, start);
}

enum parse_result parse(const char *text, struct node **tree, const char **error)
{
    struct parser parser = {.lexer = {.at = text}};
    *tree = NULL;
    lex_next(&parser.lexer);
    skip_newlines(&parser);
    if (!is_done(&parser) && !at_token(&parser, TOKEN_END)) {
        *tree = parse_list(&parser);
        if (!is_done(&parser) && !at_token(&parser, TOKEN_END))
            fail_at_token(&parser);
    }
    *error = parser.error;
    if (parser.lexer.incomplete)
        return PARSE_INCOMPLETE;
    return parser.error ? PARSE_ERROR : PARSE_DONE;
}
