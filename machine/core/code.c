/* Code pages: decoding on first execution, page ends, instructions across pages, invalidation. See code.h. */
#include "machine/core/code.h"

#include <stdlib.h>
#include <string.h>

#include "machine/core/exec.h"
#include "machine/mem/bus.h"

#define LAST_SLOT  (CODE_SLOTS - 1)
#define WRITES_MAX 64 /* without execution in between, before a page counts as data */

static op_fn exec_undecoded, exec_page_end, exec_straddling;

/* ---- Pages ---- */

static void forget_slot(struct code_page *p, unsigned slot)
{
    p->ops[slot].fn = exec_undecoded;
    p->info[slot].cls = OP_UNDECODED;
}

struct code_page *code_page_get(struct code_cache *c, struct ram *ram, uint64_t offset)
{
    struct code_page **at = &ram->code[offset >> RV_PAGE_SHIFT];
    struct code_page *p = *at;

    if (p)
        return p;
    p = malloc(sizeof *p);
    if (!p)
        return NULL;
    for (unsigned i = 0; i < CODE_SLOTS; i++)
        forget_slot(p, i);
    p->ops[CODE_SLOTS].fn = p->ops[CODE_SLOTS + 1].fn = exec_page_end;
    p->info[CODE_SLOTS].cls = p->info[CODE_SLOTS + 1].cls = OP_UNDECODED;
    p->host = ram->host + offset;
    p->pa = ram->base + offset;
    p->straddle_fn = NULL;
    p->writes = 0;
    p->cache = c;
    p->next = c->pages;
    c->pages = *at = p;
    c->page_count++;
    for (unsigned i = 0; i < c->hart_count; i++)
        mmu_write_protect(c->harts[i], p->host);
    return p;
}

/*
 * A page that has been written again and again, and not executed, is no code any more: stores to it may be fast. The
 * page's memory stays until the cache is cleared, since a handler may be running in it.
 */
static void release(struct code_page *p, struct code_page **at)
{
    struct code_cache *c = p->cache;

    p->writes = 0;
    for (unsigned i = 0; i < c->hart_count; i++)
        if (c->harts[i]->page == p)
            return;
    for (unsigned i = 0; i < c->hart_count; i++)
        mmu_forget_code(c->harts[i], p);
    *at = NULL;
}

void code_invalidate(struct ram *ram, uint64_t offset, uint64_t len)
{
    uint64_t end = offset + len;

    while (offset < end) {
        uint64_t page = offset & RV_PAGE_MASK;
        uint64_t stop = end - page < RV_PAGE_SIZE ? end - page : RV_PAGE_SIZE;
        struct code_page *p = ram->code[page >> RV_PAGE_SHIFT];
        if (p) {
            /* a wide instruction may begin one halfword earlier */
            uint64_t first = (offset - page) >> 1;
            for (uint64_t slot = first ? first - 1 : 0; slot < (stop + 1) >> 1; slot++)
                forget_slot(p, (unsigned)slot);
            if (++p->writes > WRITES_MAX)
                release(p, &ram->code[page >> RV_PAGE_SHIFT]);
        }
        offset = page + stop;
    }
}

void code_cache_clear(struct code_cache *c, struct ram *rams, unsigned ram_count)
{
    while (c->pages) {
        struct code_page *p = c->pages;
        c->pages = p->next;
        free(p);
    }
    c->page_count = 0;
    for (unsigned i = 0; i < ram_count; i++)
        memset(rams[i].code, 0, (rams[i].size >> RV_PAGE_SHIFT) * sizeof rams[i].code[0]);
    for (unsigned i = 0; i < c->hart_count; i++)
        mmu_flush(c->harts[i]);
}

/* ---- Finding ops ---- */

static const struct op *enter_page(struct hart *h, struct code_page *p, uint64_t va)
{
    h->page = p;
    h->page_ops = p->ops;
    h->page_va = va & RV_PAGE_MASK;
    return &p->ops[(va & ~RV_PAGE_MASK) >> 1];
}

const struct op *code_goto_slow(struct hart *h, uint64_t va)
{
    struct code_page *p = mmu_code_page(h, va);

    return p ? enter_page(h, p, va) : op_leave(h, va, HART_LEFT_RETIRED);
}

const struct op *code_fetch(struct hart *h)
{
    struct code_page *p = mmu_code_page(h, h->pc);

    return p ? enter_page(h, p, h->pc) : hart_trap(h, h->pc, h->fault_cause, h->fault_tval);
}

/* ---- Decoding ---- */

static uint16_t halfword(const struct code_page *p, unsigned slot)
{
    uint16_t v;
    memcpy(&v, p->host + slot * 2, sizeof v);
    return v;
}

static bool is_wide(uint16_t first)
{
    return (first & 3) == 3;
}

static uint32_t raw_in_page(const struct code_page *p, unsigned slot)
{
    uint32_t raw = halfword(p, slot);
    return is_wide((uint16_t)raw) ? raw | (uint32_t)halfword(p, slot + 1) << 16 : raw;
}

uint32_t code_raw(const struct hart *h, const struct op *o)
{
    unsigned slot = (unsigned)(o - h->page_ops);

    if (slot == LAST_SLOT && is_wide(halfword(h->page, slot)))
        return h->page->straddle_raw;
    return raw_in_page(h->page, slot);
}

static void decode_slot(struct hart *h, unsigned slot)
{
    struct code_page *p = h->page;
    struct op *o = &p->ops[slot];

    p->writes = 0;
    if (slot == LAST_SLOT && is_wide(halfword(p, slot))) {
        o->fn = exec_straddling;
        p->info[slot].cls = OP_ALU; /* until it is known better */
        p->straddle_fn = NULL;
        return;
    }
    isa_decode(h->isa, raw_in_page(p, slot), (int)slot * 2, o, &p->info[slot]);
}

static const struct op *exec_undecoded(struct hart *h, const struct op *o)
{
    decode_slot(h, (unsigned)(o - h->page_ops));
    return o->fn(h, o);
}

/*
 * A wide instruction whose halves lie in two pages. What follows depends on the translation of the second page, so
 * the halves are compared at each execution and decoded again if they differ from last time.
 */
static const struct op *exec_straddling(struct hart *h, const struct op *o)
{
    struct code_page *p = h->page;
    struct code_page *second = mmu_code_page(h, op_pc(h, o) + 2);
    op_fn *self = exec_straddling;

    if (!second)
        return hart_trap(h, op_pc(h, o), h->fault_cause, h->fault_tval);
    uint32_t raw = halfword(p, LAST_SLOT) | (uint32_t)halfword(second, 0) << 16;
    if (!p->straddle_fn || raw != p->straddle_raw) {
        struct op *slot = &p->ops[LAST_SLOT];
        isa_decode(h->isa, raw, -1, slot, &p->info[LAST_SLOT]);
        p->straddle_fn = slot->fn;
        p->straddle_raw = raw;
        slot->fn = self;
    }
    return p->straddle_fn(h, o);
}

/* The first op of the next page. It was one instruction to get there, so it is executed at once. */
static const struct op *exec_page_end(struct hart *h, const struct op *o)
{
    const struct op *next = op_goto(h, op_pc(h, o));
    return next ? next->fn(h, next) : NULL;
}

const struct op *code_resolve(struct hart *h, const struct op *o)
{
    while (o) {
        unsigned slot = (unsigned)(o - h->page_ops);
        if (slot >= CODE_SLOTS) {
            o = op_goto(h, op_pc(h, o));
        } else if (h->page->info[slot].cls == OP_UNDECODED) {
            decode_slot(h, slot);
        } else {
            break;
        }
    }
    return o;
}
