/* Line editing and output processing: see discipline.h. */
#include "servers/console/discipline.h"

#include "lib/base/string.h"
#include "proto/tty.h"

enum {
    CTRL_C = 3,
    CTRL_D = 4,
    BELL = 7,
    BACKSPACE = 8,
    CTRL_U = 21,
    CTRL_W = 23,
    CTRL_Z = 26,
    QUIT = 28,
    DELETE = 127
};
enum { SIGNAL_INT = 2, SIGNAL_QUIT = 3, SIGNAL_TSTP = 20 };
#define TAB_WIDTH 8

void discipline_init(struct discipline *d, void (*show)(const char *bytes, size_t n))
{
    memset(d, 0, sizeof *d);
    d->flags = TTY_ECHO | TTY_CANON | TTY_ISIG | TTY_OPOST | TTY_ICRNL;
    d->show = show;
}

static bool is_control(u8 byte)
{
    return byte < 32 || byte == DELETE;
}

/* Bytes of a UTF-8 character behind its first take no column. */
static bool is_continuation(u8 byte)
{
    return (byte & 0xc0) == 0x80;
}

/* ---- the screen ---- */

static void note_column(struct discipline *d, u8 byte)
{
    if (byte == '\r' || byte == '\n')
        d->column = 0;
    else if (byte == '\t')
        d->column += TAB_WIDTH - d->column % TAB_WIDTH;
    else if (byte == BACKSPACE)
        d->column -= d->column > 0;
    else if (!is_control(byte) && !is_continuation(byte))
        d->column++;
}

void discipline_show(struct discipline *d, const char *bytes, size_t n)
{
    size_t shown = 0;
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == '\n' && (d->flags & TTY_OPOST)) {
            d->show(bytes + shown, i - shown);
            d->show("\r", 1);
            shown = i;
        }
        note_column(d, (u8)bytes[i]);
    }
    d->show(bytes + shown, n - shown);
}

static void show_byte(struct discipline *d, u8 byte)
{
    char c = (char)byte;
    discipline_show(d, &c, 1);
}

/* Echo of a typed byte: control characters are named, as ^C. */
static void echo(struct discipline *d, u8 byte)
{
    if (!(d->flags & TTY_ECHO))
        return;
    if (is_control(byte) && byte != '\n' && byte != '\t') {
        show_byte(d, '^');
        byte ^= 0x40;
    }
    show_byte(d, byte);
}

/* Columns that the first n bytes of the line take on the screen. */
static u32 line_width(const struct discipline *d, u32 n)
{
    u32 column = d->line_column;
    for (u32 i = 0; i < n; i++) {
        u8 byte = d->line[i];
        if (byte == '\t')
            column += TAB_WIDTH - column % TAB_WIDTH;
        else if (!is_continuation(byte))
            column += is_control(byte) ? 2 : 1;
    }
    return column - d->line_column;
}

/* Cuts the line to n bytes, on the screen too. */
static void cut_line(struct discipline *d, u32 n)
{
    u32 columns = line_width(d, d->line_length) - line_width(d, n);
    d->line_length = n;
    if (d->flags & TTY_ECHO)
        while (columns--)
            discipline_show(d, "\b \b", 3);
}

/* ---- what is ready ---- */

static bool record_add(struct discipline *d, const u8 *bytes, u32 n)
{
    if (d->record_count == RECORDS_MAX || n > READY_MAX - d->ready_count)
        return false;
    for (u32 i = 0; i < n; i++)
        d->ready[(d->ready_first + d->ready_count++) % READY_MAX] = bytes[i];
    d->record[(d->record_first + d->record_count++) % RECORDS_MAX] = (u16)n;
    return true;
}

/* Raw input is one record that grows. */
static bool stream_add(struct discipline *d, u8 byte)
{
    if (!d->record_count)
        return record_add(d, &byte, 1);
    if (d->ready_count == READY_MAX)
        return false;
    d->ready[(d->ready_first + d->ready_count++) % READY_MAX] = byte;
    d->record[(d->record_first + d->record_count - 1) % RECORDS_MAX]++;
    return true;
}

