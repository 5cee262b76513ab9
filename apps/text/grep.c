/* grep: prints the lines that match a pattern; status 0 some, 1 none, 2 trouble. */
#define _GNU_SOURCE
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/lib/app.h"

enum { FOUND, NOT_FOUND, TROUBLE };

static const char synopsis[] = "grep [-EFcilnqv] PATTERN [FILE]...";

static bool option[128];
static const char *pattern;
static regex_t expression;
static bool with_names, any_found;

static bool line_matches(const char *line)
{
    bool match;
    if (option['F'])
        match = (option['i'] ? strcasestr : strstr)(line, pattern) != NULL;
    else
        match = regexec(&expression, line, 0, NULL, 0) == 0;
    return match != option['v'];
}

static void print_match(const char *name, unsigned long number, const char *line)
{
    if (with_names)
        printf("%s:", name);
    if (option['n'])
        printf("%lu:", number);
    puts(line);
}

static unsigned long search_lines(FILE *file, const char *name)
{
    char *line = NULL;
    size_t capacity = 0;
    unsigned long number = 0, matches = 0;
    for (ssize_t length; (length = getline(&line, &capacity, file)) >= 0;) {
        number++;
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        if (!line_matches(line))
            continue;
        matches++;
        if (option['q'] || option['l'])
            break;
        if (!option['c'])
            print_match(name, number, line);
    }
    free(line);
    return matches;
}

static bool search_file(int fd, const char *name)
{
    FILE *file = fdopen(dup(fd), "r");
    if (!file) {
        app_warn_errno("%s", name);
        return false;
    }
    unsigned long matches = search_lines(file, name);
    bool good = !ferror(file);
    if (!good)
        app_warn_errno("%s", name);
    fclose(file);
    any_found |= matches > 0;
    if (option['c'] && with_names)
        printf("%s:%lu\n", name, matches);
    else if (option['c'])
        printf("%lu\n", matches);
    else if (option['l'] && matches)
        puts(name);
    return good;
}

static void compile_pattern(void)
{
    int flags = REG_NOSUB | (option['E'] ? REG_EXTENDED : 0) | (option['i'] ? REG_ICASE : 0);
    int error = regcomp(&expression, pattern, flags);
    if (error) {
        char text[128];
        regerror(error, &expression, text, sizeof(text));
        app_warn("%s: %s", pattern, text);
        exit(TROUBLE);
    }
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    for (int letter; (letter = getopt(argc, argv, "EFcilnqv")) != -1;)
        option[letter] = true;
    if (option['?'] || optind == argc) {
        fprintf(stderr, "usage: %s\n", synopsis);
        return TROUBLE;
    }
    pattern = argv[optind++];
    if (!option['F'])
        compile_pattern();
    with_names = argc - optind > 1;
    int status = io_visit_files(argv + optind, search_file) ? TROUBLE : any_found ? FOUND : NOT_FOUND;
    return app_finish(option['q'] && any_found ? FOUND : status);
}
