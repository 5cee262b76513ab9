/*
 * Recording and replaying what enters from outside, with the cycle at which it did. For serial port and console ports,
 * the machine asks at cycles that depend only on what it does, so a replayed run asks the same and gets the same.
 * Frames of the network come at cycles of their own: a second reader of the same log looks ahead for them.
 *
 * A log is a header, then entries: cycle (64 bits), channel, count (32 bits each), bytes.
 */
#ifndef MACHINE_CLI_INPUT_LOG_H
#define MACHINE_CLI_INPUT_LOG_H

#include <stdio.h>

#include "machine/board/machine.h"

#define INPUT_LOG_SERIAL 0    /* channel of the serial port; a console port's is its number */
#define INPUT_LOG_FRAMES 1000 /* of the network */
#define INPUT_LOG_BREAK  1001 /* breaks on the serial line: one byte, which says nothing */
#define INPUT_LOG_MAX    4096

struct input_log {
    struct machine *machine;
    FILE *record, *replay; /* at most one of them */
    bool only_frames;      /* replay: of the network; else everything but these */
    struct {
        uint64_t cycle;
        uint32_t channel, count;
    } next; /* entry to replay; count 0: none left */
    uint8_t bytes[INPUT_LOG_MAX];
};

/* Opens the log to record to, or to replay from; NULL paths mean neither. Returns NULL, or a text that says a problem.
 */
const char *input_log_open(struct input_log *l, struct machine *m, const char *record, const char *replay);
void input_log_close(struct input_log *l);

/* Opens a log for its frames, which input_log_next_frame() tells. */
const char *input_log_open_frames(struct input_log *l, const char *replay);

/* When the next frame came, and the frame in l->bytes; false: there are no more. input_log_drop_frame() goes on. */
bool input_log_next_frame(const struct input_log *l, uint64_t *cycle, size_t *count);
void input_log_drop_frame(struct input_log *l);

/* Whether real input is to be looked for at all. */
bool input_log_is_live(const struct input_log *l);

/* Notes input that came in on a channel, now or at `cycle`. */
void input_log_note(struct input_log *l, uint32_t channel, const uint8_t *bytes, size_t count);
void input_log_note_at(struct input_log *l, uint64_t cycle, uint32_t channel, const uint8_t *bytes, size_t count);

/* What came in on a channel at this cycle of the recorded run. Returns the number of bytes. */
size_t input_log_take(struct input_log *l, uint32_t channel, uint8_t *bytes, size_t room);

#endif
