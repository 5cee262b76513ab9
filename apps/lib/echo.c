/* The command echo, for the program and for the shell: prints its operands. */
#include <stdio.h>
#include <string.h>

#include "apps/lib/app.h"

/* Whether text is an option: a dash and only letters of "neE". */
static bool is_option(const char *text)
{
    return text[0] == '-' && text[1] && text[1 + strspn(text + 1, "neE")] == '\0';
}

int echo_command(char **argv)
{
    bool newline = true, escapes = false;
    char **operand = argv + 1;
    for (; *operand && is_option(*operand); operand++) {
        newline = newline && !strchr(*operand, 'n');
        escapes = escapes || strchr(*operand, 'e');
    }
    for (; *operand; operand++) {
        if (!escapes)
            fputs(*operand, stdout);
        else if (!escape_print(*operand, true))
            return 0;
        if (operand[1])
            putchar(' ');
    }
    if (newline)
        putchar('\n');
    return 0;
}
