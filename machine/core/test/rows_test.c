/*
 * What the rows of instructions say about registers is what the instructions do: each is executed again and again with
 * one register changed. A register that makes a difference must be among the declared sources, each declared source
 * must make a difference some time, and nothing but the declared destination may change. Hazards are charged by these
 * declarations, so a wrong one is a wrong time.
 */
#include "machine/board/test/fixture.h"

#include "machine/core/isa.h"

#define CODE   MACHINE_RAM_BASE
#define DATA   (MACHINE_RAM_BASE + 0x10000)
#define ROUNDS 64

enum { RD = 10, RS1 = 11, RS2 = 12, RS3 = 13, REGS = 64 };

/* Registers are numbered as in struct op_info: 32 and more are those of floating point. */
struct state {
    uint64_t reg[REGS], pc, mscratch, data[2];
    uint8_t fflags;
};

static uint64_t *reg_of(struct hart *h, unsigned r)
{
    return r < 32 ? &h->x[r] : &h->f[r - 32];
}

static void load_state(struct machine *m, const struct state *s)
{
    struct hart *h = m->harts[0];

    for (unsigned r = 1; r < REGS; r++)
        *reg_of(h, r) = s->reg[r];
    h->pc = CODE;
    h->mscratch = s->mscratch;
    h->fflags = s->fflags;
    h->frm = 0;
    h->reserved = (uintptr_t)m->ram->host + (DATA - MACHINE_RAM_BASE);
    memcpy(m->ram->host + (DATA - MACHINE_RAM_BASE), s->data, sizeof s->data);
}

static struct state store_state(struct machine *m)
{
    struct hart *h = m->harts[0];
    struct state s = {.pc = h->pc, .mscratch = h->mscratch, .fflags = h->fflags};

    for (unsigned r = 1; r < REGS; r++)
        s.reg[r] = *reg_of(h, r);
    memcpy(s.data, m->ram->host + (DATA - MACHINE_RAM_BASE), sizeof s.data);
    return s;
}

/* Boxed singles and doubles of middling size, so that precision hides little; NaNs now and then. */
static uint64_t random_float(bool is_double)
{
    uint64_t r = rnd();

    if (rnd() % 16 == 0)
        return r;
    if (is_double)
        return (r & ~(UINT64_C(0x7ff) << 52)) | (1023 - 2 + rnd() % 16) << 52;
    return UINT64_C(0xffffffff00000000) | (r & 0x807fffff) | (127 - 2 + rnd() % 16) << 23;
}

static uint64_t random_integer(void)
{
    switch (rnd() % 3) {
    case 0:
        return rnd() % 8;
    case 1:
        return -(rnd() % 8);
    default:
        return rnd();
    }
}

/* fcvt.d.s and such take singles though they are of double precision. */
static uint64_t random_reg(unsigned r, bool is_double)
{
    return r < 32 ? random_integer() : random_float(rnd() % 4 ? is_double : !is_double);
}

static bool accesses_memory(const struct isa_insn *insn)
{
    return (insn->cls >= OP_LOAD && insn->cls <= OP_AMO) || insn->cls == OP_FP_LOAD || insn->cls == OP_FP_STORE;
}

static uint32_t fields_of(const struct isa_insn *insn)
{
    switch (insn->format) {
    case ISA_R4:
        return RD << 7 | RS1 << 15 | RS2 << 20 | (uint32_t)RS3 << 27;
    case ISA_CSR:
        return RD << 7 | RS1 << 15 | UINT32_C(0x340) << 20; /* mscratch */
    case ISA_I:
        return RD << 7 | RS1 << 15 | 8u << 20;
    case ISA_S:
        return RS1 << 15 | RS2 << 20;
    case ISA_B:
        return RS1 << 15 | RS2 << 20 | 8 << 8;
    default:
        return RD << 7 | RS1 << 15 | RS2 << 20;
    }
}

static uint32_t encode(const struct isa_insn *insn)
{
    return insn->match | (fields_of(insn) & ~insn->mask);
}

