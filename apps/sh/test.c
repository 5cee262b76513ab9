/* test, also called [: expressions about files, strings and numbers, by recursive descent. */
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/sh/sh.h"

enum { IS_TRUE, IS_FALSE, TROUBLE };

struct test {
    char **at, **end;
    const char *error; /* the first one, NULL if there is none */
};

static bool test_or(struct test *test);

static bool fail(struct test *test, const char *error)
{
    if (!test->error)
        test->error = error;
    return false;
}

static bool at_text(const struct test *test, const char *text)
{
    return test->at < test->end && strcmp(*test->at, text) == 0;
}

static bool take(struct test *test, const char *text)
{
    if (!at_text(test, text))
        return false;
    test->at++;
    return true;
}

static bool test_type(char letter, const struct stat *status)
{
    switch (letter) {
    case 'f':
        return S_ISREG(status->st_mode);
    case 'd':
        return S_ISDIR(status->st_mode);
    case 'p':
        return S_ISFIFO(status->st_mode);
    case 'c':
        return S_ISCHR(status->st_mode);
    case 'b':
        return S_ISBLK(status->st_mode);
    case 'S':
        return S_ISSOCK(status->st_mode);
    case 's':
        return status->st_size > 0;
    default:
        return true; /* -e */
    }
}

static bool test_unary(struct test *test, char letter, const char *operand)
{
    struct stat status;
    long long fd;
    switch (letter) {
    case 'n':
        return *operand;
    case 'z':
        return !*operand;
    case 't':
        return app_parse_number(operand, 0, INT_MAX, &fd) ? isatty(fd) : fail(test, "-t: a descriptor is needed");
    case 'r':
        return access(operand, R_OK) == 0;
    case 'w':
        return access(operand, W_OK) == 0;
    case 'x':
        return access(operand, X_OK) == 0;
    case 'h':
    case 'L':
        return lstat(operand, &status) == 0 && S_ISLNK(status.st_mode);
    default:
        return stat(operand, &status) == 0 && test_type(letter, &status);
    }
}

static const char *const comparisons[] = {"=",   "==",  "!=", "-eq", "-ne", "-lt", "-le",
                                          "-gt", "-ge", "<",  ">",   "-nt", "-ot"};

static bool is_comparison(const char *text)
{
    for (size_t i = 0; i < sizeof(comparisons) / sizeof(*comparisons); i++) {
        if (strcmp(text, comparisons[i]) == 0)
            return true;
    }
    return false;
}

static bool compare_times(const char *left, const char *right)
{
    struct stat l, r;
    if (stat(left, &l) < 0 || stat(right, &r) < 0)
        return false;
    return l.st_mtim.tv_sec != r.st_mtim.tv_sec ? l.st_mtim.tv_sec > r.st_mtim.tv_sec
                                                : l.st_mtim.tv_nsec > r.st_mtim.tv_nsec;
}

static bool compare_numbers(struct test *test, const char *left, const char *op, const char *right)
{
    long long l, r;
    if (!app_parse_number(left, LLONG_MIN, LLONG_MAX, &l))
        return fail(test, scratch_format("%s: not a number", left));
    if (!app_parse_number(right, LLONG_MIN, LLONG_MAX, &r))
        return fail(test, scratch_format("%s: not a number", right));
    switch (op[1]) {
    case 'e':
        return l == r;
    case 'n':
        return l != r;
    case 'l':
        return op[2] == 't' ? l < r : l <= r;
    default:
        return op[2] == 't' ? l > r : l >= r;
    }
}

static bool test_binary(struct test *test, const char *left, const char *op, const char *right)
{
    if (strcmp(op, "-nt") == 0)
        return compare_times(left, right);
    if (strcmp(op, "-ot") == 0)
        return compare_times(right, left);
    if (*op == '-')
        return compare_numbers(test, left, op, right);
    int order = strcmp(left, right);
    return *op == '=' ? order == 0 : *op == '!' ? order != 0 : *op == '<' ? order < 0 : order > 0;
}

static bool is_unary(const char *text)
{
    return text[0] == '-' && text[1] && !text[2] && strchr("nztrwxhLfdpcbSse", text[1]);
}

static bool test_primary(struct test *test)
{
    ptrdiff_t left = test->end - test->at;
    if (left >= 3 && is_comparison(test->at[1])) {
        test->at += 3;
        return test_binary(test, test->at[-3], test->at[-2], test->at[-1]);
    }
    if (left >= 2 && take(test, "!"))
        return !test_primary(test);
    if (left >= 2 && take(test, "(")) {
        bool result = test_or(test);
        return take(test, ")") ? result : fail(test, "')' is missing");
    }
    if (left >= 2 && is_unary(*test->at)) {
        test->at += 2;
        return test_unary(test, test->at[-2][1], test->at[-1]);
    }
    return left >= 1 ? **test->at++ != '\0' : fail(test, "an expression is missing");
}

static bool test_and(struct test *test)
{
    bool result = test_primary(test);
    while (take(test, "-a"))
        result = test_primary(test) && result;
    return result;
}

static bool test_or(struct test *test)
{
    bool result = test_and(test);
    while (take(test, "-o"))
        result = test_and(test) || result;
    return result;
}

int builtin_test(int argc, char **argv)
{
    struct test test = {.at = argv + 1, .end = argv + argc};
    if (strcmp(argv[0], "[") == 0) {
        if (argc < 2 || strcmp(argv[argc - 1], "]") != 0) {
            app_warn("[: ']' is missing");
            return TROUBLE;
        }
        test.end--;
    }
    if (test.at == test.end)
        return IS_FALSE;
    bool result = test_or(&test);
    if (test.at < test.end)
        fail(&test, scratch_format("%s: unexpected", *test.at));
    if (!test.error)
        return result ? IS_TRUE : IS_FALSE;
    app_warn("%s: %s", argv[0], test.error);
    return TROUBLE;
}
