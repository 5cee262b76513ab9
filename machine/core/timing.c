/*
 * The timing model. An instruction issues when the one before has, its operands are there and it has been fetched;
 * then whatever it needs that is not pipelined (a miss, a divider, a misprediction) holds up those that follow.
 *
 *   hart.cycle: the cycle in which the last instruction issued, plus one
 *   ready[r]:   the first cycle in which an instruction that uses register r may issue
 */
#include "machine/core/timing.h"

#include <stdlib.h>
#include <string.h>

#include "machine/core/branch.h"
#include "machine/core/tlbtime.h"
#include "machine/dev/snapshot.h"
#include "machine/mem/bus.h"

struct timing {
    struct {
        uint64_t ready[OP_REG_COUNT];
        uint64_t fetch_line; /* the line instructions come from, by physical address; 0: none */
        uint64_t divider_free, fp_divider_free;
        uint64_t counts[TIMING_EVENTS];
    } s;
    uint32_t latency[OP_CLASSES][2]; /* [class][double precision] */
    const struct timing_params *params;
    struct hierarchy *hierarchy;
    unsigned core;
    const uint8_t *ram_host;
    uint64_t ram_base, ram_size;
    struct branch_predictor branch;
    struct tlbtime tlb;
};

const char *const timing_event_names[TIMING_EVENTS] = {
    "none",
#define EVENT(name, meaning) #name,
#include "machine/core/events.def"
#undef EVENT
};

/* ---- Life ---- */

static void set_latencies(struct timing *t)
{
    const struct timing_params *p = t->params;

    for (unsigned i = 0; i < OP_CLASSES; i++)
        t->latency[i][0] = t->latency[i][1] = 1;
    for (unsigned d = 0; d < 2; d++) {
        t->latency[OP_LOAD][d] = t->latency[OP_AMO][d] = t->latency[OP_FP_LOAD][d] = p->core_load;
        t->latency[OP_LOAD_NARROW][d] = p->core_load_narrow;
        t->latency[OP_MUL][d] = p->core_mul;
        t->latency[OP_DIV][d] = p->core_div;
        t->latency[OP_CSR][d] = p->core_csr;
        t->latency[OP_FP_ADD][d] = d ? p->core_fp_add_d : p->core_fp_add_s;
        t->latency[OP_FP_MISC][d] = p->core_fp_misc;
        t->latency[OP_FP_DIV][d] = d ? p->core_fp_div_d : p->core_fp_div_s;
    }
}

struct timing *timing_create(const struct timing_params *params, struct hierarchy *hierarchy, unsigned core,
                             const struct ram *ram)
{
    struct timing *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->params = params;
    t->hierarchy = hierarchy;
    t->core = core;
    t->ram_host = ram->host;
    t->ram_base = ram->base;
    t->ram_size = ram->size;
    set_latencies(t);
    if (branch_init(&t->branch, params) && tlbtime_init(&t->tlb, params))
        return t;
    timing_free(t);
    return NULL;
}

void timing_free(struct timing *t)
{
    branch_free(&t->branch);
    tlbtime_free(&t->tlb);
    free(t);
}

void timing_fence(struct timing *t)
{
    tlbtime_flush(&t->tlb);
    t->s.fetch_line = 0;
}

uint64_t timing_count(const struct timing *t, unsigned event)
{
    const struct hierarchy_counts *shared = &t->hierarchy->counts[t->core];

    switch (event) {
    case TIMING_l2_miss:
        return shared->l2_miss;
    case TIMING_probe:
        return shared->probe;
    case TIMING_upgrade:
        return shared->upgrade;
    default:
        return event < TIMING_EVENTS ? t->s.counts[event] : 0;
    }
}

void timing_snapshot(struct timing *t, struct snapshot *s)
{
    snapshot_state(s, "timing", &t->s);
    branch_snapshot(&t->branch, s);
    tlbtime_snapshot(&t->tlb, s);
}

/* ---- Memory ---- */

/* Extra cycles of a translation; a walk reads its page-table entries through the data cache. */
static uint32_t translate(struct timing *t, struct hart *h, uint64_t va, enum mmu_access access, uint64_t now)
{
    struct mmu_walk walk;
    enum tlbtime_result result = tlbtime_lookup(&t->tlb, h, va, access, &walk);
    uint32_t cycles = t->params->tlb_l2_hit;
    bool miss;

    if (result == TLBTIME_HIT)
        return 0;
    t->s.counts[access == MMU_EXEC ? TIMING_itlb_miss : TIMING_dtlb_miss]++;
    if (result == TLBTIME_SECOND)
        return cycles;
    t->s.counts[TIMING_walk]++;
    for (unsigned i = 0; i < walk.steps; i++)
        cycles +=
            t->params->tlb_walk + hierarchy_data(t->hierarchy, t->core, walk.entries[i], false, now + cycles, &miss);
    return cycles;
}

/* Extra cycles to get the line of an instruction. Straight-line code in one line costs one access. */
static uint32_t fetch(struct timing *t, struct hart *h, uint64_t pa, uint64_t pc, uint64_t now)
{
    uint64_t line = pa >> CACHE_LINE_SHIFT;
    bool miss;

    if (line == t->s.fetch_line)
        return 0;
    t->s.fetch_line = line;
    uint32_t cycles = translate(t, h, pc, MMU_EXEC, now);
    cycles += hierarchy_fetch(t->hierarchy, t->core, pa, now + cycles, &miss);
    t->s.counts[TIMING_l1i_access]++;
    t->s.counts[TIMING_l1i_miss] += miss;
    t->s.counts[TIMING_stall_fetch] += cycles;
    return cycles;
}

