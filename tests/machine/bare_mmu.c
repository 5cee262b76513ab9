/*
 * Address translation as data accesses see it: with MPRV the loads and stores of M-mode are translated like those of
 * S or U. For every page-table entry of a list, in Sv39 and Sv48, with and without SUM and MXR: what loads and stores
 * do, and what becomes of the accessed and dirty bits.
 */
#include "tests/machine/bare.h"

#define PTE_V 0x01u
#define PTE_R 0x02u
#define PTE_W 0x04u
#define PTE_X 0x08u
#define PTE_U 0x10u
#define PTE_G 0x20u
#define PTE_A 0x40u
#define PTE_D 0x80u

#define STATUS_MPP(m) ((uint64_t)(m) << 11)
#define STATUS_MPRV   (1ull << 17)
#define STATUS_SUM    (1ull << 18)
#define STATUS_MXR    (1ull << 19)

static uint64_t tables[4][512] __attribute__((aligned(4096)));
static uint64_t page[512] __attribute__((aligned(4096)));

static uint64_t cause, tval;

/* Skips the access that trapped: all of ours are four bytes long. */
void on_trap(struct frame *f)
{
    cause = csr_read(mcause);
    tval = csr_read(mtval);
    f->pc += 4;
}

static uint64_t pte(const void *to, uint64_t flags)
{
    return ((uint64_t)to >> 12) << 10 | flags;
}

/* Maps `va` by a chain of tables, so that `leaf` is the entry at `level` (0: 4 KiB). */
static void map(unsigned levels, uint64_t va, unsigned level, uint64_t leaf)
{
    for (unsigned t = 0; t < 4; t++)
        memset(tables[t], 0, sizeof tables[t]);
    for (unsigned l = levels - 1; l > level; l--)
        tables[l][va >> (12 + 9 * l) & 511] = pte(tables[l - 1], PTE_V);
    tables[level][va >> (12 + 9 * level) & 511] = leaf;
}

static uint64_t entry(uint64_t va, unsigned level)
{
    return tables[level][va >> (12 + 9 * level) & 511];
}

static void try_access(uint64_t status, uint64_t va, bool write)
{
    uint64_t value = 0x1234;

    cause = tval = 0;
    if (write)
        __asm__ volatile(
            ".option push\n.option norvc\ncsrs mstatus, %0\nsd %1, 0(%2)\ncsrc mstatus, %0\n.option pop" ::"r"(status),
            "r"(value), "r"(va)
            : "memory");
    else
        __asm__ volatile(".option push\n.option norvc\ncsrs mstatus, %1\nld %0, 0(%2)\ncsrc mstatus, %1\n.option pop"
                         : "+r"(value)
                         : "r"(status), "r"(va)
                         : "memory");
    csr_write(mstatus, csr_read(mstatus) & ~(STATUS_MPRV | STATUS_SUM | STATUS_MXR | STATUS_MPP(3)));
    put_hex(cause);
    put_text(" ");
    put_hex(tval);
    report(write ? " stored" : " loaded", write ? page[0] : value);
}

static void try_all(unsigned levels, uint64_t va, unsigned level, uint64_t leaf)
{
    for (unsigned i = 0; i < 16; i++) {
        uint64_t status = STATUS_MPRV | STATUS_MPP(i & 1) | (i & 2 ? STATUS_SUM : 0) | (i & 4 ? STATUS_MXR : 0);
        map(levels, va, level, leaf);
        page[0] = 0xabcdef;
        __asm__ volatile("sfence.vma" ::: "memory");
        try_access(status, va, i & 8);
        report("  entry", entry(va, level) & 0xff);
    }
}

static void try_mode(unsigned mode, unsigned levels)
{
    static const uint8_t flags[] = {
        0,
        PTE_V,
        PTE_V | PTE_R,
        PTE_V | PTE_R | PTE_W,
        PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D,
        PTE_V | PTE_X,
        PTE_V | PTE_X | PTE_U,
        PTE_V | PTE_W,
        PTE_V | PTE_W | PTE_X,
        PTE_V | PTE_R | PTE_U,
        PTE_V | PTE_R | PTE_W | PTE_U,
        PTE_V | PTE_R | PTE_W | PTE_U | PTE_A,
        PTE_V | PTE_R | PTE_X | PTE_U | PTE_G,
        PTE_R | PTE_W,
    };

    csr_write(satp, (uint64_t)mode << 60 | (uint64_t)tables[levels - 1] >> 12);
    report("mode", csr_read(satp) >> 60);
    for (unsigned i = 0; i < sizeof flags; i++) {
        report("flags", flags[i]);
        try_all(levels, 0x40201000, 0, pte(page, flags[i]));
    }
    /* large pages: aligned, and not */
    uint64_t all = PTE_V | PTE_R | PTE_W;
    uint64_t big = (uint64_t)page & ~0x1fffffull;
    report("large", 1);
    try_all(levels, 0x40000000 | ((uint64_t)page & 0x1fffff), 1, pte((void *)big, all));
    try_all(levels, 0x40000000 | ((uint64_t)page & 0x1fffff), 1, pte((void *)(big + 4096), all));
    try_all(levels, (uint64_t)page & 0x3fffffff, 2, pte((void *)0x80000000, all));
    try_all(levels, (uint64_t)page & 0x3fffffff, 2, pte((void *)0x80200000, all));
    /* reserved bits, bits that only leaves may have, addresses that are not canonical */
    report("reserved", 1);
    try_all(levels, 0x40201000, 0, pte(page, all) | 1ull << 60);
    try_all(levels, 0x40201000, 1, pte(tables[0], PTE_V | PTE_D));
    try_all(levels, 1ull << (12 + 9 * levels), 0, pte(page, all));
    try_all(levels, -1ull << (11 + 9 * levels), 0, pte(page, all));
}

int main(void)
{
    csr_write(pmpaddr0, ~0ull);
    csr_write(pmpcfg0, 0x1f);
    try_mode(8, 3);
    try_mode(9, 4);
    csr_write(satp, 0);
    return 0;
}
