/*
 * Address translation and protection against a second opinion: the steps of the privileged architecture's manual
 * ("Virtual Address Translation Process", "Physical Memory Protection"), written down as they stand there, on random
 * page tables, addresses, modes and entries.
 */
#include "machine/board/test/fixture.h"

#include "machine/core/mmu.h"

#define ROUNDS  300000
#define TABLES  16 /* pages of page tables, at the beginning of RAM */
#define ENTRIES 512
#define NOWHERE UINT64_C(0x40000000)

struct answer {
    unsigned cause; /* 0: none */
    uint64_t pa;
};

static uint64_t word_at(const struct machine *m, uint64_t pa)
{
    uint64_t value;

    memcpy(&value, m->ram->host + (pa - MACHINE_RAM_BASE), sizeof value);
    return value;
}

/* --- the manual's way --- */

static unsigned page_fault(enum mmu_access access)
{
    return access == MMU_READ ? 13 : access == MMU_WRITE ? 15 : 12;
}

static unsigned access_fault(enum mmu_access access)
{
    return access == MMU_READ ? 5 : access == MMU_WRITE ? 7 : 1;
}

static bool permits(uint64_t pte, enum mmu_access access, enum rv_mode mode, uint64_t mstatus)
{
    bool r = pte >> 1 & 1, w = pte >> 2 & 1, x = pte >> 3 & 1, user = pte >> 4 & 1;
    bool sum = mstatus >> 18 & 1, mxr = mstatus >> 19 & 1;

    if (mode == RV_U && !user)
        return false;
    if (mode == RV_S && user && (access == MMU_EXEC || !sum))
        return false;
    return access == MMU_EXEC ? x : access == MMU_WRITE ? w : r || (mxr && x);
}

/* One leaf: superpages must be aligned; with hardware update of A and D nothing more can fail. */
static struct answer use_leaf(uint64_t pte, unsigned level, uint64_t va, enum mmu_access access, enum rv_mode mode,
                              uint64_t mstatus)
{
    uint64_t offset = (UINT64_C(1) << (12 + 9 * level)) - 1, base = (pte >> 10 & 0xfffffffffff) << 12;

    if (!permits(pte, access, mode, mstatus) || (base & offset))
        return (struct answer){page_fault(access), 0};
    return (struct answer){0, base | (va & offset)};
}

static struct answer expected(const struct machine *m, uint64_t satp, uint64_t va, enum mmu_access access,
                              enum rv_mode mode, uint64_t mstatus)
{
    unsigned levels = satp >> 60 == 9 ? 4 : 3, bits = 12 + 9 * levels;
    uint64_t a = (satp & 0xfffffffffff) << 12;
    int64_t extended = (int64_t)(va << (64 - bits)) >> (64 - bits);

    if ((uint64_t)extended != va)
        return (struct answer){page_fault(access), 0};
    for (unsigned level = levels; level-- > 0;) {
        uint64_t at = a + (va >> (12 + 9 * level) & 511) * 8;
        if (at < MACHINE_RAM_BASE || at >= MACHINE_RAM_BASE + m->config.ram_size)
            return (struct answer){access_fault(access), 0};
        uint64_t pte = word_at(m, at);
        bool r = pte >> 1 & 1, w = pte >> 2 & 1, x = pte >> 3 & 1;
        if (!(pte & 1) || (w && !r) || pte >> 54)
            return (struct answer){page_fault(access), 0};
        if (r || x)
            return use_leaf(pte, level, va, access, mode, mstatus);
        if (pte & (1 << 4 | 1 << 6 | 1 << 7)) /* U, A, D are reserved in pointers */
            return (struct answer){page_fault(access), 0};
        a = (pte >> 10 & 0xfffffffffff) << 12;
    }
    return (struct answer){page_fault(access), 0};
}

/* --- random tables --- */

static uint64_t random_table(void)
{
    return rnd() % 32 ? MACHINE_RAM_BASE + rnd() % TABLES * RV_PAGE_SIZE : NOWHERE;
}

static uint64_t random_pte(void)
{
    uint64_t high = rnd() % 32 ? 0 : rnd() << 54, large = rnd() % 2 ? 0 : 0x1ff;

    switch (rnd() % 8) {
    case 0:
        return rnd() & 0x3fe; /* not valid */
    case 1:
    case 2: /* a leaf, often aligned to 2 MiB or 1 GiB */
        return high | ((rnd() & 0xfffffff & ~large) << (rnd() % 2 ? 9 : 0)) << 10 | (rnd() & 0x3ff);
    case 3:
        return high | random_table() >> 12 << 10 | (rnd() & 0x3ff) | 1;
    default:
        return random_table() >> 12 << 10 | 1;
    }
}

