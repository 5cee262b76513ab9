/* tr: copies stdin to stdout with bytes replaced, deleted or squeezed. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apps/lib/app.h"

static const char synopsis[] = "tr [-cds] SET1 [SET2]";

#define BYTES 256

/* The bytes of a set, in order; they may repeat. */
struct set {
    unsigned char byte[4 * BYTES];
    size_t count;
};

static void add(struct set *set, int byte)
{
    if (set->count == sizeof(set->byte))
        app_die("a set has more than %zu bytes", sizeof(set->byte));
    set->byte[set->count++] = (unsigned char)byte;
}

static bool add_class(struct set *set, const char *name, size_t length)
{
    static const struct {
        const char *name;
        int (*holds)(int);
    } classes[] = {{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
                   {"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
                   {"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit}};
    for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
        if (strlen(classes[i].name) != length || strncmp(classes[i].name, name, length) != 0)
            continue;
        for (int byte = 0; byte < BYTES; byte++)
            if (classes[i].holds(byte))
                add(set, byte);
        return true;
    }
    return false;
}

/* The class [:NAME:] that stands at text; returns what follows it, NULL if there is none. */
static const char *take_class(struct set *set, const char *text)
{
    const char *end = strncmp(text, "[:", 2) == 0 ? strstr(text + 2, ":]") : NULL;
    if (!end)
        return NULL;
    if (!add_class(set, text + 2, (size_t)(end - text) - 2))
        app_die("there is no class '%.*s'", (int)(end - text) + 2, text);
    return end + 2;
}

static int take_byte(const char **text)
{
    unsigned char byte = (unsigned char)*(*text)++;
    if (byte != '\\' || !**text)
        return byte;
    return strchr("abfnrtv\\01234567", **text) ? escape_take(text, false) & 0xff : (unsigned char)*(*text)++;
}

static void parse_set(struct set *set, const char *text)
{
    while (*text) {
        const char *behind = take_class(set, text);
        if (behind) {
            text = behind;
            continue;
        }
        int first = take_byte(&text), last = first;
        if (*text == '-' && text[1]) {
            text++;
            last = take_byte(&text);
        }
        if (last < first)
            app_die("the range %c-%c is empty", first, last);
        for (int byte = first; byte <= last; byte++)
            add(set, byte);
    }
}

static void complement(struct set *set)
{
    struct set others = {0};
    for (int byte = 0; byte < BYTES; byte++)
        if (!memchr(set->byte, byte, set->count))
            add(&others, byte);
    *set = others;
}

/* What becomes of each byte. */
static struct {
    unsigned char to[BYTES];
    bool deleted[BYTES], squeezed[BYTES];
} plan;

/* The last byte of the second set stands for what the first has more. */
static void plan_replacing(const struct set *from, const struct set *to)
{
    for (size_t i = 0; i < from->count; i++)
        plan.to[from->byte[i]] = to->byte[i < to->count ? i : to->count - 1];
}

static void mark(bool marks[BYTES], const struct set *set)
{
    for (size_t i = 0; i < set->count; i++)
        marks[set->byte[i]] = true;
}

static bool translate(int fd, const char *name)
{
    static unsigned char piece[APP_PIECE];
    int last = -1;
    ssize_t got;
    while ((got = io_read(fd, piece, sizeof(piece))) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            unsigned char byte = plan.to[piece[i]];
            if (plan.deleted[piece[i]] || (plan.squeezed[byte] && byte == last))
                continue;
            last = byte;
            putchar(byte);
        }
    }
    if (got < 0)
        app_warn_errno("%s", name);
    return got == 0;
}

int main(int argc, char **argv)
{
    static bool option[128];
    static struct set first, second;
    app_start(argv[0]);
    for (int letter; (letter = getopt(argc, argv, "cds")) != -1;)
        option[letter] = true;
    int sets = argc - optind;
    int wanted = option['d'] ? 1 + option['s'] : 2 - option['s'];
    if (option['?'] || sets < wanted || sets > (option['d'] ? wanted : 2))
        app_usage(synopsis);
    parse_set(&first, argv[optind]);
    if (sets == 2)
        parse_set(&second, argv[optind + 1]);
    if (option['c'])
        complement(&first);
    for (int byte = 0; byte < BYTES; byte++)
        plan.to[byte] = (unsigned char)byte;
    if (option['d'])
        mark(plan.deleted, &first);
    else if (sets == 2 && !second.count)
        app_die("SET2 is empty");
    else if (sets == 2)
        plan_replacing(&first, &second);
    if (option['s'])
        mark(plan.squeezed, sets == 2 ? &second : &first);
    return app_finish(io_visit_files((char *[]){NULL}, translate));
}
