/*
 * The image-processing chains of the demonstration: memory -> fft -> mul -> ifft -> memory, once or several times side
 * by side, driven by the controller in one of two ways. Where everything is, for chains.c and its two ways.
 */
#ifndef MACHINE_DEMO_CHAINS_H
#define MACHINE_DEMO_CHAINS_H

#include "hw/accel.h"
#include "machine/demo/demo.h"

#define CHAINS        4
#define STAGES        3
#define BLOCKS        32    /* of 512 samples, for each chain */
#define REAL_BLOCK    2048u /* bytes of 512 float32 */
#define COMPLEX_BLOCK 4096u
#define STREAM        (BLOCKS * REAL_BLOCK)

/* chains.tiles: each row of the mesh has a chain in columns 1 to 3, in order. */
#define MEMORY_TILE 4
static inline uint32_t stage_tile(uint32_t chain, uint32_t stage)
{
    return 4 * chain + 1 + stage;
}

/* Streams in the memory tile. */
static inline uint64_t input_at(uint32_t chain)
{
    return (uint64_t)chain * 0x40000;
}
static inline uint64_t output_at(uint32_t chain, bool assisted)
{
    return (assisted ? 0x400000 : 0x200000) + (uint64_t)chain * 0x40000;
}

/* Endpoints of the controller. */
enum {
    EP_MESSAGES = 8,  /* requests and answers of all accelerators: 32 slots */
    EP_REPLIES = 16,  /* ..47 */
    EP_SESSIONS = 48, /* assisted: two for each accelerator, to its input and its output */
    EP_WINDOWS = 72,  /* assisted: the same, its input and output buffer */
    EP_STREAMS = 96,  /* assisted: two for each chain, its input and output stream */
};

/* The next message; sleeps until there is one. What was asleep is added to `slept`. */
extern uint64_t slept;
uint64_t next_message(void);
/* Label and words of the message at `offset`. */
uint64_t message_label(uint64_t offset);
uint64_t message_word(uint64_t offset, uint32_t index);

/* Answers the request at `offset` in the form of the file protocol. */
void answer(uint64_t offset, uint64_t error, uint64_t at, uint64_t length);

/* What is common to both ways: an accelerator's receive endpoint, and its start. */
void stage_set_up(uint32_t tile);
void stage_stop(uint32_t tile);

void run_autonomous(uint32_t chains);
void run_assisted(uint32_t chains);

#endif
