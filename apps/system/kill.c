/* kill: sends a signal to processes (PID), process groups (-PGID) or all there are (-1). */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "apps/lib/app.h"

static const char synopsis[] = "kill [-s SIGNAL | -SIGNAL] PID..., or kill -l";

static const struct {
    const char *name;
    int number;
} signals[] = {
#define SIGNAL(name) {#name, SIG##name},
#include "apps/system/signal.def"
#undef SIGNAL
};

#define SIGNAL_COUNT (sizeof(signals) / sizeof(*signals))

/* Accepts "TERM", "SIGTERM" in any case, and numbers; -1 for anything else. */
static int parse_signal(const char *text)
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

static void list_signals(void)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        printf("%2d %s\n", signals[i].number, signals[i].name);
}

/* Reads the option, if there is one, and moves *operands past it. */
static int take_signal(char ***operands)
{
    const char *option = **operands;
    if (!option || option[0] != '-' || !option[1])
        return SIGTERM;
    ++*operands;
    if (strcmp(option, "--") == 0)
        return SIGTERM;
    const char *name = strcmp(option, "-s") == 0 && **operands ? *(*operands)++ : option + 1;
    int number = parse_signal(name);
    if (number < 0)
        app_die("unknown signal '%s' (kill -l lists them)", name);
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

int main(int argc, char **argv)
{
    app_start(argv[0]);
    char **operands = argv + 1;
    if (argc == 2 && strcmp(argv[1], "-l") == 0) {
        list_signals();
        return app_finish(0);
    }
    int number = take_signal(&operands);
    if (!*operands)
        app_usage(synopsis);
    bool good = true;
    for (; *operands; operands++)
        good = send_signal(*operands, number) && good;
    return app_finish(good ? 0 : 1);
}
