/*
 * The NS16550A itself, without any service around it: FIFOs on the device's side, rings on ours, the interrupt between
 * them. Knows registers and bytes only; main.c connects it with interrupts and clients.
 */
#pragma once

#include "abi/types.h"
#include "lib/drv/ring.h"

/* What uart_interrupt and uart_read, uart_write want their caller to tell the client (proto/serial.idl, notify). */
#define UART_EVENT_INPUT 0x1 /* bytes have arrived where none waited */
#define UART_EVENT_ROOM  0x2 /* room again after a short write */
#define UART_EVENT_EMPTY 0x4 /* all has been sent */

struct uart {
    vaddr_t base;
    u32 reg_shift;    /* register n stands at n << reg_shift */
    bool short_write; /* the last write was cut: somebody waits for room */
    u32 lost;         /* bytes received but not kept, for want of room here or in the device */
    u32 breaks;
    struct ring rx, tx;
};

/* Resets the device: 8N1 at the rate that firmware chose, FIFOs on and empty, receive interrupts on. */
void uart_init(struct uart *uart, vaddr_t base, u32 reg_shift);

/* Serves the device until it wants nothing more, or has had its share for this time. Returns UART_EVENT_*. */
u32 uart_interrupt(struct uart *uart);

/* Moves up to `size` received bytes to `data`; returns how many. */
u32 uart_read(struct uart *uart, u8 *data, u32 size);

/* Takes up to `size` bytes for sending; returns how many: fewer than `size` if there is no room for more. */
u32 uart_write(struct uart *uart, const u8 *data, u32 size);
