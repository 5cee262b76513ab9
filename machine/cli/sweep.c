/*
 * `mosaic sweep`: runs the same thing with every combination of some parameters' values, each in a process of its own,
 * and prints a table.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine/cli/cli.h"

#define MAX_VARIED 8
#define MAX_VALUES 64
#define MAX_ARGS   128

struct varied {
    char *name;
    char *values[MAX_VALUES];
    unsigned count;
};

struct sweep {
    struct varied varied[MAX_VARIED];
    unsigned varied_count;
    char **run_args;
    int run_count;
    char stats_path[64];
};

static int usage(FILE *out)
{
    fprintf(out, "usage: mosaic sweep --vary NAME=VALUE,VALUE,... [--vary ...] -- OPTIONS OF RUN\n\n"
                 "NAME is a line of a machine description (mosaic describe). The guest's output is thrown away; the\n"
                 "table tells cycles and instructions, of the region of interest if the guest marks one.\n");
    return out == stderr ? CLI_USAGE : 0;
}

/* NAME=VALUE,VALUE,... is taken apart in place. */
static bool parse_vary(struct sweep *s, char *text)
{
    char *equals = strchr(text, '=');

    if (!equals || s->varied_count == MAX_VARIED)
        return false;
    struct varied *v = &s->varied[s->varied_count++];
    *equals = '\0';
    v->name = text;
    for (char *value = strtok(equals + 1, ","); value; value = strtok(NULL, ",")) {
        if (v->count == MAX_VALUES)
            return false;
        v->values[v->count++] = value;
    }
    return v->count > 0;
}

static bool parse(int argc, char **argv, struct sweep *s)
{
    int i = 1;

    for (; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--vary") != 0 || ++i == argc || !parse_vary(s, argv[i]))
            return false;
    if (i >= argc || !s->varied_count || argc - i > MAX_ARGS - 2 * MAX_VARIED - 6)
        return false;
    s->run_args = argv + i + 1;
    s->run_count = argc - i - 1;
    return true;
}

/* In the child: mosaic run OPTIONS --set NAME=VALUE ... --stats-json FILE. */
static void run_child(struct sweep *s, const unsigned *choice)
{
    char sets[MAX_VARIED][160];
    char *args[MAX_ARGS] = {"mosaic", "run"};
    int n = 2;

    for (int i = 0; i < s->run_count; i++)
        args[n++] = s->run_args[i];
    for (unsigned i = 0; i < s->varied_count; i++) {
        snprintf(sets[i], sizeof sets[i], "%s=%s", s->varied[i].name, s->varied[i].values[choice[i]]);
        args[n++] = "--set";
        args[n++] = sets[i];
    }
    args[n++] = "--stats-json";
    args[n++] = s->stats_path;
    if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "r", stdin))
        _exit(CLI_FAILURE);
    execv("/proc/self/exe", args);
    _exit(CLI_FAILURE);
}

static void print_row(struct sweep *s, const unsigned *choice, int status)
{
    unsigned long long cycles = 0, instructions = 0;
    FILE *in = fopen(s->stats_path, "r");

    for (unsigned i = 0; i < s->varied_count; i++)
        printf("%-20s ", s->varied[i].values[choice[i]]);
    if (in && fscanf(in, "{\"cycles\": %llu, \"instructions\": %llu", &cycles, &instructions) == 2 && instructions)
        printf("%14llu %14llu %8.3f %6d\n", cycles, instructions, (double)cycles / (double)instructions, status);
    else
        printf("%14s %14s %8s %6d\n", "-", "-", "-", status);
    fflush(stdout);
    if (in)
        fclose(in);
}

/* Counts the combinations through, the last parameter fastest. False after the last one. */
static bool advance(const struct sweep *s, unsigned *choice)
{
    for (unsigned i = s->varied_count; i-- > 0;) {
        if (++choice[i] < s->varied[i].count)
            return true;
        choice[i] = 0;
    }
    return false;
}

static int run_all(struct sweep *s)
{
    unsigned choice[MAX_VARIED] = {0};
    int worst = 0;

    for (unsigned i = 0; i < s->varied_count; i++)
        printf("%-20s ", s->varied[i].name);
    printf("%14s %14s %8s %6s\n", "cycles", "instructions", "CPI", "status");
    fflush(stdout);
    do {
        int status = 0;
        pid_t child = fork();
        if (child == 0)
            run_child(s, choice);
        if (child < 0 || waitpid(child, &status, 0) < 0)
            return CLI_FAILURE;
        status = WIFEXITED(status) ? WEXITSTATUS(status) : CLI_FAILURE;
        print_row(s, choice, status);
        remove(s->stats_path);
        worst = status > worst ? status : worst;
    } while (advance(s, choice));
    return worst;
}

int cli_sweep(int argc, char **argv)
{
    static struct sweep s;

    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return usage(stdout);
    if (!parse(argc, argv, &s))
        return usage(stderr);
    snprintf(s.stats_path, sizeof s.stats_path, "/tmp/mosaic-sweep-%ld.json", (long)getpid());
    return run_all(&s);
}
