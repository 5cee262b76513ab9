/*
 * A plain machine: coherent harts, memory and devices, laid out as QEMU's `virt` board, so that the same firmware,
 * kernel and initrd boot on both. A tile of a larger machine is composed of the same parts.
 *
 * Harts run in turn, each for a slice of simulated time that ends at the next event at the latest. Slices are short as
 * long as harts contend for lines of memory, so that each feels the others. All of it happens in the caller's thread,
 * in an order that depends on nothing but the inputs.
 */
#ifndef MACHINE_BOARD_MACHINE_H
#define MACHINE_BOARD_MACHINE_H

#include "machine/core/code.h"
#include "machine/core/hart.h"
#include "machine/core/params.h"
#include "machine/dev/clint.h"
#include "machine/dev/ns16550.h"
#include "machine/dev/plic.h"
#include "machine/dev/rtc.h"
#include "machine/dev/syscon.h"
#include "machine/dev/virtio.h"
#include "machine/mem/bus.h"
#include "machine/mem/event.h"

#define MACHINE_MAX_HARTS    64
#define MACHINE_VIRTIO_SLOTS 8
#define MACHINE_MAX_DEVICES  32

/* The memory map, as on QEMU's virt. */
#define MACHINE_ROM_BASE    UINT64_C(0x1000)
#define MACHINE_ROM_SIZE    UINT64_C(0xf000)
#define MACHINE_SYSCON_BASE UINT64_C(0x100000)
#define MACHINE_RTC_BASE    UINT64_C(0x101000)
#define MACHINE_CLINT_BASE  UINT64_C(0x2000000)
#define MACHINE_PLIC_BASE   UINT64_C(0xc000000)
#define MACHINE_UART_BASE   UINT64_C(0x10000000)
#define MACHINE_VIRTIO_BASE UINT64_C(0x10001000)
#define MACHINE_RAM_BASE    UINT64_C(0x80000000)

enum machine_stop {
    MACHINE_RUNS,
    MACHINE_POWERED_OFF, /* by the guest; exit_code is its */
    MACHINE_RESET,       /* asked for by the guest */
    MACHINE_STUCK,       /* all harts wait and nothing is going to happen */
    MACHINE_LIMIT,       /* the cycle limit was reached */
    MACHINE_INTERRUPTED, /* by machine_interrupt(): debugger, signal, region of interest */
};

struct hierarchy;

struct machine_config {
    unsigned harts;
    uint64_t ram_size;       /* bytes, multiple of 4096 */
    uint64_t clock_hz;       /* of cores and everything else; a multiple of timebase_hz */
    uint64_t timebase_hz;    /* of the `time` counter */
    uint64_t quantum;        /* cycles a hart runs before the next one does */
    uint64_t quantum_shared; /* the same while harts take lines from each other */
    uint64_t virtio_latency; /* cycles */
    uint64_t disk_rate;      /* bytes per second; 0: without bound */
    uint64_t serial_hz;      /* clock of the serial port; 0: it sends in no time */
    uint64_t rtc_start;      /* date at reset, nanoseconds since 1970 */
    uint64_t seed;           /* of pseudo-random devices */
    bool timed;              /* with the timing model */
    struct timing_params timing;
};

/* A configuration with all defaults. */
struct machine_config machine_default_config(void);

struct machine {
    struct machine_config config;
    struct bus bus;
    struct event_queue events;
    struct clock clock;
    struct code_cache code;
    struct ram *ram;
    struct hierarchy *hierarchy; /* NULL without the timing model */
    struct hart *harts[MACHINE_MAX_HARTS];
    struct hart *running; /* the hart whose slice it is; NULL between slices */
    uint64_t now;         /* cycles; while a hart runs, its own counter is the time */
    uint64_t until;       /* end of the present slice */
    uint64_t contended;   /* hierarchy.contended when the present turns began */
    uint64_t stop;        /* enum machine_stop */
    unsigned exit_code;
    struct clint clint;
    struct plic plic;
    struct ns16550 uart;
    struct rtc rtc;
    struct syscon syscon;
    struct virtio virtio[MACHINE_VIRTIO_SLOTS];
    struct device devices[MACHINE_MAX_DEVICES];
    unsigned device_count;
    void (*idle)(void *ctx, uint64_t cycles); /* nothing to do for so long; NULL, or for interactive use */
    void *idle_ctx;
    void (*poll)(void *ctx); /* called now and then, without influence on the machine; NULL, or for progress and such */
    void *poll_ctx;
    uint64_t polled;
    void (*mark)(void *ctx, struct hart *h, unsigned number); /* a program executed a mark (hw/mosaic_marks.h) */
    void *mark_ctx;
    char bootargs[1024];
    uint64_t initrd_start, initrd_end; /* 0: none */
};

/*
 * Makes a machine; `send` receives the serial port's output. Returns NULL, with *error a text, if the configuration
 * is impossible or the host has no memory for it.
 */
struct machine *machine_create(const struct machine_config *config, void (*send)(void *ctx, uint8_t byte),
                               void *send_ctx, const char **error);
void machine_destroy(struct machine *m);

/* Puts a virtio device into a slot (below MACHINE_VIRTIO_SLOTS), which must be empty, before the machine runs. */
struct virtio *machine_attach(struct machine *m, unsigned slot, const struct virtio_class *cls, void *device);

/* Adds one more device at `base`. Returns false if there is no room for it. */
bool machine_add_device(struct machine *m, uint64_t base, uint64_t size, const struct device_ops *ops, void *self,
                        struct device d);

/* Resets harts and devices; harts start in the ROM. Memory is kept. */
void machine_reset(struct machine *m);

/* Runs until something stops the machine, or cycle `limit`. Returns why; the reason is cleared by the next call. */
enum machine_stop machine_run(struct machine *m, uint64_t limit);

/* Makes machine_run() return soon; safe in signal handlers. */
void machine_interrupt(struct machine *m);

/* The present time in cycles. */
uint64_t machine_now(const struct machine *m);

/* Instructions retired by all harts. */
uint64_t machine_instructions(const struct machine *m);

/* Writes the device tree to `blob`. Returns its size, or a negative libfdt error. */
int machine_device_tree(struct machine *m, struct fdt *tree);

#endif
