/* The line editor: one line of the terminal, in raw mode, scrolled sideways when it is too long.
 *
 *   prompt $ cat some/very/long/na
 *   <-width-><------- room ------>   the part of the line from `first` on is what is seen
 *
 * A byte typed at the end of the line is echoed alone; every other change prints the line anew, in one write. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "apps/sh/sh.h"

#define CONTROL(letter) ((letter)&0x1f)

/* Keys beyond single bytes. */
enum key {
    KEY_FAILED = -2,
    KEY_END_OF_INPUT = -1,
    KEY_ENTER = '\r',
    KEY_BACKSPACE = 127,
    KEY_LEFT = 256,
    KEY_RIGHT,
    KEY_UP,
    KEY_DOWN,
    KEY_HOME,
    KEY_END,
    KEY_DELETE,
    KEY_WORD_LEFT,
    KEY_WORD_RIGHT,
    KEY_UNKNOWN,
};

struct editor {
    const char *prompt;
    char line[4096];
    size_t length, cursor; /* in bytes */
    size_t first;          /* the first byte that is seen */
    size_t history;        /* the entry that is shown; history_count(): the new line */
    char *kept;            /* the new line, while an entry is shown */
    bool listed;           /* the last key was a Tab that had several answers */
};

static struct termios cooked;

bool edit_start(void)
{
    const char *terminal = var_get("TERM");
    if (terminal && strcmp(terminal, "dumb") == 0)
        return false;
    return isatty(STDOUT_FILENO) && tcgetattr(STDIN_FILENO, &cooked) == 0;
}