bool discipline_ready(const struct discipline *d)
{
    return d->record_count > 0;
}

size_t discipline_peek(const struct discipline *d, char *to, size_t room)
{
    size_t n = d->record_count ? d->record[d->record_first] : 0;
    if (n > room)
        n = room;
    for (size_t i = 0; i < n; i++)
        to[i] = (char)d->ready[(d->ready_first + i) % READY_MAX];
    return n;
}

void discipline_consume(struct discipline *d, size_t n)
{
    if (!d->record_count)
        return;
    u16 *first = &d->record[d->record_first];
    if (n > *first)
        n = *first;
    bool whole = n == *first;
    *first -= (u16)n;
    d->ready_first = (d->ready_first + (u32)n) % READY_MAX;
    d->ready_count -= (u32)n;
    if (whole) {
        d->record_first = (d->record_first + 1) % RECORDS_MAX;
        d->record_count--;
    }
}

/* ---- typing ---- */

/* Gives the line to the programs; n = its bytes so far, with the newline or without. */
static void finish_line(struct discipline *d)
{
    if (!record_add(d, d->line, d->line_length))
        show_byte(d, BELL);
    d->line_length = 0;
}

static void add_to_line(struct discipline *d, u8 byte)
{
    bool is_end = byte == '\n';
    u32 limit = is_end ? LINE_MAX : LINE_MAX - 1; /* the last place is the newline's */
    if (d->line_length >= limit) {
        show_byte(d, BELL);
        return;
    }
    if (!d->line_length)
        d->line_column = d->column;
    d->line[d->line_length++] = byte;
    echo(d, byte);
    if (is_end)
        finish_line(d);
}

static void erase_character(struct discipline *d)
{
    u32 n = d->line_length;
    while (n && is_continuation(d->line[--n]))
        ;
    cut_line(d, n);
}

static void erase_word(struct discipline *d)
{
    u32 n = d->line_length;
    while (n && d->line[n - 1] == ' ')
        n--;
    while (n && d->line[n - 1] != ' ')
        n--;
    cut_line(d, n);
}

static void edit(struct discipline *d, u8 byte)
{
    switch (byte) {
    case BACKSPACE:
    case DELETE:
        erase_character(d);
        break;
    case CTRL_W:
        erase_word(d);
        break;
    case CTRL_U:
        cut_line(d, 0);
        break;
    case CTRL_D:
        finish_line(d);
        break; /* an empty line is the end of file */
    default:
        add_to_line(d, byte);
    }
}

static u32 signal_of(u8 byte)
{
    return byte == CTRL_C ? SIGNAL_INT : byte == QUIT ? SIGNAL_QUIT : byte == CTRL_Z ? SIGNAL_TSTP : 0;
}

/* A signal throws away what was typed before it. */
static void flush_input(struct discipline *d)
{
    d->line_length = 0;
    d->ready_count = d->record_count = 0;
}

u32 discipline_type(struct discipline *d, u8 byte)
{
    u32 signal = d->flags & TTY_ISIG ? signal_of(byte) : 0;
    if (signal) {
        flush_input(d);
        echo(d, byte);
        return signal;
    }
    if (byte == '\r' && (d->flags & TTY_ICRNL))
        byte = '\n';
    if (d->flags & TTY_CANON) {
        edit(d, byte);
    } else {
        echo(d, byte);
        if (!stream_add(d, byte))
            show_byte(d, BELL);
    }
    return 0;
}

/* All records become one, and the line in editing joins them. */
static void make_stream(struct discipline *d)
{
    d->record_first = 0;
    d->record[0] = (u16)d->ready_count;
    d->record_count = d->ready_count ? 1 : 0;
    for (u32 i = 0; i < d->line_length; i++)
        stream_add(d, d->line[i]);
    d->line_length = 0;
}

void discipline_set_flags(struct discipline *d, u32 flags)
{
    bool goes_raw = (d->flags & TTY_CANON) && !(flags & TTY_CANON);
    d->flags = flags;
    if (goes_raw)
        make_stream(d);
}
