/* The terminal or pipe on Mosaic's standard input and output, as the other end of a guest's serial port. */
#ifndef MACHINE_CLI_TERMINAL_H
#define MACHINE_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Puts a terminal on stdin into raw mode until the program ends. Returns whether stdin is a terminal. */
bool terminal_open(void);
void terminal_close(void);

/* From now on what the guest says is also written to a file. Returns false if that cannot be. */
bool terminal_copy(const char *path);

/* Sends a byte of the guest to stdout; flushed at line ends and by terminal_flush(). */
void terminal_put(void *unused, uint8_t byte);
void terminal_flush(void);

enum terminal_input {
    TERMINAL_NOTHING,
    TERMINAL_BYTES,
    TERMINAL_END,   /* nothing will ever come again */
    TERMINAL_QUIT,  /* the user typed Ctrl-A x */
    TERMINAL_BREAK, /* ... Ctrl-A b */
};

/* Takes what has been typed, without waiting. */
enum terminal_input terminal_get(uint8_t *bytes, size_t room, size_t *count);

/* Waits for input at most `microseconds`. */
void terminal_wait(uint64_t microseconds);

#endif
