/*
 * The state of one hardware thread, and what the other parts of the simulator may do with it.
 *
 * A hart is owned by its machine (board/) and only ever touched from the simulator's one thread. It reaches memory and
 * devices through a bus and learns about interrupts by hart_set_irq().
 */
#ifndef MACHINE_CORE_HART_H
#define MACHINE_CORE_HART_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

#include "machine/core/op.h"
#include "machine/core/rv.h"

struct bus;
struct isa;
struct code_cache;
struct code_page;
struct timing;
struct observer;

/* Why a handler returned NULL. */
enum hart_leave {
    HART_LEFT_RETIRED, /* the instruction is done; hart.pc is the next one */
    HART_LEFT_TRAPPED, /* it is not; hart.pc is the trap vector */
    HART_LEFT_SYNC,    /* it wants exact counters and is to be executed again, alone: hart.pc is its own */
};

/*
 * The software TLB maps guest pages to host memory. It has nothing to do with the TLB of the modelled core, which
 * costs time (timing.c): it only saves the simulator work. One context for each address space and privilege recently
 * used; an entry's tag is the guest page, plus a low bit if it is invalid.
 */
#define TLB_ENTRIES  256
#define TLB_CONTEXTS 16
#define TLB_INVALID  UINT64_C(0x800)

struct tlb_entry {
    uint64_t tag;
    uintptr_t add; /* host address = guest address + add */
};

struct tlb_code_entry {
    uint64_t tag;
    struct code_page *page;
};

struct tlb {
    struct tlb_entry read[TLB_ENTRIES];
    struct tlb_entry write[TLB_ENTRIES];
    struct tlb_code_entry code[TLB_ENTRIES];
    uint64_t satp; /* whose translations these are */
    uint64_t view;
    uint8_t mode;      /* effective privilege of data accesses */
    uint8_t flags;     /* enum tlb_flags */
    uint64_t used;     /* for replacement: when it was last switched to */
    uint64_t large_lo; /* an interval that covers all large pages seen: one address of such a page */
    uint64_t large_hi; /* flushes the whole context */
};

#define PMP_ENTRIES 16

struct pmp {
    uint8_t cfg[PMP_ENTRIES];
    uint64_t addr[PMP_ENTRIES];
};

/* Cost of the hart's memory accesses, written by the handlers for the timed loop: the last datum touched. */
struct hart_access {
    const void *host;
    uint64_t va;
    bool misaligned;
};

#define HPM_COUNTERS 29 /* mhpmcounter3 to 31 */

struct hart {
    /* Hot: touched by nearly every handler. */
    uint64_t x[33]; /* x[32] is OP_SINK */
    uint64_t f[32];
    struct tlb *tlb;
    struct code_page *page; /* the code page being executed */
    const struct op *page_ops;
    uint64_t page_va;
    uint64_t pc; /* valid while no handler runs */
    struct hart_access access;
    uint8_t fflags;
    uint8_t frm;
    uint8_t leave;         /* enum hart_leave */
    bool synced;           /* counters are exact: the current instruction runs alone */
    uint8_t mode;          /* enum rv_mode */
    bool waiting;          /* in wfi */
    uint8_t quotient_bits; /* of the last division: what its time depends on */

    /* Reservation of lr/sc: physical address + 1, or 0. */
    uint64_t reserved;
    uint64_t reserved_value;

    /* The pending exception of a memory access, between mem_*_slow() and hart_trap(). */
    uint64_t fault_tval;
    uint8_t fault_cause;
    bool refused, refused_write; /* it is an access fault because nothing is to be found at refused_pa, or not so */
    uint64_t refused_pa;

    /* Time. In fast mode a cycle is an instruction. */
    uint64_t cycle;
    uint64_t instret;
    uint64_t cycle_offset;   /* mcycle = cycle + cycle_offset */
    uint64_t instret_offset; /* minstret = instret + instret_offset */

    /* Control and status registers. */
    uint64_t mstatus, mie, mip, mtvec, mscratch, mepc, mcause, mtval, medeleg, mideleg;
    uint64_t mcounteren, mcountinhibit, menvcfg, mseccfg;
    uint64_t stvec, sscratch, sepc, scause, stval, scounteren, senvcfg, satp, stimecmp;
    uint64_t hpm_offset[HPM_COUNTERS];
    uint64_t hpm_event[HPM_COUNTERS];
    uint64_t irq_lines; /* bits of mip driven from outside */
    uint64_t view;      /* what else, beside satp, an extension lets translations depend on; see hart_set_view() */
    struct pmp pmp;

    /* Fixed by the machine. */
    unsigned id;
    unsigned number; /* among all harts that are simulated, for those who watch */
    struct bus *bus;
    const struct isa *isa;
    struct code_cache *code;
    void **extra;              /* state of extensions that have some, by enum isa_extension_id */
    struct timing *timing;     /* NULL: every instruction takes one cycle */
    struct observer *observer; /* NULL: nobody watches */
    struct tlb *tlbs;          /* TLB_CONTEXTS of them */
    uint64_t tlb_clock;
    const uint64_t *stop; /* not 0: leave hart_run() as soon as possible */
    uint64_t until;       /* end of the present run; whoever runs the hart may bring it forward */
    void *machine;        /* for the callbacks below */
    uint64_t (*read_time)(void *machine, const struct hart *h);   /* the `time` counter */
    void (*mark)(void *machine, struct hart *h, unsigned number); /* a mark was executed; may be NULL */
    void (*timer_changed)(void *machine, struct hart *h);         /* stimecmp or menvcfg was written */
};

/* Brings a hart to its reset state, with pc at `pc`; the machine's fixed fields are kept. */
void hart_reset(struct hart *h, uint64_t pc);

/* Runs until the hart's cycle counter reaches `until`, it waits for an interrupt, or *h->stop is not 0. */
void hart_run(struct hart *h, uint64_t until);

/* Executes one instruction or takes one trap; for debuggers. */
void hart_step(struct hart *h);

/* Drives an interrupt line (bits of mip, enum rv_irq) of the hart. */
void hart_set_irq(struct hart *h, enum rv_irq irq, bool level);

/* Lets the hart wake up if it waits and there is reason to: an extension has made an interrupt pending. */
void hart_nudge(struct hart *h);

/* Hart `id` of the same machine, for extensions that reach others; NULL: there is none. */
struct hart *hart_find(const struct hart *h, uint64_t id);

/* From now on what an extension translates is as `view` says; the translations of other views are kept apart. */
void hart_set_view(struct hart *h, uint64_t view);

/* The mip register as software reads it. */
uint64_t hart_mip(const struct hart *h);

/* Enters the trap handler for an exception of the instruction at `pc`. Returns NULL for handlers to return. */
const struct op *hart_trap(struct hart *h, uint64_t pc, unsigned cause, uint64_t tval);

/* Takes the most urgent interrupt that is pending and enabled, if any. */
bool hart_take_interrupt(struct hart *h);

/* Whether an interrupt is pending that ends wfi (enabled in mie, whatever mstatus says). */
bool hart_wakes(const struct hart *h);

/* Return from traps: mret and sret, without their checks. */
void hart_return_m(struct hart *h);
void hart_return_s(struct hart *h);

/* Changes privilege and selects the TLB context that goes with the present CSRs. */
void hart_set_mode(struct hart *h, enum rv_mode mode);

#endif
