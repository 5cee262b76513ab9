/*
 * The serial port. Sending takes the time that divisor and frame say; without a clock of its own it takes none, and the
 * transmitter is always empty. Received bytes wait in a queue and move to the 16-byte FIFO as the guest makes room, so
 * the line never overruns.
 */
#include "machine/dev/ns16550.h"

#include <string.h>

#include "machine/dev/fdt.h"
#include "machine/dev/snapshot.h"

#define CLOCK_HZ 3686400 /* what the device tree says if sending takes no time, as QEMU's does */

/* What is read next is a break, and nobody has been told yet. */
static bool at_break(const struct ns16550 *u)
{
    return u->state.fifo_count && (u->state.fifo[0] & NS16550_BREAK);
}

/* The pending interrupt of highest priority, as IIR tells it. */
static uint8_t pending(const struct ns16550 *u)
{
    if ((u->state.ier & NS16550_IER_RLS) && at_break(u))
        return NS16550_IIR_RLS;
    if ((u->state.ier & NS16550_IER_RDA) && u->state.fifo_count)
        return NS16550_IIR_RDA;
    if ((u->state.ier & NS16550_IER_THRE) && u->state.thr_empty_pending)
        return NS16550_IIR_THRE;
    return NS16550_IIR_NONE;
}

static void update(struct ns16550 *u)
{
    irq_set(&u->to.irq, pending(u) != NS16550_IIR_NONE);
}

static void refill(struct ns16550 *u)
{
    while (u->state.fifo_count < NS16550_FIFO_SIZE && u->state.input_count) {
        u->state.fifo[u->state.fifo_count++] = u->state.input[u->state.input_head];
        u->state.input_head = (u->state.input_head + 1) % NS16550_INPUT_MAX;
        u->state.input_count--;
    }
}

/* Queues a byte or a break. False: no room. */
static bool queue(struct ns16550 *u, uint16_t what)
{
    if (u->state.input_count == NS16550_INPUT_MAX)
        return false;
    u->state.input[(u->state.input_head + u->state.input_count++) % NS16550_INPUT_MAX] = what;
    return true;
}

size_t ns16550_receive(struct ns16550 *u, const uint8_t *bytes, size_t count)
{
    size_t taken = 0;

    while (taken < count && queue(u, bytes[taken]))
        taken++;
    refill(u);
    update(u);
    return taken;
}

void ns16550_receive_break(struct ns16550 *u)
{
    queue(u, NS16550_BREAK);
    refill(u);
    update(u);
}

static uint8_t pop(struct ns16550 *u)
{
    uint8_t byte = (uint8_t)u->state.fifo[0];

    if (!u->state.fifo_count)
        return 0;
    memmove(u->state.fifo, u->state.fifo + 1, --u->state.fifo_count * sizeof u->state.fifo[0]);
    refill(u);
    return byte;
}

/* --- sending --- */

/* Start bit, data, parity, stop bits. Cycles of the machine's clock. */
static uint64_t frame_cycles(const struct ns16550 *u)
{
    uint64_t divisor = u->state.dll | (uint64_t)u->state.dlm << 8;
    uint64_t data = 5 + (u->state.lcr & NS16550_LCR_DATA), parity = u->state.lcr & NS16550_LCR_PARITY ? 1 : 0;
    uint64_t stop = u->state.lcr & NS16550_LCR_STOP2 ? 2 : 1;
    uint64_t ticks = 16 * (divisor ? divisor : 1) * (1 + data + parity + stop);

    return (uint64_t)((unsigned __int128)ticks * u->to.clock->hz / u->to.clock_hz);
}

static void leave_line(struct ns16550 *u, uint8_t byte)
{
    if (u->state.mcr & NS16550_MCR_LOOP)
        ns16550_receive(u, &byte, 1);
    else
        u->to.send(u->to.send_ctx, byte);
}

static void start_shifting(struct ns16550 *u, uint8_t byte)
{
    u->state.shifting = byte;
    u->state.is_shifting = true;
    clock_schedule(u->to.clock, &u->sent, clock_now(u->to.clock) + frame_cycles(u));
}

/* The byte on the line has left; the next one follows. */
static void byte_sent(void *context)
{
    struct ns16550 *u = context;

    u->state.is_shifting = false;
    leave_line(u, u->state.shifting);
    if (u->state.unsent_count) {
        start_shifting(u, u->state.unsent[0]);
        memmove(u->state.unsent, u->state.unsent + 1, --u->state.unsent_count);
        u->state.thr_empty_pending |= u->state.unsent_count == 0;
    }
    update(u);
}

/* A byte that finds no room is lost, as on the real one. */
static void put(struct ns16550 *u, uint8_t byte)
{
    uint32_t room = u->state.fcr & NS16550_FCR_ENABLE ? NS16550_FIFO_SIZE : 1;

    if (u->to.clock_hz == 0)
        leave_line(u, byte);
    else if (!u->state.is_shifting)
        start_shifting(u, byte);
    else if (u->state.unsent_count < room)
        u->state.unsent[u->state.unsent_count++] = byte;
    u->state.thr_empty_pending = u->state.unsent_count == 0;
}

/* Somewhere in the FIFO there is a break that was not told yet. */
static bool has_break(const struct ns16550 *u)
{
    for (uint32_t i = 0; i < u->state.fifo_count; i++)
        if (u->state.fifo[i] & NS16550_BREAK)
            return true;
    return false;
}

