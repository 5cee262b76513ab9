/*
 * The line discipline: what happens to bytes between the keyboard, the programs and the screen. Cooked (CANON): a line
 * is edited here and given to programs when it is complete. Raw: each byte is given on as it comes. No messages, no
 * memory but its own: what is to be shown goes through the `show` function, signals are results.
 *
 *   typed -> discipline_type -> [line being edited] -> [records ready to be read] -> discipline_peek, _consume
 *                     | echo
 *   written ----------+-> discipline_show -> show(bytes for the screen)
 */
#pragma once

#include "abi/types.h"

#define LINE_MAX    1024 /* bytes of a line; what is typed beyond them rings the bell */
#define READY_MAX   4096 /* bytes that wait to be read */
#define RECORDS_MAX 64   /* lines that wait to be read */

struct discipline {
    u32 flags; /* TTY_* of proto/tty.idl */
    void (*show)(const char *bytes, size_t n);
    u32 column; /* of the cursor: counted from what was shown */

    u8 line[LINE_MAX];
    u32 line_length;
    u32 line_column; /* where the line begins on the screen */

    u8 ready[READY_MAX]; /* ring; the records one behind the other */
    u32 ready_first, ready_count;
    u16 record[RECORDS_MAX]; /* ring of lengths; 0 = end of file */
    u32 record_first, record_count;
};

void discipline_init(struct discipline *d, void (*show)(const char *bytes, size_t n));

/* A byte was typed. Returns the signal that it means, 0 for none. */
u32 discipline_type(struct discipline *d, u8 byte);

/* Shows what a program writes. */
void discipline_show(struct discipline *d, const char *bytes, size_t n);

/* Sets the flags. What was typed already is not lost: going raw makes it readable. */
void discipline_set_flags(struct discipline *d, u32 flags);

/* True if there is something to read, be it the end of file. */
bool discipline_ready(const struct discipline *d);

/* Copies what a read gets: at most a line, at most `room` bytes. 0 bytes = end of file (or nothing ready). */
size_t discipline_peek(const struct discipline *d, char *to, size_t room);

/* n bytes of the first record were read; 0 takes an end of file away. */
void discipline_consume(struct discipline *d, size_t n);
