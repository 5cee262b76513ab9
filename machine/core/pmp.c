/*
 * Physical memory protection: 16 entries, each an interval of physical addresses with permissions. The entry with the
 * lowest number that matches any byte decides, and it must match all of them.
 */
#include "machine/core/isa.h"
#include "machine/core/mmu.h"

enum {
    PMP_R = 1 << 0,
    PMP_W = 1 << 1,
    PMP_X = 1 << 2,
    PMP_A = 3 << 3, /* address matching: off, top of range, 4 bytes, power of two */
    PMP_TOR = 1 << 3,
    PMP_NA4 = 2 << 3,
    PMP_NAPOT = 3 << 3,
    PMP_LOCK = 1 << 7,
};

#define PMP_CFG0      0x3a0
#define PMP_ADDR0     0x3b0
#define PMP_ADDR_MASK ((1ull << 54) - 1)

/* The interval [*lo, *hi) of entry i; false if it is off or empty. */
static bool pmp_interval(const struct pmp *p, unsigned i, uint64_t *lo, uint64_t *hi)
{
    uint64_t addr = p->addr[i];

    switch (p->cfg[i] & PMP_A) {
    case PMP_TOR:
        *lo = i ? p->addr[i - 1] << 2 : 0;
        *hi = addr << 2;
        return *lo < *hi;
    case PMP_NA4:
        *lo = addr << 2;
        *hi = *lo + 4;
        return true;
    case PMP_NAPOT: {
        uint64_t mask = addr ^ (addr + 1); /* the trailing ones, and one more bit */
        *lo = (addr & ~mask) << 2;
        *hi = *lo + ((mask + 1) << 2);
        return true;
    }
    default:
        return false;
    }
}

bool pmp_allows(const struct pmp *p, enum rv_mode mode, uint64_t pa, uint64_t size, enum mmu_access access)
{
    static const uint8_t needed[] = {[MMU_READ] = PMP_R, [MMU_WRITE] = PMP_W, [MMU_EXEC] = PMP_X};
    uint64_t lo, hi;

    for (unsigned i = 0; i < PMP_ENTRIES; i++) {
        if (!pmp_interval(p, i, &lo, &hi) || pa >= hi || pa + size <= lo)
            continue;
        if (pa < lo || pa + size > hi)
            return false;
        return (mode == RV_M && !(p->cfg[i] & PMP_LOCK)) || (p->cfg[i] & needed[access]);
    }
    return mode == RV_M;
}

bool pmp_uniform(const struct pmp *p, uint64_t pa)
{
    uint64_t lo, hi;

    for (unsigned i = 0; i < PMP_ENTRIES; i++)
        if (pmp_interval(p, i, &lo, &hi) && pa < hi && pa + RV_PAGE_SIZE > lo)
            return pa >= lo && pa + RV_PAGE_SIZE <= hi;
    return true;
}

/* ---- CSRs: pmpcfg0 and pmpcfg2 with eight entries each, pmpaddr0 to 15 ---- */

static uint64_t read_cfg(struct hart *h, unsigned number)
{
    unsigned first = (number - PMP_CFG0) * 4;
    uint64_t value = 0;

    for (unsigned i = 0; i < 8; i++)
        value |= (uint64_t)h->pmp.cfg[first + i] << (8 * i);
    return value;
}

static void write_cfg(struct hart *h, unsigned number, uint64_t value)
{
    unsigned first = (number - PMP_CFG0) * 4;

    for (unsigned i = 0; i < 8; i++) {
        uint8_t cfg = (uint8_t)(value >> (8 * i)) & (PMP_LOCK | PMP_A | PMP_X | PMP_W | PMP_R);
        bool reserved = (cfg & (PMP_R | PMP_W)) == PMP_W;
        if (!(h->pmp.cfg[first + i] & PMP_LOCK) && !reserved)
            h->pmp.cfg[first + i] = cfg;
    }
    mmu_flush(h);
}

static uint64_t read_addr(struct hart *h, unsigned number)
{
    return h->pmp.addr[number - PMP_ADDR0];
}

/* An entry is locked by itself, or by the next one if that uses it as the bottom of its range. */
static void write_addr(struct hart *h, unsigned number, uint64_t value)
{
    unsigned i = number - PMP_ADDR0;
    uint8_t next = i + 1 < PMP_ENTRIES ? h->pmp.cfg[i + 1] : 0;

    if ((h->pmp.cfg[i] & PMP_LOCK) || ((next & PMP_LOCK) && (next & PMP_A) == PMP_TOR))
        return;
    h->pmp.addr[i] = value & PMP_ADDR_MASK;
    mmu_flush(h);
}

static void reset(struct hart *h)
{
    h->pmp = (struct pmp){0};
}

#define CFG(n)                                                                                                         \
    {                                                                                                                  \
        PMP_CFG0 + (n), ISA_CSR_SYNC, "pmpcfg" #n, read_cfg, write_cfg, NULL                                           \
    }
#define ADDR(n)                                                                                                        \
    {                                                                                                                  \
        PMP_ADDR0 + (n), ISA_CSR_SYNC, "pmpaddr" #n, read_addr, write_addr, NULL                                       \
    }

static const struct isa_csr csrs[] = {
    CFG(0),  CFG(2),  ADDR(0), ADDR(1),  ADDR(2),  ADDR(3),  ADDR(4),  ADDR(5),  ADDR(6),
    ADDR(7), ADDR(8), ADDR(9), ADDR(10), ADDR(11), ADDR(12), ADDR(13), ADDR(14), ADDR(15),
};

const struct isa_extension isa_ext_csr_pmp = {
    .name = "pmp", .csrs = csrs, .csr_count = sizeof csrs / sizeof csrs[0], .reset = reset};
