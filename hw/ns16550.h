/*
 * The NS16550A serial port: register map. Source: National Semiconductor PC16550D data sheet (June 1995), §8
 * "Registers". Register n stands at byte n << reg-shift of the device's memory (device tree property; 0 on QEMU virt).
 */
#pragma once

#define NS16550_RBR  0 /* read: receive buffer (DLAB = 0) */
#define NS16550_THR  0 /* write: transmit holding register (DLAB = 0) */
#define NS16550_DLL  0 /* divisor latch, low byte (DLAB = 1) */
#define NS16550_IER  1 /* interrupt enable (DLAB = 0) */
#define NS16550_DLM  1 /* divisor latch, high byte (DLAB = 1) */
#define NS16550_IIR  2 /* read: interrupt identification */
#define NS16550_FCR  2 /* write: FIFO control */
#define NS16550_LCR  3 /* line control */
#define NS16550_MCR  4 /* modem control */
#define NS16550_LSR  5 /* line status */
#define NS16550_MSR  6 /* modem status */
#define NS16550_SCR  7 /* scratch */
#define NS16550_REGS 8

/* IER, §8.6 */
#define NS16550_IER_RDA  0x01 /* received data available, or FIFO time-out */
#define NS16550_IER_THRE 0x02 /* transmit holding register (FIFO) empty */
#define NS16550_IER_RLS  0x04 /* receiver line status: overrun, parity, framing, break */
#define NS16550_IER_MS   0x08 /* modem status */

/* IIR, §8.5: bit 0 clear = an interrupt is pending, bits 1-3 tell which, in falling priority */
#define NS16550_IIR_NONE    0x01
#define NS16550_IIR_MASK    0x0f
#define NS16550_IIR_RLS     0x06
#define NS16550_IIR_RDA     0x04
#define NS16550_IIR_TIMEOUT 0x0c
#define NS16550_IIR_THRE    0x02 /* cleared by reading IIR or writing THR */
#define NS16550_IIR_MS      0x00
#define NS16550_IIR_FIFO    0xc0 /* both set: FIFOs are on */

/* FCR, §8.4 */
#define NS16550_FCR_ENABLE     0x01
#define NS16550_FCR_CLEAR_RX   0x02
#define NS16550_FCR_CLEAR_TX   0x04
#define NS16550_FCR_TRIGGER_1  0x00 /* receive interrupt at 1, 4, 8 or 14 bytes in the FIFO */
#define NS16550_FCR_TRIGGER_4  0x40
#define NS16550_FCR_TRIGGER_8  0x80
#define NS16550_FCR_TRIGGER_14 0xc0

/* LCR, §8.1 */
#define NS16550_LCR_DATA   0x03 /* data bits, less 5 */
#define NS16550_LCR_STOP2  0x04 /* two stop bits */
#define NS16550_LCR_PARITY 0x08 /* a parity bit */
#define NS16550_LCR_8N1    0x03 /* 8 data bits, no parity, one stop bit */
#define NS16550_LCR_DLAB   0x80 /* divisor latch access */

/* MCR, §8.7 */
#define NS16550_MCR_DTR  0x01
#define NS16550_MCR_RTS  0x02
#define NS16550_MCR_OUT2 0x08 /* on PCs the gate of the interrupt line */
#define NS16550_MCR_LOOP 0x10 /* loop back */

/* LSR, §8.3 */
#define NS16550_LSR_DR   0x01 /* data ready */
#define NS16550_LSR_OE   0x02 /* overrun error */
#define NS16550_LSR_PE   0x04 /* parity error */
#define NS16550_LSR_FE   0x08 /* framing error */
#define NS16550_LSR_BI   0x10 /* break */
#define NS16550_LSR_THRE 0x20 /* transmit holding register (FIFO) empty */
#define NS16550_LSR_TEMT 0x40 /* transmitter empty, shift register too */
#define NS16550_LSR_FIFO 0x80 /* an error somewhere in the receive FIFO */

#define NS16550_FIFO_SIZE 16 /* bytes of each FIFO, §1 */
