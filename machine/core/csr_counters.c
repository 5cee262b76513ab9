/*
 * Counters: cycle, time, instret and the programmable ones. They only ever count on; what software writes is kept as
 * an offset to what the simulator counts anyway, so nothing needs to be done per instruction.
 */
#include "machine/core/csr.h"
#include "machine/core/timing.h"

enum {
    USER_BASE = 0xc00,    /* cycle, time, instret, hpmcounter3..31 */
    MACHINE_BASE = 0xb00, /* mcycle, -, minstret, mhpmcounter3..31 */
    EVENT_BASE = 0x320,   /* mcountinhibit, -, -, mhpmevent3..31 */
    CYCLE = 0,
    TIME = 1,
    INSTRET = 2,
    FIRST_HPM = 3,
};

/* A user or supervisor may read a counter if all modes above enable it. */
static bool user_allowed(struct hart *h, unsigned number)
{
    unsigned i = number - USER_BASE;
    bool m = h->mcounteren >> i & 1, s = h->scounteren >> i & 1;

    return h->mode == RV_M || (m && (h->mode == RV_S || s));
}

static uint64_t raw_count(struct hart *h, unsigned i)
{
    switch (i) {
    case CYCLE:
        return h->cycle;
    case TIME:
        return h->read_time(h->machine, h);
    case INSTRET:
        return h->instret;
    default:
        return h->timing ? timing_count(h->timing, (unsigned)h->hpm_event[i - FIRST_HPM]) : 0;
    }
}

static uint64_t *offset_of(struct hart *h, unsigned i)
{
    return i == CYCLE ? &h->cycle_offset : i == INSTRET ? &h->instret_offset : &h->hpm_offset[i - FIRST_HPM];
}

/* While inhibited, a counter stands still: its offset then holds its value. */
static bool is_inhibited(const struct hart *h, unsigned i)
{
    return h->mcountinhibit >> i & 1;
}

static uint64_t read_counter(struct hart *h, unsigned number)
{
    unsigned i = number & 31;

    if (i == TIME)
        return raw_count(h, TIME);
    return *offset_of(h, i) + (is_inhibited(h, i) ? 0 : raw_count(h, i));
}

static void write_counter(struct hart *h, unsigned number, uint64_t value)
{
    unsigned i = number & 31;

    *offset_of(h, i) = value - (is_inhibited(h, i) ? 0 : raw_count(h, i));
}

static uint64_t read_mcountinhibit(struct hart *h, unsigned number)
{
    return h->mcountinhibit;
}

static void write_mcountinhibit(struct hart *h, unsigned number, uint64_t value)
{
    uint64_t wanted = value & 0xfffffffdull;

    for (unsigned i = 0; i < 32; i++) {
        if (i == TIME || !((h->mcountinhibit ^ wanted) >> i & 1))
            continue;
        uint64_t now = read_counter(h, i);
        h->mcountinhibit ^= 1ull << i;
        write_counter(h, i, now);
    }
}

static uint64_t read_event(struct hart *h, unsigned number)
{
    return h->hpm_event[number - EVENT_BASE - FIRST_HPM];
}

/* Another event begins to be counted; the counter's value stays. */
static void write_event(struct hart *h, unsigned number, uint64_t value)
{
    unsigned i = number - EVENT_BASE;
    uint64_t now = read_counter(h, i);

    h->hpm_event[i - FIRST_HPM] = value & 0xff;
    write_counter(h, i, now);
}

static uint64_t read_mcounteren(struct hart *h, unsigned number)
{
    return h->mcounteren;
}

static void write_mcounteren(struct hart *h, unsigned number, uint64_t value)
{
    h->mcounteren = value & UINT32_MAX;
}

static uint64_t read_scounteren(struct hart *h, unsigned number)
{
    return h->scounteren;
}

static void write_scounteren(struct hart *h, unsigned number, uint64_t value)
{
    h->scounteren = value & UINT32_MAX;
}

static void reset(struct hart *h)
{
    h->mcounteren = h->scounteren = h->mcountinhibit = 0;
    h->cycle_offset = h->instret_offset = 0;
    for (unsigned i = 0; i < HPM_COUNTERS; i++)
        h->hpm_offset[i] = h->hpm_event[i] = 0;
}

#define USER(n)    {USER_BASE + (n), ISA_CSR_SYNC, "hpmcounter" #n, read_counter, NULL, user_allowed},
#define MACHINE(n) {MACHINE_BASE + (n), ISA_CSR_SYNC, "mhpmcounter" #n, read_counter, write_counter, NULL},
#define EVENT(n)   {EVENT_BASE + (n), ISA_CSR_SYNC, "mhpmevent" #n, read_event, write_event, NULL},
#define ALL_HPM(X)                                                                                                     \
    X(3)                                                                                                               \
    X(4)                                                                                                               \
    X(5)                                                                                                               \
    X(6)                                                                                                               \
    X(7)                                                                                                               \
    X(8)                                                                                                               \
    X(9)                                                                                                               \
    X(10)                                                                                                              \
    X(11)                                                                                                              \
    X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30)  \
        X(31)

static const struct isa_csr csrs[] = {
    {USER_BASE + CYCLE, ISA_CSR_SYNC, "cycle", read_counter, NULL, user_allowed},
    {USER_BASE + TIME, ISA_CSR_SYNC, "time", read_counter, NULL, user_allowed},
    {USER_BASE + INSTRET, ISA_CSR_SYNC, "instret", read_counter, NULL, user_allowed},
    {MACHINE_BASE + CYCLE, ISA_CSR_SYNC, "mcycle", read_counter, write_counter, NULL},
    {MACHINE_BASE + INSTRET, ISA_CSR_SYNC, "minstret", read_counter, write_counter, NULL},
    CSR_ROW(0x306, 0, mcounteren, NULL),
    CSR_ROW(0x106, 0, scounteren, NULL),
    CSR_ROW(EVENT_BASE, ISA_CSR_SYNC, mcountinhibit, NULL),
    ALL_HPM(USER) ALL_HPM(MACHINE) ALL_HPM(EVENT)};

CSR_TABLE(csr_counters, csrs);
