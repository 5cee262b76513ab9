/*
 * What the bare-metal demonstration programs share: their TCU's commands, configuration of other tiles, and text on the
 * serial port. Meant to be read as a minimal example of how software uses a TCU.
 */
#ifndef MACHINE_DEMO_DEMO_H
#define MACHINE_DEMO_DEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hw/tcu.h"

/* An endpoint of this tile kept for access to other tiles' registers. */
#define DEMO_EP_SCRATCH 4

/* Registers of this tile's TCU. */
static inline uint64_t tcu_get(uint64_t reg)
{
    return *(volatile uint64_t *)(TCU_CORE_MMIO + reg);
}

static inline void tcu_put(uint64_t reg, uint64_t value)
{
    *(volatile uint64_t *)(TCU_CORE_MMIO + reg) = value;
}

/* Starts a command; waits for its end and returns its error. */
void tcu_start(enum tcu_opcode opcode, uint32_t ep, uint64_t arg0);
enum tcu_error tcu_wait(void);

enum tcu_error tcu_send(uint32_t ep, const void *message, uint64_t size, uint32_t reply_ep, uint64_t reply_label);
enum tcu_error tcu_reply(uint32_t ep, uint64_t offset, const void *message, uint64_t size);
/* Copies between local memory (which may cross pages) and offset `at` of a memory endpoint. */
enum tcu_error tcu_read(uint32_t ep, void *local, uint64_t size, uint64_t at);
enum tcu_error tcu_write(uint32_t ep, const void *local, uint64_t size, uint64_t at);
/* The offset of the next message, or TCU_NO_MESSAGE. */
uint64_t tcu_fetch(uint32_t ep);
enum tcu_error tcu_ack(uint32_t ep, uint64_t offset);
/* Suspends the core until a message comes. */
void tcu_sleep(void);

static inline bool tcu_has_message(uint32_t ep)
{
    return TCU_GET(tcu_get(TCU_REG_EP(ep) + 16), TCU_RECV_UNREAD) != 0;
}

/* Endpoints as the three words of their registers. */
struct endpoint {
    uint64_t r[3];
};
struct endpoint endpoint_send(uint32_t tile, uint32_t ep, uint32_t credits, uint32_t msg_log2, uint64_t label);
struct endpoint endpoint_receive(uint64_t buffer, uint32_t slots_log2, uint32_t slot_log2, uint32_t reply_eps);
struct endpoint endpoint_memory(uint32_t tile, uint64_t address, uint64_t size, uint32_t flags);

/* Configures an endpoint of this tile, or of another one; the controller's right. */
void set_local(uint32_t ep, struct endpoint endpoint);
void set_remote(uint32_t tile, uint32_t ep, struct endpoint endpoint);
/* Takes a tile's right to configure itself, and starts or stops its core or accelerator. */
void tile_deprivilege(uint32_t tile);
void tile_reset(uint32_t tile, uint32_t start);

/* Time in nanoseconds, the same on all tiles; at 1 GHz, cycles. */
static inline uint64_t now(void)
{
    return tcu_get(TCU_REG_CUR_TIME);
}

/* Serial port; numbers right-aligned to `width`. */
void print(const char *text);
void print_number(uint64_t value, int width);

/* A figure for tools/bench. */
void print_figure(const char *name, uint64_t value);

/* Ends the simulation with that status. */
void demo_exit(int status);

/* Ends it with a message if an operation failed. */
void must(enum tcu_error error, const char *what);

int main(void);

#endif
