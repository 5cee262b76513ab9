/* The terminal's line discipline (servers/console/discipline.c): editing, echo, records, signals, modes, floods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above first. */
#include <cmocka.h>

#include "proto/tty.h"
#include "servers/console/discipline.h"

static struct discipline d;
static char screen[1 << 16];
static size_t shown;

static void show(const char *bytes, size_t n)
{
    if (n > sizeof screen - 1 - shown)
        n = sizeof screen - 1 - shown;
    memcpy(screen + shown, bytes, n);
    shown += n;
    screen[shown] = 0;
}

static int begin(void **state)
{
    discipline_init(&d, show);
    shown = 0;
    screen[0] = 0;
    return 0;
}

static u32 type(const char *text)
{
    u32 signal = 0;
    for (; *text; text++)
        signal |= discipline_type(&d, (u8)*text);
    return signal;
}

/* The next record must be this text. */
static void expect_line(const char *text)
{
    char line[READY_MAX];
    assert_true(discipline_ready(&d));
    size_t n = discipline_peek(&d, line, sizeof line);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(line, text, n);
    discipline_consume(&d, n);
}

static void test_lines(void **state)
{
    type("one\r");
    assert_true(discipline_ready(&d));
    type("two");
    expect_line("one\n");
    assert_false(discipline_ready(&d));
    type("\n");
    expect_line("two\n");
    assert_string_equal(screen, "one\r\ntwo\r\n");
}

static void test_parts_of_a_line(void **state)
{
    char part[3];
    type("abcdef\nx\n");
    assert_int_equal(discipline_peek(&d, part, 3), 3);
    discipline_consume(&d, 3);
    expect_line("def\n");
    expect_line("x\n");
}

static void test_erase(void **state)
{
    type("ab\177c\b\177\177\177d\n");
    expect_line("d\n");
    assert_string_equal(screen, "ab\b \bc\b \b\b \bd\r\n");
}

static void test_erase_wide(void **state)
{
    type("a\303\244\177b\n"); /* a two-byte character goes as one */
    expect_line("ab\n");
    begin(NULL);
    type("ab\t\177c\001\177\n"); /* a tab by its columns, ^A by two */
    expect_line("abc\n");
    assert_string_equal(screen, "ab\t\b \b\b \b\b \b\b \b\b \b\b \bc^A\b \b\b \b\r\n");
}

static void test_erase_words_and_lines(void **state)
{
    type("one two  \027x\n");
    expect_line("one x\n");
    type("one two\025three\n");
    expect_line("three\n");
}

static void test_end_of_file(void **state)
{
    type("\004");
    expect_line("");
    assert_false(discipline_ready(&d));
    type("part\004"); /* in a line it only gives it on */
    expect_line("part");
    assert_false(discipline_ready(&d));
}

static void test_signals(void **state)
{
    type("typed\nhalf");
    assert_int_equal(type("\003"), 2);
    assert_false(discipline_ready(&d)); /* thrown away */
    assert_int_equal(type("\034"), 3);
    assert_int_equal(type("\032"), 20);
    type("x\n");
    expect_line("x\n");
    discipline_set_flags(&d, TTY_CANON);
    assert_int_equal(type("\003\n"), 0);
    expect_line("\003\n");
}

static void test_raw(void **state)
{
    type("line\nhalf");
    discipline_set_flags(&d, 0);
    expect_line("line\nhalf"); /* nothing typed is lost */
    type("\003\177\r");
    expect_line("\003\177\r");
    shown = 0;
    discipline_show(&d, "a\nb", 3);
    assert_memory_equal(screen, "a\nb", 3);
    discipline_set_flags(&d, TTY_ECHO);
    type("z");
    assert_memory_equal(screen + 3, "z", 1);
}

static void test_floods(void **state)
{
    for (int i = 0; i < 5000; i++)
        type("x");
    type("\n");
    char line[READY_MAX];
    assert_int_equal(discipline_peek(&d, line, sizeof line), LINE_MAX);
    assert_int_equal(line[LINE_MAX - 1], '\n');
    discipline_consume(&d, LINE_MAX);
    for (int i = 0; i < 1000; i++)
        type("y\n");
    for (int i = 0; i < RECORDS_MAX; i++)
        expect_line("y\n");
    assert_false(discipline_ready(&d));
}

/* Anything at all: no error of memory (sanitizers), and all that is ready can be read. */
static void test_random(void **state)
{
    char line[READY_MAX];
    srand(7);
    for (int i = 0; i < 300000; i++) {
        int what = rand() % 100;
        if (what == 0)
            discipline_set_flags(&d, (u32)rand() & 31);
        else if (what < 5)
            discipline_consume(&d, discipline_peek(&d, line, (size_t)(rand() % READY_MAX)));
        else
            discipline_type(&d, (u8)(what < 50 ? rand() : "ab \n\004\177\027\025"[rand() % 8]));
        shown = 0;
    }
    discipline_set_flags(&d, TTY_CANON | TTY_ISIG);
    while (discipline_ready(&d))
        discipline_consume(&d, discipline_peek(&d, line, sizeof line));
    assert_int_equal(d.ready_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_lines, begin),
        cmocka_unit_test_setup(test_parts_of_a_line, begin),
        cmocka_unit_test_setup(test_erase, begin),
        cmocka_unit_test_setup(test_erase_wide, begin),
        cmocka_unit_test_setup(test_erase_words_and_lines, begin),
        cmocka_unit_test_setup(test_end_of_file, begin),
        cmocka_unit_test_setup(test_signals, begin),
        cmocka_unit_test_setup(test_raw, begin),
        cmocka_unit_test_setup(test_floods, begin),
        cmocka_unit_test_setup(test_random, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
