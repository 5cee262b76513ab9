/*
 * A mesh with one controller tile (driven by the test), one memory tile and four accelerators, and what a controller
 * program does with them: configure endpoints, answer requests, move data.
 */
#ifndef TESTS_ACCEL_STAGE_H
#define TESTS_ACCEL_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "machine/tile/mesh.h"

enum { CONTROLLER, MEMORY, FFT, MUL, IFFT, COPY, TILES };

#define IN_AT      0x10000u /* input stream in the memory tile */
#define OUT_AT     0x80000u /* output stream */
#define MAX_STREAM 0x40000u

/* The controller's endpoints and local memory. */
#define EP_RECV    8 /* requests and answers: 8 slots of 64 bytes */
#define EP_REPLIES 16
#define EP_SEND    24 /* + tile: requests to that tile */
#define EP_MEM     40
#define RECV_AT    0x100u
#define MESSAGE_AT 0x400u
#define DATA_AT    0x1000u

/* A stream of the controller acting as a file server: it offers pieces of at most `piece` bytes. */
struct stream {
    uint32_t size, piece; /* of input; of the room for output */
    uint32_t given, committed;
    bool ended;      /* output: the writer has told the end */
    uint64_t refuse; /* error for the next request, or 0 */
};

extern struct mesh *mesh;
extern struct stream input, output;

void stage_open(void);
void stage_close(void);
uint8_t *stage_memory(uint32_t at);

/* Endpoints of an accelerator: where it reads from and writes to. */
void connect_to_input(uint16_t tile);
void connect_to_output(uint16_t tile);
void connect_push(uint16_t from, uint16_t to); /* from writes into to's buffer */
void connect_pull(uint16_t from, uint16_t to); /* to reads from from's buffer */
void connect_passive(uint16_t tile, bool input_side);
void set_receive(uint16_t tile);
void start(uint16_t tile);

/* Serves input and output until nothing happens any more, or `limit` cycles are over; returns cycles used. */
uint64_t serve(uint64_t limit);

/* RPC of the controller to a passive side; the four words of the answer are in `reply`. */
enum tcu_error request(uint16_t tile, bool input_side, uint64_t op, uint64_t argument, uint64_t reply[4]);
enum tcu_error controller_command(enum tcu_opcode opcode, uint16_t ep, uint64_t arg0, uint64_t addr, uint64_t size,
                                  uint64_t arg1);
void window_of(uint16_t tile, uint64_t address, uint64_t size); /* EP_MEM */
uint64_t status(uint16_t tile, enum accel_status_word word);

/* What the accelerators should make of a stream. */
uint32_t apply(const char *logic, const uint8_t *in, uint32_t size, uint8_t *out);

#endif
