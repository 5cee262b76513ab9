/* Address translation, the software TLB, and the slow paths of memory accesses: see mmu.h. */
#include "machine/core/mmu.h"

#include <string.h>

#include "machine/core/code.h"
#include "machine/core/isa.h"
#include "machine/core/timing.h"
#include "machine/mem/bus.h"

/* ---- TLB contexts ---- */

enum tlb_flags {
    TLB_SUM = 1 << 0,
    TLB_MXR = 1 << 1,
};

static void tlb_clear(struct tlb *t)
{
    for (unsigned i = 0; i < TLB_ENTRIES; i++)
        t->read[i].tag = t->write[i].tag = t->code[i].tag = TLB_INVALID;
    t->large_lo = UINT64_MAX;
    t->large_hi = 0;
}

static enum rv_mode data_mode(const struct hart *h)
{
    if (h->mode == RV_M && (h->mstatus & RV_STATUS_MPRV))
        return (enum rv_mode)((h->mstatus & RV_STATUS_MPP) >> 11);
    return (enum rv_mode)h->mode;
}

void mmu_select(struct hart *h)
{
    enum rv_mode data = data_mode(h);
    uint64_t satp = data == RV_M ? 0 : h->satp;
    uint8_t mode = (uint8_t)(h->mode << 2 | data);
    uint8_t flags = (h->mstatus & RV_STATUS_SUM ? TLB_SUM : 0) | (h->mstatus & RV_STATUS_MXR ? TLB_MXR : 0);
    struct tlb *oldest = &h->tlbs[0];

    for (struct tlb *t = h->tlbs; t < h->tlbs + TLB_CONTEXTS; t++) {
        if (t->satp == satp && t->view == h->view && t->mode == mode && t->flags == flags && t->used) {
            t->used = ++h->tlb_clock;
            h->tlb = t;
            return;
        }
        if (t->used < oldest->used)
            oldest = t;
    }
    tlb_clear(oldest);
    oldest->satp = satp;
    oldest->view = h->view;
    oldest->mode = mode;
    oldest->flags = flags;
    oldest->used = ++h->tlb_clock;
    h->tlb = oldest;
}

void mmu_flush(struct hart *h)
{
    for (unsigned i = 0; i < TLB_CONTEXTS; i++)
        if (h->tlbs[i].used)
            tlb_clear(&h->tlbs[i]);
}

static void tlb_flush_page(struct tlb *t, uint64_t va)
{
    unsigned i = (va >> RV_PAGE_SHIFT) % TLB_ENTRIES;

    if (va >= t->large_lo && va <= t->large_hi)
        tlb_clear(t);
    else
        t->read[i].tag = t->write[i].tag = t->code[i].tag = TLB_INVALID;
}

void mmu_fence(struct hart *h, const uint64_t *va, const uint64_t *asid)
{
    if (h->timing)
        timing_fence(h->timing);
    for (struct tlb *t = h->tlbs; t < h->tlbs + TLB_CONTEXTS; t++) {
        if (!t->used || (asid && RV_SATP_ASID(t->satp) != (*asid & 0xffff)))
            continue;
        if (va)
            tlb_flush_page(t, *va);
        else
            tlb_clear(t);
    }
}

void mmu_write_protect(struct hart *h, const uint8_t *host)
{
    for (struct tlb *t = h->tlbs; t < h->tlbs + TLB_CONTEXTS; t++) {
        if (!t->used)
            continue;
        for (unsigned i = 0; i < TLB_ENTRIES; i++)
            if (t->write[i].tag + t->write[i].add == (uintptr_t)host)
                t->write[i].tag = TLB_INVALID;
    }
}

void mmu_forget_code(struct hart *h, const struct code_page *page)
{
    for (struct tlb *t = h->tlbs; t < h->tlbs + TLB_CONTEXTS; t++)
        for (unsigned i = 0; t->used && i < TLB_ENTRIES; i++)
            if (t->code[i].page == page)
                t->code[i].tag = TLB_INVALID;
}

/* Remembers the interval of addresses that are mapped by large pages, for tlb_flush_page(). */
static void tlb_note_large(struct tlb *t, uint64_t va, uint64_t page_size)
{
    uint64_t lo = va & ~(page_size - 1);

    if (lo < t->large_lo)
        t->large_lo = lo;
    if (lo + page_size - 1 > t->large_hi)
        t->large_hi = lo + page_size - 1;
}

/* ---- Faults ---- */

static const struct {
    uint8_t page, access;
} fault_causes[] = {
    [MMU_READ] = {RV_LOAD_PAGE, RV_LOAD_ACCESS},
    [MMU_WRITE] = {RV_STORE_PAGE, RV_STORE_ACCESS},
    [MMU_EXEC] = {RV_FETCH_PAGE, RV_FETCH_ACCESS},
};

