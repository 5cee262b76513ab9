/*
 * The command channel: frames over a byte stream between the launcher (tools/tessera) and this agent. Numbers are
 * little-endian. docs/launcher.md tells which frame answers which.
 *
 *    0        4      5              5 + length
 *   +--------+------+--------------+
 *   | length | type | payload      |
 *   +--------+------+--------------+
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX 65536 /* most bytes of payload */

enum frame_type {
    FRAME_HELLO = 'H',  /* agent: "tessera 2": ready for requests */
    FRAME_PUT = 'P',    /* launcher: u32 mode, u64 size, path; DATA frames and END follow */
    FRAME_GET = 'G',    /* launcher: path; answered by DATA frames and END */
    FRAME_EXEC = 'X',   /* launcher: command line for the shell; answered by OUT and ERR frames, then STATUS */
    FRAME_WINDOW = 'W', /* launcher: u32 rows, u32 columns of the user's terminal; not answered */
    FRAME_OFF = 'Q',    /* launcher: switch the machine off; answered by DONE */
    FRAME_DATA = 'D',   /* both: bytes of a file */
    FRAME_END = 'E',    /* both: u64 size and SHA-256 of the file that the DATA frames made */
    FRAME_OUT = 'O',    /* agent: bytes that the command wrote to stdout */
    FRAME_ERR = 'R',    /* agent: the same for stderr */
    FRAME_STATUS = 'S', /* agent: i32 exit status of the command */
    FRAME_DONE = 'K',   /* agent: OFF is under way */
    FRAME_FAIL = 'F',   /* agent: the request failed; u32 errno, message */
};

struct frame {
    enum frame_type type;
    uint32_t length;
    uint8_t payload[FRAME_MAX + 1]; /* a NUL stands behind it, for paths */
};

/* The channel is read from descriptor `in` and written to `out`. */
void channel_open(int in, int out);

/* Waits for the next frame; false at the end of the channel, or after a frame that cannot be. */
bool channel_receive(struct frame *frame);

/* Sends a frame, whole even if several threads send; ends the program if the channel is broken. */
void channel_send(enum frame_type type, const void *payload, size_t length);

/* Sends FAIL with this errno value. */
void channel_fail(int error, const char *what);

/* Little-endian numbers of frames. */
uint64_t channel_number(const uint8_t *from, int bytes);
void channel_put_number(uint8_t *to, uint64_t value, int bytes);