static void fill_tables(struct machine *m)
{
    for (unsigned i = 0; i < TABLES * ENTRIES; i++) {
        uint64_t pte = random_pte();
        memcpy(m->ram->host + i * sizeof pte, &pte, sizeof pte);
    }
}

static uint64_t random_va(void)
{
    return rnd() % 16 ? (uint64_t)((int64_t)(rnd() << 25) >> 25) : rnd();
}

static void set_mode(struct hart *h, enum rv_mode mode, uint64_t satp)
{
    h->mstatus = (h->mstatus & ~(RV_STATUS_SUM | RV_STATUS_MXR)) | (rnd() & (RV_STATUS_SUM | RV_STATUS_MXR));
    h->satp = satp;
    h->mode = (uint8_t)mode;
    mmu_flush(h);
    mmu_select(h);
}

/* A leaf that was used has its A bit, and D if it was written. */
static void check_update(const struct machine *m, const struct mmu_walk *w, enum mmu_access access)
{
    uint64_t pte = word_at(m, w->entries[w->steps - 1]);

    assert_true(pte & RV_PTE_A);
    assert_true(access != MMU_WRITE || (pte & RV_PTE_D));
}

static void test_translation(void **state)
{
    struct machine *m = make_machine(1, false);
    struct hart *h = m->harts[0];
    unsigned good = 0;

    h->pmp.addr[0] = ~UINT64_C(0) >> 10;
    h->pmp.cfg[0] = 0x1f;
    for (unsigned i = 0; i < ROUNDS; i++) {
        enum mmu_access access = (enum mmu_access)(rnd() % 3);
        enum rv_mode mode = rnd() % 2 ? RV_S : RV_U;
        uint64_t satp = (uint64_t)(rnd() % 2 ? RV_SATP_SV39 : RV_SATP_SV48) << 60 | random_table() >> 12;
        uint64_t va = random_va();
        struct mmu_walk w;
        if (i % 1000 == 0)
            fill_tables(m);
        set_mode(h, mode, satp);
        struct answer want = expected(m, satp, va, access, mode, h->mstatus);
        bool translated = mmu_translate(h, va, access, &w);
        assert_int_equal(translated ? 0 : h->fault_cause, want.cause);
        if (!translated) {
            assert_int_equal(h->fault_tval, va);
            continue;
        }
        assert_int_equal(w.pa, want.pa);
        check_update(m, &w, access);
        good++;
    }
    assert_in_range(good, ROUNDS / 50, ROUNDS);
    machine_destroy(m);
}

/* --- protection --- */

static bool entry_matches(const struct pmp *p, unsigned i, uint64_t byte)
{
    uint64_t addr = p->addr[i], ones = 0;

    switch (p->cfg[i] >> 3 & 3) {
    case 1:
        return byte < addr << 2 && byte >= (i ? p->addr[i - 1] << 2 : 0);
    case 2:
        return byte >> 2 == addr;
    case 3:
        while (addr >> ones & 1)
            ones++;
        return byte >> (ones + 3) == addr << 2 >> (ones + 3);
    default:
        return false;
    }
}

/* The entry of the lowest number that matches any byte must match all, and then decides. */
static bool pmp_expected(const struct pmp *p, enum rv_mode mode, uint64_t pa, unsigned size, enum mmu_access access)
{
    static const uint8_t bit[] = {[MMU_READ] = 1, [MMU_WRITE] = 2, [MMU_EXEC] = 4};

    for (unsigned i = 0; i < PMP_ENTRIES; i++) {
        unsigned matched = 0;
        for (unsigned byte = 0; byte < size; byte++)
            matched += entry_matches(p, i, pa + byte);
        if (matched == 0)
            continue;
        bool ignored = mode == RV_M && !(p->cfg[i] & 0x80);
        return matched == size && (ignored || (p->cfg[i] & bit[access]));
    }
    return mode == RV_M;
}

static void test_protection(void **state)
{
    unsigned allowed = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        struct pmp p;
        enum mmu_access access = (enum mmu_access)(rnd() % 3);
        enum rv_mode mode = rnd() % 3 == 0 ? RV_M : rnd() % 2 ? RV_S : RV_U;
        unsigned size = 1u << rnd() % 4;
        uint64_t pa = 0x80000000 + rnd() % 256;
        for (unsigned e = 0; e < PMP_ENTRIES; e++) {
            p.cfg[e] = (uint8_t)(rnd() & (rnd() % 2 ? 0x9f : 0x87));
            p.addr[e] = (0x80000000 + rnd() % 320 - 32) >> 2;
        }
        bool want = pmp_expected(&p, mode, pa, size, access);
        assert_int_equal(pmp_allows(&p, mode, pa, size, access), want);
        allowed += want;
    }
    assert_in_range(allowed, ROUNDS / 20, ROUNDS - ROUNDS / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_translation), cmocka_unit_test(test_protection)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