static bool fault(struct hart *h, unsigned cause, uint64_t va)
{
    h->fault_cause = (uint8_t)cause;
    h->fault_tval = va;
    h->refused = false;
    h->leave = HART_LEFT_TRAPPED;
    return false;
}

static bool page_fault(struct hart *h, uint64_t va, enum mmu_access access)
{
    return fault(h, fault_causes[access].page, va);
}

static bool access_fault(struct hart *h, uint64_t va, enum mmu_access access)
{
    return fault(h, fault_causes[access].access, va);
}

/* The access is permitted, but at `pa` there is nothing that would take it. */
static bool refuse(struct hart *h, uint64_t va, enum mmu_access access, uint64_t pa, bool write)
{
    access_fault(h, va, access);
    h->refused = true;
    h->refused_write = write;
    h->refused_pa = pa;
    return false;
}

bool mmu_check_aligned(struct hart *h, uint64_t va, unsigned size, unsigned cause)
{
    return (va & (size - 1)) == 0 || fault(h, cause, va);
}

/* ---- Page tables ---- */

static bool pte_is_leaf(uint64_t pte)
{
    return pte & (RV_PTE_R | RV_PTE_W | RV_PTE_X);
}

/* Entries that are invalid, use reserved encodings, or are pointers with bits that only leaves may have. */
static bool pte_is_bad(uint64_t pte)
{
    if (!(pte & RV_PTE_V) || (pte & RV_PTE_RESERVED))
        return true;
    if (!pte_is_leaf(pte))
        return pte & (RV_PTE_A | RV_PTE_D | RV_PTE_U);
    return (pte & RV_PTE_W) && !(pte & RV_PTE_R);
}

static unsigned satp_levels(uint64_t satp)
{
    return RV_SATP_MODE(satp) == RV_SATP_SV48 ? 4 : 3;
}

/* Addresses must be sign-extended from the highest translated bit. */
static bool va_is_canonical(uint64_t va, unsigned levels)
{
    unsigned unused = 64 - (RV_PAGE_SHIFT + 9 * levels);
    return (uint64_t)((int64_t)(va << unused) >> unused) == va;
}

/* How a walk ended that found no leaf. */
enum walk_end { WALK_INVALID, WALK_FORBIDDEN, WALK_NO_RAM };

/*
 * Walks the page tables of hart.satp. Returns false if there is no leaf, and why in *end; the entry that was looked
 * for last is that of the last step. The leaf's permissions are not looked at.
 */
static bool walk_tables(struct hart *h, uint64_t va, struct mmu_walk *w, uint64_t **leaf, enum walk_end *end)
{
    unsigned levels = satp_levels(h->satp);
    uint64_t table = RV_SATP_PPN(h->satp) << RV_PAGE_SHIFT;

    *end = WALK_INVALID;
    w->steps = 0;
    if (!va_is_canonical(va, levels))
        return false;
    for (unsigned level = levels; level-- > 0;) {
        unsigned shift = RV_PAGE_SHIFT + 9 * level;
        uint64_t at = table + ((va >> shift) & 511) * 8;
        struct ram *r = bus_find_ram(h->bus, at, 8);
        w->entries[w->steps++] = at;
        if (!r || !pmp_allows(&h->pmp, RV_S, at, 8, MMU_READ)) {
            *end = r ? WALK_FORBIDDEN : WALK_NO_RAM;
            return false;
        }
        *leaf = (uint64_t *)(void *)(r->host + (at - r->base));
        uint64_t pte = **leaf;
        if (pte_is_bad(pte))
            return false;
        table = RV_PTE_PPN(pte) << RV_PAGE_SHIFT;
        if (pte_is_leaf(pte)) {
            w->page_size = 1ull << shift;
            w->pa = table + (va & (w->page_size - 1));
            w->pte = (uint8_t)pte;
            return (table & (w->page_size - 1)) == 0;
        }
    }
    return false;
}

static bool pte_permits(const struct hart *h, enum rv_mode mode, uint64_t pte, enum mmu_access access)
{
    if (mode == RV_U && !(pte & RV_PTE_U))
        return false;
    if (mode == RV_S && (pte & RV_PTE_U) && (access == MMU_EXEC || !(h->mstatus & RV_STATUS_SUM)))
        return false;
    switch (access) {
    case MMU_EXEC:
        return pte & RV_PTE_X;
    case MMU_WRITE:
        return pte & RV_PTE_W;
    default:
        return pte & (RV_PTE_R | (h->mstatus & RV_STATUS_MXR ? RV_PTE_X : 0));
    }
}

static bool translation_is_off(const struct hart *h, enum rv_mode mode)
{
    return mode == RV_M || RV_SATP_MODE(h->satp) == RV_SATP_BARE;
}