/* Reading it takes the mark of a break away. */
static uint8_t read_lsr(struct ns16550 *u)
{
    uint8_t lsr = u->state.unsent_count ? 0 : NS16550_LSR_THRE;

    lsr |= u->state.unsent_count || u->state.is_shifting ? 0 : NS16550_LSR_TEMT;
    lsr |= u->state.fifo_count ? NS16550_LSR_DR : 0;
    lsr |= (u->state.fcr & NS16550_FCR_ENABLE) && has_break(u) ? NS16550_LSR_FIFO : 0;
    if (at_break(u)) {
        lsr |= NS16550_LSR_BI;
        u->state.fifo[0] &= 0xff;
    }
    return lsr;
}

/* --- registers --- */

static uint8_t read_iir(struct ns16550 *u)
{
    uint8_t iir = pending(u);

    if (iir == NS16550_IIR_THRE)
        u->state.thr_empty_pending = false;
    return iir | (u->state.fcr & NS16550_FCR_ENABLE ? NS16550_IIR_FIFO : 0);
}

static bool uart_read(void *device, uint64_t offset, unsigned size, uint64_t *value)
{
    struct ns16550 *u = device;
    bool dlab = u->state.lcr & NS16550_LCR_DLAB;

    switch (offset) {
    case NS16550_RBR:
        *value = dlab ? u->state.dll : pop(u);
        break;
    case NS16550_IER:
        *value = dlab ? u->state.dlm : u->state.ier;
        break;
    case NS16550_IIR:
        *value = read_iir(u);
        break;
    case NS16550_LCR:
        *value = u->state.lcr;
        break;
    case NS16550_MCR:
        *value = u->state.mcr;
        break;
    case NS16550_LSR:
        *value = read_lsr(u);
        break;
    case NS16550_MSR:
        *value = 0xb0; /* carrier, data set ready, clear to send */
        break;
    case NS16550_SCR:
        *value = u->state.scr;
        break;
    default:
        break;
    }
    update(u);
    return true;
}

static void write_ier(struct ns16550 *u, uint8_t value)
{
    if ((value & ~u->state.ier) & NS16550_IER_THRE)
        u->state.thr_empty_pending = u->state.unsent_count == 0; /* enabling it asks for it at once */
    u->state.ier = value & 15;
}

static void write_fcr(struct ns16550 *u, uint8_t value)
{
    if (value & NS16550_FCR_CLEAR_RX) {
        u->state.fifo_count = 0;
        refill(u);
    }
    if (value & NS16550_FCR_CLEAR_TX)
        u->state.unsent_count = 0;
    u->state.fcr = value;
}

static bool uart_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct ns16550 *u = device;
    bool dlab = u->state.lcr & NS16550_LCR_DLAB;
    uint8_t byte = (uint8_t)value;

    switch (offset) {
    case NS16550_THR:
        if (dlab)
            u->state.dll = byte;
        else
            put(u, byte);
        break;
    case NS16550_IER:
        if (dlab)
            u->state.dlm = byte;
        else
            write_ier(u, byte);
        break;
    case NS16550_FCR:
        write_fcr(u, byte);
        break;
    case NS16550_LCR:
        u->state.lcr = byte;
        break;
    case NS16550_MCR:
        u->state.mcr = byte & 31;
        break;
    case NS16550_SCR:
        u->state.scr = byte;
        break;
    default:
        break;
    }
    update(u);
    return true;
}

const struct device_ops ns16550_ops = {"ns16550", uart_read, uart_write};

static void reset(void *self)
{
    struct ns16550 *u = self;

    memset(&u->state, 0, sizeof u->state);
    clock_schedule(u->to.clock, &u->sent, EVENT_NEVER);
    update(u);
}

void ns16550_init(struct ns16550 *u, const struct ns16550_wiring *w)
{
    *u = (struct ns16550){.to = *w};
    event_init(&u->sent, byte_sent, u);
}

static void describe(void *self, struct fdt *t)
{
    struct ns16550 *u = self;

    dt_begin_at(t, "serial", u->to.base);
    dt_string(t, "compatible", "ns16550a");
    dt_reg(t, u->to.base, 0x100);
    dt_u32(t, "clock-frequency", u->to.clock_hz ? (uint32_t)u->to.clock_hz : CLOCK_HZ);
    dt_irq(t, u->to.source);
    dt_end(t);
}

static void snapshot(void *self, struct snapshot *shot)
{
    struct ns16550 *u = self;
    uint64_t due = u->sent.index ? u->sent.at : EVENT_NEVER;

    snapshot_state(shot, "ns16550", &u->state);
    snapshot_bytes(shot, &due, sizeof due);
    if (!shot->saving)
        clock_schedule(u->to.clock, &u->sent, due);
    if (u->state.unsent_count > NS16550_FIFO_SIZE)
        shot->failed = true;
    u->state.fifo_count %= NS16550_FIFO_SIZE + 1;
    u->state.input_head %= NS16550_INPUT_MAX;
    u->state.input_count %= NS16550_INPUT_MAX + 1;
}

struct device ns16550_device(struct ns16550 *u)
{
    return (struct device){u, describe, snapshot, reset};
}
