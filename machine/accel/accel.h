/*
 * The support module of an accelerator: the state machine that lets a logic take part in the file protocol by itself.
 * It drives the tile's TCU through its registers, as a core would, each access taking time; see docs/accel.md.
 *
 * The tile gives it a port: register accesses and the tile's memory. It has no other connection to the world.
 */
#ifndef MACHINE_ACCEL_ACCEL_H
#define MACHINE_ACCEL_ACCEL_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/accel.h"
#include "machine/accel/logic.h"

struct accel_port {
    void *tile;
    uint64_t (*read)(void *tile, uint64_t reg, uint64_t now);
    void (*write)(void *tile, uint64_t reg, uint64_t value, uint64_t now);
    uint8_t *memory; /* ACCEL_MEMORY bytes */
};

enum accel_phase {
    ACCEL_STOPPED,
    ACCEL_CHOOSE, /* looks for something to do at `due`, or when notified */
    ACCEL_ISSUE,  /* starts the prepared command at `due` */
    ACCEL_WAIT,   /* the TCU works */
};

/*
 * One side of the stream. Active: the piece that the other side offered us. Passive: the part of our buffer that we
 * offered. Bytes [at, at + length) of a window.
 */
struct accel_side {
    bool active;
    bool offered;              /* the piece exists */
    uint64_t at, length, done; /* done: bytes already transferred by us */
    bool asked;                /* active: our request is on its way */
    uint64_t refused;          /* active output: error of a NEXT_OUT asked in advance */
    int64_t request;           /* passive: slot offset of a request not yet answered, or -1 */
    uint64_t request_op;
};

struct accel_command { /* of the TCU */
    uint32_t opcode, ep;
    uint64_t arg0, arg1, addr, size;
};

struct accel {
    const struct accel_logic *logic;
    struct accel_port port;
    uint32_t mmio_cycles;    /* of one register access */
    uint32_t compute_cycles; /* per block */

    enum accel_phase phase;
    uint64_t due;
    struct accel_command command;
    uint8_t doing;       /* what the command is for */
    int64_t acknowledge; /* offset of a message to free, or -1 */

    int64_t reject; /* offset of a request that came too early, or -1 */

    struct accel_side in, out;
    uint32_t fill;     /* bytes in the input buffer */
    uint32_t pos, len; /* bytes of the output buffer passed on, and in it */
    bool eof;          /* no input will come */
    bool ended;        /* the end has been told downstream */
    bool computing;
    uint64_t computed;      /* when */
    uint64_t blocks, error; /* of this stream; error: enum error numbers, 0 none */
    uint64_t busy_cycles;   /* of the logic */
};

/* After reset of the machine: stopped, tables filled. */
void accel_init(struct accel *accel, const struct accel_logic *logic, const struct accel_port *port,
                uint32_t mmio_cycles);

/* TCU_EXT_START and TCU_EXT_STOP. Starting begins a new stream; endpoints are looked at once, now. */
void accel_start(struct accel *accel, uint64_t now);
void accel_stop(struct accel *accel, uint64_t now);

/* The TCU may have ended a command or got a message: to be called after each step of it. */
void accel_notify(struct accel *accel, uint64_t now);

/* When accel_advance is to be called next, or ~0. */
uint64_t accel_deadline(const struct accel *accel);
void accel_advance(struct accel *accel, uint64_t now);

/* What it does at present, for traces: a short constant text. */
const char *accel_doing(const struct accel *accel);

#endif
