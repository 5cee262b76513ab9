/* chmod: sets who may read, write and execute files, by a number (755) or by changes (u+x,go-w). */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/lib/app.h"

static const char synopsis[] = "chmod [-R] MODE FILE...   (MODE: 755, u+x, go-w, a=rX,u+w)";

#define EVERYBODY 0777
#define ALL_BITS  07777

static const char *mode_text;
static bool recursive;

/* ---- modes ---- */

/* Reads at most four octal digits; false if text is anything else. */
static bool parse_number(const char *text, mode_t *mode)
{
    mode_t value = 0;
    size_t length = strspn(text, "01234567");
    for (size_t i = 0; i < length; i++)
        value = value * 8 + (mode_t)(text[i] - '0');
    if (!length || text[length] || length > 4)
        return false;
    *mode = value;
    return true;
}

/* The bits of all that the letters u, g, o, a at *at name; moves it past them. */
static mode_t take_who(const char **at)
{
    mode_t who = 0;
    for (; **at && strchr("ugoa", **at); ++*at)
        who |= **at == 'u' ? 0700 : **at == 'g' ? 0070 : **at == 'o' ? 0007 : EVERYBODY;
    if (who)
        return who;
    mode_t mask = umask(0);
    umask(mask);
    return EVERYBODY & ~mask;
}

/* The bits that the letters r, w, x, X at *at name for everybody. X: x for what is executable already, and folders. */
static mode_t take_rights(const char **at, mode_t old)
{
    mode_t rights = 0;
    bool searched = S_ISDIR(old) || (old & 0111);
    for (; **at && strchr("rwxX", **at); ++*at)
        rights |= **at == 'r' ? 0444 : **at == 'w' ? 0222 : **at == 'x' || searched ? 0111 : 0;
    return rights;
}

/* Carries out changes like u+x,go-w on *mode; false if text is something else. */
static bool change(const char *text, mode_t *mode)
{
    for (;; text++) {
        mode_t who = take_who(&text);
        if (!*text || !strchr("+-=", *text))
            return false;
        while (*text && strchr("+-=", *text)) {
            char how = *text++;
            mode_t rights = take_rights(&text, *mode) & who;
            if (how == '=')
                *mode &= ~who;
            *mode = how == '-' ? *mode & ~rights : *mode | rights;
        }
        if (*text != ',')
            return !*text;
    }
}

/* ---- files ---- */

static bool set_mode(const char *path, void *context)
{
    struct stat status;
    if ((recursive ? lstat : stat)(path, &status) < 0) {
        app_warn_errno("%s", path);
        return false;
    }
    mode_t mode = status.st_mode;
    if (S_ISLNK(mode))
        return true; /* what it leads to has a mode, and may be elsewhere */
    if (!parse_number(mode_text, &mode))
        change(mode_text, &mode);
    bool good = chmod(path, mode & ALL_BITS) == 0;
    if (!good)
        app_warn_errno("cannot change the mode of '%s'", path);
    if (recursive && S_ISDIR(status.st_mode))
        good = path_visit_entries(path, set_mode, NULL) && good;
    return good;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    char **operand = argv + 1;
    recursive = *operand && strcmp(*operand, "-R") == 0; /* no getopt: -x may be a mode */
    operand += recursive;
    mode_t mode = 0;
    if (!*operand || !operand[1])
        app_usage(synopsis);
    mode_text = *operand++;
    if (!parse_number(mode_text, &mode) && !change(mode_text, &mode))
        app_die("bad mode '%s': a number like 755 or changes like u+x,go-w are needed", mode_text);
    bool good = true;
    for (; *operand; operand++)
        good = set_mode(*operand, NULL) && good;
    return app_finish(good ? 0 : 1);
}
