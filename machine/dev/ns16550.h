/* The ns16550a serial port (hw/ns16550.h). What it sends goes to a function; what it shall receive is queued here. */
#ifndef MACHINE_DEV_NS16550_H
#define MACHINE_DEV_NS16550_H

#include "hw/ns16550.h"
#include "machine/dev/device.h"

#define NS16550_INPUT_MAX 65536
#define NS16550_BREAK     0x100 /* what was received was a break: a zero byte, and this mark until LSR is read */

/* Where the port is, what it is connected to, and what makes its time. */
struct ns16550_wiring {
    uint64_t base;
    uint32_t source; /* at the PLIC */
    struct irq_line irq;
    void (*send)(void *ctx, uint8_t byte);
    void *send_ctx;
    const struct clock *clock;
    uint64_t clock_hz; /* of the port, which the divisor divides; 0: sends in no time */
};

struct ns16550 {
    struct {
        uint8_t ier, lcr, mcr, scr, dll, dlm, fcr;
        uint8_t shifting; /* the byte on the line, while is_shifting */
        bool is_shifting;
        uint8_t unsent[NS16550_FIFO_SIZE];
        uint32_t unsent_count;
        bool thr_empty_pending; /* the interrupt for an empty transmitter is due */
        uint16_t fifo[NS16550_FIFO_SIZE]; /* bytes, with NS16550_BREAK */
        uint32_t fifo_count;
        uint32_t input_head, input_count; /* of what waits outside the FIFO, so that nothing is lost */
        uint16_t input[NS16550_INPUT_MAX];
    } state;
    struct ns16550_wiring to;
    struct event sent; /* the byte on the line has left */
};

extern const struct device_ops ns16550_ops;

void ns16550_init(struct ns16550 *u, const struct ns16550_wiring *wiring);

/* Bytes arrive on the line. Returns how many were taken: all that fit. */
size_t ns16550_receive(struct ns16550 *u, const uint8_t *bytes, size_t count);

/* A break arrives: the line is low for longer than a byte takes. It is lost if there is no room. */
void ns16550_receive_break(struct ns16550 *u);

struct device ns16550_device(struct ns16550 *u);

#endif