static void walk_identity(uint64_t va, struct mmu_walk *w)
{
    *w = (struct mmu_walk){
        .pa = va, .page_size = UINT64_MAX, .pte = (uint8_t)(RV_PTE_R | RV_PTE_W | RV_PTE_X | RV_PTE_A | RV_PTE_D)};
}

/* Sets the accessed and dirty bits, as hardware does that has no Svade. */
static bool update_leaf(struct hart *h, uint64_t va, enum mmu_access access, struct mmu_walk *w, uint64_t *leaf)
{
    uint64_t bits = RV_PTE_A | (access == MMU_WRITE ? RV_PTE_D : 0);
    uint64_t at = w->entries[w->steps - 1];

    if ((w->pte & bits) == bits)
        return true;
    struct ram *r = bus_find_ram(h->bus, at, 8);
    if (!pmp_allows(&h->pmp, RV_S, at, 8, MMU_WRITE))
        return access_fault(h, va, access);
    if (!r->writable)
        return refuse(h, va, access, at, true);
    *leaf |= bits;
    code_invalidate(r, at - r->base, 8);
    w->pte |= (uint8_t)bits;
    return true;
}

static bool walk_failed(struct hart *h, uint64_t va, enum mmu_access access, const struct mmu_walk *w,
                        enum walk_end end)
{
    if (end == WALK_INVALID)
        return page_fault(h, va, access);
    return end == WALK_FORBIDDEN ? access_fault(h, va, access) : refuse(h, va, access, w->entries[w->steps - 1], false);
}

bool mmu_translate(struct hart *h, uint64_t va, enum mmu_access access, struct mmu_walk *w)
{
    enum rv_mode mode = access == MMU_EXEC ? (enum rv_mode)h->mode : data_mode(h);
    uint64_t *leaf = NULL;
    enum walk_end end;

    if (h->isa->hooks.translate && isa_translate(h, va, access, w))
        return pte_permits(h, mode, w->pte, access) || page_fault(h, va, access);
    if (translation_is_off(h, mode)) {
        walk_identity(va, w);
        return true;
    }
    if (!walk_tables(h, va, w, &leaf, &end))
        return walk_failed(h, va, access, w, end);
    if (!pte_permits(h, mode, w->pte, access))
        return page_fault(h, va, access);
    return update_leaf(h, va, access, w, leaf);
}

bool mmu_peek(struct hart *h, uint64_t va, enum mmu_access access, struct mmu_walk *w)
{
    enum rv_mode mode = access == MMU_EXEC ? (enum rv_mode)h->mode : data_mode(h);
    uint64_t *leaf;
    enum walk_end end;

    if (h->isa->hooks.translate && isa_translate(h, va, access, w))
        return true;
    if (!translation_is_off(h, mode))
        return walk_tables(h, va, w, &leaf, &end);
    walk_identity(va, w);
    return true;
}

/* ---- Slow paths ---- */

/* A piece of an access that lies within one page. Exactly one of host and device is meant. */
struct piece {
    uint8_t *host;
    struct ram *ram;
    uint64_t pa;
};

/* Enters a translation in the TLB if fast accesses may use it: RAM, one PMP answer, no decoded instructions. */
static void tlb_fill(struct hart *h, uint64_t va, enum mmu_access access, const struct mmu_walk *w, struct ram *r)
{
    struct tlb_entry *table = access == MMU_WRITE ? h->tlb->write : h->tlb->read;
    struct tlb_entry *e = &table[(va >> RV_PAGE_SHIFT) % TLB_ENTRIES];
    uint64_t page = w->pa & RV_PAGE_MASK;

    if (!pmp_uniform(&h->pmp, page) || (access == MMU_WRITE && r->code[(page - r->base) >> RV_PAGE_SHIFT]))
        return;
    e->tag = va & RV_PAGE_MASK;
    e->add = (uintptr_t)(r->host + (page - r->base)) - e->tag;
    if (w->page_size > RV_PAGE_SIZE && w->page_size != UINT64_MAX)
        tlb_note_large(h->tlb, va, w->page_size);
}

static bool piece_translate(struct hart *h, uint64_t va, unsigned size, enum mmu_access access, struct piece *p)
{
    struct mmu_walk w;

    if (!mmu_translate(h, va, access, &w))
        return false;
    if (w.pa + size < w.pa || !pmp_allows(&h->pmp, data_mode(h), w.pa, size, access))
        return access_fault(h, va, access);
    p->pa = w.pa;
    p->ram = bus_find_ram(h->bus, w.pa, size);
    p->host = p->ram ? p->ram->host + (w.pa - p->ram->base) : NULL;
    h->access.host = p->host;
    h->access.va = va;
    if (!p->ram)
        return bus_has_device(h->bus, w.pa, size) || refuse(h, va, access, w.pa, access == MMU_WRITE);
    if (access == MMU_WRITE && !p->ram->writable)
        return refuse(h, va, access, w.pa, true);
    tlb_fill(h, va, access, &w, p->ram);
    return true;
}