static bool is_source(const struct op_info *info, unsigned r)
{
    return info->src[0] == r || info->src[1] == r || info->src[2] == r;
}

/* Whether states differ apart from register r. */
static bool differ(const struct state *a, const struct state *b, unsigned r)
{
    for (unsigned i = 0; i < REGS; i++)
        if (i != r && a->reg[i] != b->reg[i])
            return true;
    return a->pc != b->pc || a->mscratch != b->mscratch || a->fflags != b->fflags ||
           memcmp(a->data, b->data, sizeof a->data) != 0;
}

static struct state execute(struct machine *m, const struct state *s)
{
    load_state(m, s);
    hart_step(m->harts[0]);
    return store_state(m);
}

static struct state random_state(const struct isa_insn *insn, const struct op_info *info)
{
    struct state s = {.mscratch = rnd(), .data = {random_integer(), random_integer()}};

    for (unsigned r = 1; r < REGS; r++)
        s.reg[r] = random_reg(r, info->is_double);
    if (accesses_memory(insn))
        s.reg[RS1] = DATA;
    if (rnd() % 2) { /* for comparisons */
        s.reg[RS2] = s.reg[RS1];
        s.reg[32 + RS2] = s.reg[32 + RS1];
    }
    return s;
}

static uint64_t other_value(const struct isa_insn *insn, const struct op_info *info, unsigned r)
{
    return r == RS1 && accesses_memory(insn) ? DATA + 8 : random_reg(r, info->is_double);
}

static void expect(bool good, const struct isa_insn *insn, const char *what, unsigned r)
{
    if (!good)
        fail_msg("%s: %s %c%u", insn->name, what, r < 32 ? 'x' : 'f', r % 32);
}

static void check_insn(struct machine *m, const struct isa_insn *insn)
{
    uint32_t raw = encode(insn);
    bool matters[REGS] = {false}, written[REGS] = {false};
    struct op op;
    struct op_info info;

    if (isa_find(isa_get(), raw) != insn)
        fail_msg("%s: %08x is %s", insn->name, raw, isa_find(isa_get(), raw) ? isa_find(isa_get(), raw)->name : "none");
    bus_load(&m->bus, CODE, &raw, sizeof raw);
    isa_decode(isa_get(), raw, 0, &op, &info);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct state before = random_state(insn, &info), after = execute(m, &before);
        for (unsigned r = 1; r < REGS; r++) {
            struct state changed = before;
            written[r] |= after.reg[r] != before.reg[r];
            changed.reg[r] = other_value(insn, &info, r);
            struct state end = execute(m, &changed);
            matters[r] |= differ(&end, &after, r) || (r == info.dst && r < REGS && end.reg[r] != after.reg[r]);
        }
    }
    for (unsigned r = 1; r < REGS; r++) {
        expect(!matters[r] || is_source(&info, r), insn, "reads without saying so", r);
        expect(matters[r] || !is_source(&info, r), insn, "does not read", r);
        expect(written[r] == (info.dst == r), insn, written[r] ? "writes without saying so" : "does not write", r);
    }
}

/* What neither registers nor memory show, or what leaves the program, has tests of its own (tests/machine). */
static bool is_left_out(const struct isa_insn *insn)
{
    return insn->format == ISA_NONE || insn->cls == OP_SYSTEM || insn->cls == OP_FENCE_I;
}

static void test_declared_registers_are_those_used(void **state)
{
    struct machine *m = make_machine(1, false);
    const struct isa *isa = isa_get();
    unsigned checked = 0;

    m->harts[0]->mstatus |= RV_STATUS_FS;
    for (unsigned e = 0; isa->extensions[e]; e++)
        for (unsigned i = 0; i < isa->extensions[e]->insn_count; i++) {
            const struct isa_insn *insn = &isa->extensions[e]->insns[i];
            if (is_left_out(insn))
                continue;
            check_insn(m, insn);
            checked++;
        }
    assert_true(checked > 140);
    machine_destroy(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_declared_registers_are_those_used)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