static bool set_raw(void)
{
    struct termios raw = cooked;
    raw.c_iflag &= ~(ICRNL | INLCR | IXON | ISTRIP | BRKINT);
    raw.c_lflag &= ~(ECHO | ICANON | IEXTEN | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

/* ---- what is seen ---- */

/* Columns of length bytes: in UTF-8, bytes 10xxxxxx continue a character. */
static size_t columns(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += (text[i] & 0xc0) != 0x80;
    return count;
}

static bool continues_character(const struct editor *editor, size_t at)
{
    return at < editor->length && (editor->line[at] & 0xc0) == 0x80;
}

static size_t previous_character(const struct editor *editor, size_t at)
{
    do
        at--;
    while (at > 0 && continues_character(editor, at));
    return at;
}

static size_t next_character(const struct editor *editor, size_t at)
{
    do
        at++;
    while (continues_character(editor, at));
    return at;
}

static void put(const char *text, size_t length)
{
    io_write_full(STDOUT_FILENO, text, length);
}

static size_t room(const struct editor *editor)
{
    size_t width = terminal_width(STDOUT_FILENO), used = columns(editor->prompt, strlen(editor->prompt)) + 1;
    return width > used + 10 ? width - used : 10;
}

static void refresh(struct editor *editor)
{
    struct scratch_mark mark = scratch_mark();
    struct text text = {0};
    size_t seen = room(editor);
    if (editor->cursor < editor->first)
        editor->first = editor->cursor;
    while (columns(editor->line + editor->first, editor->cursor - editor->first) > seen)
        editor->first = next_character(editor, editor->first);
    size_t end = editor->first;
    while (end < editor->length && columns(editor->line + editor->first, end - editor->first) < seen)
        end = next_character(editor, end);
    text_add(&text, '\r');
    text_add_string(&text, editor->prompt);
    text_add_bytes(&text, editor->line + editor->first, end - editor->first);
    text_add_string(&text, "\033[K");
    size_t back = columns(editor->line + editor->cursor, end - editor->cursor);
    if (back)
        text_add_string(&text, scratch_format("\033[%zuD", back));
    put(text.data, text.length);
    scratch_release(mark);
}

/* ---- keys ---- */

static int read_byte(void)
{
    unsigned char byte;
    ssize_t got = io_read(STDIN_FILENO, &byte, 1);
    return got == 1 ? byte : got == 0 ? KEY_END_OF_INPUT : KEY_FAILED;
}

/* ESC [ 3 ~ and the like; parameters other than the first do not matter here. */
static int key_of_number(int digit)
{
    int number = digit - '0', byte;
    while ((byte = read_byte()) >= 0 && (isdigit(byte) || byte == ';')) {
        if (isdigit(byte))
            number = number * 10 + byte - '0';
    }
    if (byte == 'C' || byte == 'D') /* ESC [ 1 ; 5 C: Ctrl and an arrow */
        return byte == 'C' ? KEY_WORD_RIGHT : KEY_WORD_LEFT;
    switch (number) {
    case 1:
    case 7:
        return KEY_HOME;
    case 4:
    case 8:
        return KEY_END;
    case 3:
        return KEY_DELETE;
    default:
        return KEY_UNKNOWN;
    }
}

static int key_of_letter(int byte)
{
    switch (byte) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'C':
        return KEY_RIGHT;
    case 'D':
        return KEY_LEFT;
    case 'H':
        return KEY_HOME;
    case 'F':
        return KEY_END;
    default:
        return KEY_UNKNOWN;
    }
}

static int read_escape(void)
{
    int byte = read_byte();
    if (byte == 'b' || byte == 'f') /* Alt */
        return byte == 'b' ? KEY_WORD_LEFT : KEY_WORD_RIGHT;
    if (byte != '[' && byte != 'O')
        return byte < 0 ? byte : KEY_UNKNOWN;
    byte = read_byte();
    return byte < 0 ? byte : isdigit(byte) ? key_of_number(byte) : key_of_letter(byte);
}

static int read_key(void)
{
    int byte = read_byte();
    return byte == '\033' ? read_escape() : byte;
}

/* ---- changes ---- */

static void insert(struct editor *editor, const char *text, size_t length)
{
    if (editor->length + length >= sizeof(editor->line))
        return;
    bool plain = editor->cursor == editor->length &&
                 columns(editor->line + editor->first, editor->length - editor->first) + length < room(editor);
    memmove(editor->line + editor->cursor + length, editor->line + editor->cursor, editor->length - editor->cursor);
    memcpy(editor->line + editor->cursor, text, length);
    editor->length += length;
    editor->cursor += length;
    if (plain)
        put(text, length);
    else
        refresh(editor);
}

static void erase(struct editor *editor, size_t from, size_t to)
{
    memmove(editor->line + from, editor->line + to, editor->length - to);
    editor->length -= to - from;
    editor->cursor = from;
    refresh(editor);
}

static void move(struct editor *editor, size_t to)
{
    editor->cursor = to;
    refresh(editor);
}

static size_t word_left(const struct editor *editor)
{
    size_t at = editor->cursor;
    while (at > 0 && editor->line[at - 1] == ' ')
        at--;
    while (at > 0 && editor->line[at - 1] != ' ')
        at--;
    return at;
}

static size_t word_right(const struct editor *editor)
{
    size_t at = editor->cursor;
    while (at < editor->length && editor->line[at] == ' ')
        at++;
    while (at < editor->length && editor->line[at] != ' ')
        at++;
    return at;
}

static void show_history(struct editor *editor, size_t index)
{
    if (index > history_count())
        return;
    if (editor->history == history_count())
        editor->kept = scratch_copy(editor->line, editor->length);
    editor->history = index;
    const char *text = index == history_count() ? editor->kept : history_entry(index);
    editor->length = strlen(text) < sizeof(editor->line) ? strlen(text) : sizeof(editor->line) - 1;
    memcpy(editor->line, text, editor->length);
    editor->first = 0;
    move(editor, editor->length);
}

/* ---- completion ---- */

static void list_candidates(struct editor *editor, const struct completion *completion)
{
    struct text text = {0};
    text_add(&text, '\n');
    for (size_t i = 0; i < completion->count; i++) {
        const char *name = completion->candidate[i], *slash = strrchr(name, '/');
        text_add_string(&text, slash && slash[1] ? slash + 1 : name);
        text_add_string(&text, i + 1 < completion->count ? "  " : "\n");
    }
    put(text.data, text.length);
    refresh(editor);
}

/* The first Tab completes as far as all candidates agree, the second lists them. */
static void complete(struct editor *editor)
{
    struct scratch_mark mark = scratch_mark();
    editor->line[editor->length] = '\0';
    struct completion completion = complete_word(editor->line, editor->cursor);
    size_t typed = editor->cursor - completion.start;
    if (completion.count > 0 && completion.common > typed) {
        const char *rest = completion.candidate[0] + typed;
        insert(editor, rest, completion.common - typed);
    }
    if (completion.count == 1 && completion.candidate[0][completion.common - 1] != '/')
        insert(editor, " ", 1);
    bool stuck = completion.count > 1 && completion.common <= typed;
    if (stuck && editor->listed)
        list_candidates(editor, &completion);
    editor->listed = stuck;
    scratch_release(mark);
}

/* ---- the editor ---- */

static void move_by_key(struct editor *editor, int key)
{
    if (key == KEY_HOME || key == CONTROL('A'))
        move(editor, 0);
    else if (key == KEY_END || key == CONTROL('E'))
        move(editor, editor->length);
    else if (key == KEY_WORD_LEFT)
        move(editor, word_left(editor));
    else if (key == KEY_WORD_RIGHT)
        move(editor, word_right(editor));
    else if ((key == KEY_LEFT || key == CONTROL('B')) && editor->cursor > 0)
        move(editor, previous_character(editor, editor->cursor));
    else if ((key == KEY_RIGHT || key == CONTROL('F')) && editor->cursor < editor->length)
        move(editor, next_character(editor, editor->cursor));
}

static void change_by_key(struct editor *editor, int key)
{
    switch (key) {
    case KEY_BACKSPACE:
    case CONTROL('H'):
        if (editor->cursor > 0)
            erase(editor, previous_character(editor, editor->cursor), editor->cursor);
        break;
    case KEY_DELETE:
    case CONTROL('D'):
        if (editor->cursor < editor->length)
            erase(editor, editor->cursor, next_character(editor, editor->cursor));
        break;
    case CONTROL('U'):
        erase(editor, 0, editor->cursor);
        break;
    case CONTROL('K'):
        erase(editor, editor->cursor, editor->length);
        break;
    case CONTROL('W'):
        erase(editor, word_left(editor), editor->cursor);
        break;
    case CONTROL('L'):
        put("\033[H\033[2J", 7);
        refresh(editor);
        break;
    case '\t':
        complete(editor);
        break;
    case KEY_UP:
    case CONTROL('P'):
        show_history(editor, editor->history - 1); /* before entry 0 is beyond all */
        break;
    case KEY_DOWN:
    case CONTROL('N'):
        show_history(editor, editor->history + 1);
        break;
    default:
        move_by_key(editor, key);
    }
}

static enum edit_result edit(struct editor *editor)
{
    for (;;) {
        int key = read_key();
        bool empty = editor->length == 0;
        if (key == KEY_FAILED)
            return EDIT_FAILED;
        if (key == KEY_END_OF_INPUT || (key == CONTROL('D') && empty))
            return EDIT_END;
        if (key == KEY_ENTER || key == '\n')
            return EDIT_LINE;
        if (key == CONTROL('C'))
            return EDIT_INTERRUPTED;
        editor->listed &= key == '\t';
        char byte = key;
        if (key < 256 && (key >= 128 || isprint(key)))
            insert(editor, &byte, 1);
        else
            change_by_key(editor, key);
    }
}

enum edit_result edit_line(const char *prompt, char **line)
{
    struct editor *editor = scratch_alloc(sizeof(*editor));
    editor->prompt = prompt;
    editor->history = history_count();
    if (!set_raw())
        return EDIT_FAILED;
    put(prompt, strlen(prompt));
    enum edit_result result = edit(editor);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &cooked);
    if (result == EDIT_INTERRUPTED)
        put("^C", 2);
    else if (result == EDIT_LINE || result == EDIT_END)
        put("\n", 1);
    *line = scratch_copy(editor->line, editor->length);
    return result;
}