/* Devices see exact time, so an access to one runs alone. */
static bool need_sync(struct hart *h)
{
    h->leave = HART_LEFT_SYNC;
    return h->synced;
}

static bool piece_read(struct hart *h, uint64_t va, const struct piece *p, void *out, unsigned size)
{
    uint64_t value;

    if (p->ram) {
        memcpy(out, p->host, size);
        return true;
    }
    if (!need_sync(h))
        return false;
    if ((va & (size - 1)) || !bus_device_read(h->bus, p->pa, size, &value))
        return access_fault(h, va, MMU_READ);
    memcpy(out, &value, size);
    return true;
}

static bool piece_write(struct hart *h, uint64_t va, const struct piece *p, const void *in, unsigned size)
{
    uint64_t value = 0;

    if (p->ram) {
        memcpy(p->host, in, size);
        code_invalidate(p->ram, p->pa - p->ram->base, size);
        return true;
    }
    if (!need_sync(h))
        return false;
    memcpy(&value, in, size);
    return ((va & (size - 1)) == 0 && bus_device_write(h->bus, p->pa, size, value)) || access_fault(h, va, MMU_WRITE);
}

/* How many of `size` bytes at `va` lie in its page. */
static unsigned bytes_in_page(uint64_t va, unsigned size)
{
    uint64_t room = RV_PAGE_SIZE - (va & ~RV_PAGE_MASK);
    return size <= room ? size : (unsigned)room;
}

bool mmu_read(struct hart *h, uint64_t va, void *out, unsigned size)
{
    unsigned first = bytes_in_page(va, size);
    struct piece a, b;

    h->access.misaligned = va & (size - 1);
    if (!piece_translate(h, va, first, MMU_READ, &a))
        return false;
    if (first == size)
        return piece_read(h, va, &a, out, size);
    if (!piece_translate(h, va + first, size - first, MMU_READ, &b))
        return false;
    if (!a.ram || !b.ram)
        return access_fault(h, va, MMU_READ);
    memcpy(out, a.host, first);
    memcpy((uint8_t *)out + first, b.host, size - first);
    return true;
}

bool mmu_write(struct hart *h, uint64_t va, const void *in, unsigned size)
{
    unsigned first = bytes_in_page(va, size);
    struct piece a, b;

    h->access.misaligned = va & (size - 1);
    if (!piece_translate(h, va, first, MMU_WRITE, &a))
        return false;
    if (first == size)
        return piece_write(h, va, &a, in, size);
    if (!piece_translate(h, va + first, size - first, MMU_WRITE, &b))
        return false;
    if (!a.ram || !b.ram)
        return access_fault(h, va, MMU_WRITE);
    return piece_write(h, va, &a, in, first) && piece_write(h, va, &b, (const uint8_t *)in + first, size - first);
}

void *mmu_atomic(struct hart *h, uint64_t va, unsigned size)
{
    struct piece p;

    if (!mmu_check_aligned(h, va, size, RV_STORE_MISALIGNED) || !piece_translate(h, va, size, MMU_WRITE, &p))
        return NULL;
    if (!p.ram || !pmp_allows(&h->pmp, data_mode(h), p.pa, size, MMU_READ)) {
        access_fault(h, va, MMU_WRITE);
        return NULL;
    }
    code_invalidate(p.ram, p.pa - p.ram->base, size);
    return p.host;
}

struct code_page *mmu_code_page(struct hart *h, uint64_t va)
{
    struct tlb_code_entry *e = &h->tlb->code[(va >> RV_PAGE_SHIFT) % TLB_ENTRIES];
    struct mmu_walk w;

    if ((va & RV_PAGE_MASK) == e->tag)
        return e->page;
    if (!mmu_translate(h, va, MMU_EXEC, &w))
        return NULL;
    uint64_t page = w.pa & RV_PAGE_MASK;
    struct ram *r = bus_find_ram(h->bus, page, RV_PAGE_SIZE);
    if (!pmp_allows(&h->pmp, (enum rv_mode)h->mode, w.pa & ~1ull, 2, MMU_EXEC)) {
        access_fault(h, va, MMU_EXEC);
        return NULL;
    }
    struct code_page *code = r ? code_page_get(h->code, r, page - r->base) : NULL;
    if (!r) {
        refuse(h, va, MMU_EXEC, w.pa, false);
        return NULL;
    }
    if (!code) {
        access_fault(h, va, MMU_EXEC);
        return NULL;
    }
    if (w.page_size > RV_PAGE_SIZE && w.page_size != UINT64_MAX)
        tlb_note_large(h->tlb, va, w.page_size);
    *e = (struct tlb_code_entry){va & RV_PAGE_MASK, code};
    return code;
}
