/* The command kill, for the program and for the shell, which knows jobs as well. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "apps/lib/app.h"

static const struct {
    const char *name;
    int number;
} signals[] = {
#define SIGNAL(name) {#name, SIG##name},
#include "apps/lib/signal.def"
#undef SIGNAL
};

#define SIGNAL_COUNT (sizeof(signals) / sizeof(*signals))

int app_parse_signal(const char *text)
{
    long long number;
    if (app_parse_number(text, 0, 64, &number))
        return number;
    if (strncasecmp(text, "SIG", 3) == 0)
        text += 3;
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        if (strcasecmp(text, signals[i].name) == 0)
            return signals[i].number;
    }
    return -1;
}

const char *app_signal_name(int number)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        if (signals[i].number == number)
            return signals[i].name;
    }
    return NULL;
}

static void list_signals(void)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        printf("%2d %s\n", signals[i].number, signals[i].name);
}

/* Reads the option, if there is one, and moves *operands past it. -1 after a message: no such signal. */
static int take_signal(char ***operands)
{
    const char *option = **operands;
    if (!option || option[0] != '-' || !option[1])
        return SIGTERM;
    ++*operands;
    if (strcmp(option, "--") == 0)
        return SIGTERM;
    const char *name = strcmp(option, "-s") == 0 && **operands ? *(*operands)++ : option + 1;
    int number = app_parse_signal(name);
    if (number < 0)
        app_warn("unknown signal '%s' (kill -l lists them)", name);
    if (**operands && strcmp(**operands, "--") == 0)
        ++*operands;
    return number;
}

static bool send_signal(const char *text, int number)
{
    long long process;
    if (!app_parse_number(text, INT_MIN, INT_MAX, &process)) {
        app_warn("bad process id '%s'", text);
        return false;
    }
    if (kill(process, number) == 0)
        return true;
    app_warn_errno("%s", text);
    return false;
}

int kill_command(char **argv, bool (*send_job)(const char *job, int number))
{
    char **operands = argv + 1;
    if (*operands && !operands[1] && strcmp(*operands, "-l") == 0) {
        list_signals();
        return 0;
    }
    int number = take_signal(&operands);
    if (number >= 0 && !*operands)
        fputs("usage: kill [-s SIGNAL | -SIGNAL] PROCESS..., or kill -l\n", stderr);
    bool good = number >= 0 && *operands;
    for (; number >= 0 && *operands; operands++)
        good = (send_job && **operands == '%' ? send_job : send_signal)(*operands, number) && good;
    return good ? 0 : 1;
}
