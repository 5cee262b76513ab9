/* $((...)): whole-number expressions as in C, over 64 bits, by precedence climbing. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "apps/sh/sh.h"

struct arith {
    const char *at;
    const char *error; /* the first one, NULL if there is none */
    int skipped;       /* > 0 in the part of && || ?: that does not count: it is read, not done */
    int depth;
};

/* Binary operators with their precedence, the longer of two that begin alike first. */
static const struct binary_op {
    const char *text;
    int precedence;
} operators[] = {
    {"||", 1}, {"&&", 2}, {"==", 6}, {"!=", 6}, {"<<", 8}, {">>", 8}, {"<=", 7}, {">=", 7}, {"|", 3},
    {"^", 4},  {"&", 5},  {"<", 7},  {">", 7},  {"+", 9},  {"-", 9},  {"*", 10}, {"/", 10}, {"%", 10},
};

static long long parse_expression(struct arith *arith);

static void skip_spaces(struct arith *arith)
{
    while (isspace((unsigned char)*arith->at))
        arith->at++;
}

static bool take(struct arith *arith, const char *text)
{
    skip_spaces(arith);
    if (strncmp(arith->at, text, strlen(text)) != 0)
        return false;
    arith->at += strlen(text);
    return true;
}

static long long fail(struct arith *arith, const char *text)
{
    if (!arith->error)
        arith->error = text;
    return 0;
}

/* Arithmetic wraps around, as the unsigned of C does. */
static long long apply(struct arith *arith, const char *op, long long a, long long b)
{
    unsigned long long ua = a, ub = b;
    switch (op[0]) {
    case '+':
        return ua + ub;
    case '-':
        return ua - ub;
    case '*':
        return ua * ub;
    case '/':
    case '%':
        if (b == 0)
            return arith->skipped ? 0 : fail(arith, "division by 0");
        if (b == -1)
            return *op == '/' ? (long long)(0 - ua) : 0;
        return *op == '/' ? a / b : a % b;
    case '<':
        return op[1] == '<' ? (long long)(ua << (b & 63)) : op[1] == '=' ? a <= b : a < b;
    case '>':
        return op[1] == '>' ? a >> (b & 63) : op[1] == '=' ? a >= b : a > b;
    case '=':
        return a == b;
    case '!':
        return a != b;
    case '&':
        return op[1] ? a && b : (a & b);
    case '|':
        return op[1] ? a || b : (a | b);
    default:
        return a ^ b;
    }
}

static long long value_of(struct arith *arith, const char *name)
{
    const char *text = var_get(name);
    char *end;
    if (!text || !*text)
        return 0;
    long long value = strtoll(text, &end, 0);
    return *end ? fail(arith, scratch_format("%s is not a number", name)) : value;
}

/* name, name = x, name += x ... */
static long long parse_variable(struct arith *arith)
{
    static const char *const assignments[] = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="};
    size_t length = lex_name_length(arith->at);
    const char *name = scratch_copy(arith->at, length);
    arith->at += length;
    skip_spaces(arith);
    if (arith->at[0] == '=' && arith->at[1] == '=')
        return value_of(arith, name);
    for (size_t i = 0; i < sizeof(assignments) / sizeof(*assignments); i++) {
        const char *op = assignments[i];
        if (!take(arith, op))
            continue;
        long long right = parse_expression(arith);
        long long value =
            *op == '=' ? right : apply(arith, scratch_copy(op, strlen(op) - 1), value_of(arith, name), right);
        if (!arith->skipped && !arith->error && !var_set(name, scratch_format("%lld", value)))
            return fail(arith, "cannot assign");
        return value;
    }
    return value_of(arith, name);
}

static long long parse_primary(struct arith *arith)
{
    if (take(arith, "(")) {
        long long value = parse_expression(arith);
        return take(arith, ")") ? value : fail(arith, "')' is missing");
    }
    if (isdigit((unsigned char)*arith->at)) {
        char *end;
        long long value = strtoll(arith->at, &end, 0);
        arith->at = end;
        return value;
    }
    return lex_name_length(arith->at) ? parse_variable(arith) : fail(arith, "a number or variable is missing");
}

static long long parse_unary(struct arith *arith)
{
    if (++arith->depth > 500)
        return fail(arith, "too deeply nested");
    long long value;
    if (take(arith, "-"))
        value = 0 - (unsigned long long)parse_unary(arith);
    else if (take(arith, "+"))
        value = parse_unary(arith);
    else if (take(arith, "!"))
        value = !parse_unary(arith);
    else if (take(arith, "~"))
        value = ~parse_unary(arith);
    else
        value = parse_primary(arith);
    arith->depth--;
    return value;
}

static const struct binary_op *next_operator(struct arith *arith)
{
    skip_spaces(arith);
    for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
        if (strncmp(arith->at, operators[i].text, strlen(operators[i].text)) == 0)
            return &operators[i];
    }
    return NULL;
}

static long long parse_binary(struct arith *arith, int precedence)
{
    long long left = parse_unary(arith);
    const struct binary_op *op;
    while (!arith->error && (op = next_operator(arith)) && op->precedence >= precedence) {
        arith->at += strlen(op->text);
        bool decided = strcmp(op->text, "&&") == 0 ? !left : strcmp(op->text, "||") == 0 && left;
        arith->skipped += decided;
        long long right = parse_binary(arith, op->precedence + 1);
        arith->skipped -= decided;
        left = apply(arith, op->text, left, right);
    }
    return left;
}

static long long parse_expression(struct arith *arith)
{
    long long condition = parse_binary(arith, 1);
    if (!take(arith, "?"))
        return condition;
    arith->skipped += !condition;
    long long yes = parse_expression(arith);
    arith->skipped -= !condition;
    if (!take(arith, ":"))
        return fail(arith, "':' is missing");
    arith->skipped += !!condition;
    long long no = parse_expression(arith);
    arith->skipped -= !!condition;
    return condition ? yes : no;
}

bool arith_evaluate(const char *text, long long *value)
{
    struct arith arith = {.at = text};
    skip_spaces(&arith);
    *value = *arith.at ? parse_expression(&arith) : 0;
    skip_spaces(&arith);
    if (*arith.at)
        fail(&arith, "an operator is missing");
    if (arith.error)
        app_warn("$((%s)): %s", text, arith.error);
    return !arith.error;
}