/* The physical address of the datum just touched, found by its place on the host; false for device registers. */
static bool touched_address(const struct timing *t, const struct hart *h, uint64_t *pa)
{
    const uint8_t *host = h->access.host;
    uint64_t offset = (uint64_t)(host - t->ram_host);

    *pa = t->ram_base + offset;
    if (host && offset < t->ram_size)
        return true;
    const struct ram *other = host ? bus_find_host(h->bus, host) : NULL;
    if (!other)
        return false;
    *pa = other->base + (uint64_t)(host - other->host);
    return true;
}

/* Extra cycles of the access that the instruction has just made, as hart.access tells. */
static uint32_t access_data(struct timing *t, struct hart *h, bool write, uint64_t now)
{
    uint64_t pa;
    bool miss;

    if (!touched_address(t, h, &pa)) {
        t->s.counts[TIMING_device]++;
        return t->params->device_access;
    }
    uint32_t cycles = translate(t, h, h->access.va, write ? MMU_WRITE : MMU_READ, now);
    cycles += h->access.misaligned ? t->params->core_misaligned : 0;
    cycles += hierarchy_data(t->hierarchy, t->core, pa, write, now + cycles, &miss);
    t->s.counts[TIMING_l1d_access]++;
    t->s.counts[TIMING_l1d_miss] += miss;
    t->s.counts[TIMING_stall_data] += cycles;
    return cycles;
}

/* ---- Control flow ---- */

static bool is_link(unsigned reg)
{
    return reg == 1 || reg == 5; /* ra, t0: what the manual says about the return-address stack */
}

static uint32_t charge_jump(struct timing *t, const struct op *o, const struct op_info *info, uint64_t pc, uint64_t to)
{
    uint32_t lost;

    if (info->cls == OP_JUMP)
        lost = branch_jump(&t->branch, pc, to);
    else if (is_link(o->rs1) && !is_link(o->rd))
        lost = branch_return(&t->branch, to);
    else
        lost = branch_indirect(&t->branch, pc, to);
    if (is_link(o->rd))
        branch_push(&t->branch, pc + info->len);
    return lost;
}

static uint32_t charge_branch(struct timing *t, const struct op *o, const struct op_info *info, uint64_t pc,
                              uint64_t to)
{
    uint32_t lost = info->cls == OP_BRANCH ? branch_conditional(&t->branch, pc, to, to != pc + info->len)
                                           : charge_jump(t, o, info, pc, to);

    t->s.counts[TIMING_branch]++;
    t->s.counts[TIMING_mispredict] += lost == t->params->core_mispredict && lost;
    return lost;
}

/* ---- Instructions ---- */

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* A unit that takes one operation at a time. Returns when this one may start. */
static uint64_t occupy(uint64_t *unit_free, uint64_t start, uint32_t cycles)
{
    start = later(start, *unit_free);
    *unit_free = start + cycles;
    return start;
}

static void charge_trap(struct timing *t, struct hart *h, uint64_t start)
{
    t->s.counts[TIMING_trap]++;
    t->s.fetch_line = 0;
    h->cycle = start + 1 + t->params->core_trap;
}

void timing_interrupt(struct timing *t, struct hart *h)
{
    charge_trap(t, h, h->cycle);
}

/* Cycles that the instruction holds up the next one, beyond the one it issues in. */
static uint32_t charge_class(struct timing *t, struct hart *h, const struct op *o, const struct op_info *info,
                             uint64_t pc, uint64_t next_pc, uint64_t *start, uint32_t *latency)
{
    switch (info->cls) {
    case OP_LOAD:
    case OP_LOAD_NARROW:
    case OP_FP_LOAD:
        return access_data(t, h, false, *start);
    case OP_STORE:
    case OP_FP_STORE:
        return access_data(t, h, true, *start);
    case OP_AMO:
        return access_data(t, h, true, *start) + t->params->core_atomic;
    case OP_BRANCH:
    case OP_JUMP:
    case OP_JUMP_REG:
        return charge_branch(t, o, info, pc, next_pc);
    case OP_DIV:
        *latency += t->params->core_div_bit * h->quotient_bits;
        *start = occupy(&t->s.divider_free, *start, *latency);
        return 0;
    case OP_FP_DIV:
        *start = occupy(&t->s.fp_divider_free, *start, *latency);
        return 0;
    case OP_FENCE_I:
        t->s.fetch_line = 0;
        return t->params->core_fence_i;
    case OP_SYSTEM:
        return t->params->core_trap;
    default:
        return 0;
    }
}

void timing_charge(struct timing *t, struct hart *h, const struct code_page *page, const struct op *o, uint64_t pc,
                   uint64_t next_pc)
{
    const struct op_info *info = &page->info[o - page->ops];
    uint64_t pa = page->pa + (pc & ~RV_PAGE_MASK);
    uint64_t start = h->cycle;
    uint64_t operands = later(t->s.ready[info->src[0]], later(t->s.ready[info->src[1]], t->s.ready[info->src[2]]));

    start += fetch(t, h, pa, pc, start);
    if (operands > start) {
        t->s.counts[TIMING_stall_operand] += operands - start;
        start = operands;
    }
    if (h->leave == HART_LEFT_TRAPPED) {
        charge_trap(t, h, start);
        return;
    }
    uint32_t latency = t->latency[info->cls][info->is_double];
    uint32_t held = charge_class(t, h, o, info, pc, next_pc, &start, &latency);
    h->cycle = start + 1 + held;
    t->s.ready[info->dst] = start + held + latency;
    t->s.ready[OP_REG_NONE] = 0;
}
