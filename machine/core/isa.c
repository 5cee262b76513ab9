/* Decoding: from instruction words to ops, with the tables that the extensions contribute. See isa.h. */
#include "machine/core/isa.h"

#include <stdlib.h>
#include <string.h>

#include "machine/core/exec.h"
#include "machine/dev/snapshot.h"

#define EXTENSION(name) extern const struct isa_extension isa_ext_##name;
#include ISA_EXTENSIONS_DEF
#undef EXTENSION

#define EXTENSION(name) &isa_ext_##name,
static const struct isa_extension *const extensions[] = {
#include ISA_EXTENSIONS_DEF
    NULL};
#undef EXTENSION

/* ---- The tables ---- */

/* Instructions are looked for by major opcode and funct3: 32 x 8 buckets. */
static unsigned bucket_of(uint32_t raw)
{
    return (raw >> 2 & 31) << 3 | (raw >> 12 & 7);
}

static bool belongs(const struct isa_insn *insn, unsigned bucket)
{
    uint32_t bits = (bucket >> 3) << 2 | 3 | (bucket & 7) << 12;
    uint32_t mask = insn->mask & 0x707f;
    return (bits & mask) == (insn->match & mask);
}

static const struct isa_insn **make_bucket(unsigned bucket)
{
    unsigned count = 0;
    const struct isa_insn **list = NULL;

    for (unsigned e = 0; extensions[e]; e++) {
        for (unsigned i = 0; i < extensions[e]->insn_count; i++) {
            if (!belongs(&extensions[e]->insns[i], bucket))
                continue;
            list = realloc(list, (count + 2) * sizeof *list);
            if (!list)
                abort();
            list[count++] = &extensions[e]->insns[i];
            list[count] = NULL;
        }
    }
    return list;
}

static void note_hooks(struct isa_hooks *hooks)
{
    for (unsigned e = 0; extensions[e]; e++) {
        hooks->translate |= extensions[e]->translate != NULL;
        hooks->trap |= extensions[e]->trap != NULL;
        hooks->interrupt |= extensions[e]->interrupt || extensions[e]->wakes;
    }
}

const struct isa *isa_get(void)
{
    static struct isa isa;

    if (isa.extensions)
        return &isa;
    isa.extensions = extensions;
    for (unsigned b = 0; b < 256; b++)
        isa.buckets[b] = make_bucket(b);
    for (unsigned e = 0; extensions[e]; e++)
        for (unsigned i = 0; i < extensions[e]->csr_count; i++)
            isa.csrs[extensions[e]->csrs[i].number] = &extensions[e]->csrs[i];
    note_hooks(&isa.hooks);
    return &isa;
}

/* ---- State of extensions ---- */

bool isa_attach(struct hart *h)
{
    h->extra = calloc(ISA_EXTENSIONS, sizeof *h->extra);
    for (unsigned e = 0; h->extra && e < ISA_EXTENSIONS; e++)
        if (extensions[e]->state_size && !(h->extra[e] = calloc(1, extensions[e]->state_size)))
            return false;
    return h->extra != NULL;
}

void isa_detach(struct hart *h)
{
    for (unsigned e = 0; h->extra && e < ISA_EXTENSIONS; e++)
        free(h->extra[e]);
    free(h->extra);
    h->extra = NULL;
}

void isa_reset(struct hart *h)
{
    h->view = 0;
    for (unsigned e = 0; extensions[e]; e++) {
        if (extensions[e]->state_size)
            memset(h->extra[e], 0, extensions[e]->state_size);
        if (extensions[e]->reset)
            extensions[e]->reset(h);
    }
}

void isa_snapshot(struct hart *h, struct snapshot *s)
{
    for (unsigned e = 0; extensions[e]; e++) {
        if (!extensions[e]->state_size)
            continue;
        snapshot_section(s, extensions[e]->name, extensions[e]->state_size);
        snapshot_bytes(s, h->extra[e], extensions[e]->state_size);
    }
}

/* ---- Hooks ---- */

bool isa_translate(struct hart *h, uint64_t va, enum mmu_access access, struct mmu_walk *w)
{
    for (unsigned e = 0; extensions[e]; e++)
        if (extensions[e]->translate && extensions[e]->translate(h, va, access, w))
            return true;
    return false;
}

bool isa_trap(struct hart *h, uint64_t pc, uint64_t cause, uint64_t tval)
{
    for (unsigned e = 0; extensions[e]; e++)
        if (extensions[e]->trap && extensions[e]->trap(h, pc, cause, tval))
            return true;
    return false;
}

bool isa_interrupt(struct hart *h)
{
    for (unsigned e = 0; extensions[e]; e++)
        if (extensions[e]->interrupt && extensions[e]->interrupt(h))
            return true;
    return false;
}

bool isa_wakes(const struct hart *h)
{
    for (unsigned e = 0; extensions[e]; e++)
        if (extensions[e]->wakes && extensions[e]->wakes(h))
            return true;
    return false;
}

/* ---- Finding instructions ---- */

const struct isa_insn *isa_find(const struct isa *isa, uint32_t raw)
{
    const struct isa_insn **list = isa->buckets[bucket_of(raw)];

    if ((raw & 3) != 3 || !list)
        return NULL;
    for (; *list; list++)
        if ((raw & (*list)->mask) == (*list)->match)
            return *list;
    return NULL;
}

/* ---- Operands ---- */

/* Bits hi..lo of raw, moved to bit `at`. */
static uint32_t field(uint32_t raw, unsigned hi, unsigned lo, unsigned at)
{
    return (raw >> lo & ((1u << (hi - lo + 1)) - 1)) << at;
}

static int32_t sign_extend(uint32_t value, unsigned bits)
{
    return (int32_t)(value << (32 - bits)) >> (32 - bits);
}

static int32_t imm_i(uint32_t raw)
{
    return (int32_t)raw >> 20;
}

static int32_t imm_s(uint32_t raw)
{
    return sign_extend(field(raw, 31, 25, 5) | field(raw, 11, 7, 0), 12);
}

static int32_t imm_b(uint32_t raw)
{
    return sign_extend(field(raw, 31, 31, 12) | field(raw, 7, 7, 11) | field(raw, 30, 25, 5) | field(raw, 11, 8, 1),
                       13);
}

static int32_t imm_j(uint32_t raw)
{
    return sign_extend(field(raw, 31, 31, 20) | field(raw, 19, 12, 12) | field(raw, 20, 20, 11) | field(raw, 30, 21, 1),
                       21);
}

static int32_t immediate(uint32_t raw, enum isa_format format)
{
    switch (format) {
    case ISA_I:
        return imm_i(raw);
    case ISA_SHIFT:
        return (int32_t)field(raw, 25, 20, 0);
    case ISA_S:
        return imm_s(raw);
    case ISA_B:
        return imm_b(raw);
    case ISA_U:
        return (int32_t)(raw & 0xfffff000u);
    case ISA_J:
        return imm_j(raw);
    case ISA_R4:
    case ISA_RM:
        return (int32_t)field(raw, 14, 12, 0);
    case ISA_CSR:
        return (int32_t)field(raw, 31, 20, 0);
    default:
        return (int32_t)raw;
    }
}

/* ---- Decoding ---- */

static const struct op *exec_illegal(struct hart *h, const struct op *o)
{
    return hart_trap(h, op_pc(h, o), RV_ILLEGAL, (uint32_t)o->imm);
}

static uint8_t numbered(unsigned regs, unsigned if_x, unsigned if_f, uint8_t n)
{
    if (regs & if_x)
        return n ? n : OP_REG_NONE;
    return regs & if_f ? OP_REG_F(n) : OP_REG_NONE;
}

static void describe_registers(unsigned regs, const struct op *op, struct op_info *info)
{
    info->is_double = (regs & OP_FP_DP) != 0;
    info->dst = numbered(regs, OP_RD_X, OP_RD_F, op->rd == OP_SINK ? 0 : op->rd);
    info->src[0] = numbered(regs, OP_RS1_X, OP_RS1_F, op->rs1);
    info->src[1] = numbered(regs, OP_RS2_X, OP_RS2_F, op->rs2);
    info->src[2] = numbered(regs, 0, OP_RS3_F, op->rs3);
}

static void decode_illegal(uint32_t raw, struct op *op, struct op_info *info)
{
    *op = (struct op){.fn = exec_illegal, .imm = (int32_t)raw};
    describe_registers(0, op, info);
    info->cls = OP_SYSTEM;
}

/* Whether a branch can be bound to a distance within its page. */
static bool is_near(const struct isa_insn *insn, int offset, int32_t imm)
{
    return (insn->format == ISA_B || insn->format == ISA_J) && offset >= 0 && offset + imm >= 0 &&
           offset + imm < (int)RV_PAGE_SIZE;
}

void isa_decode(const struct isa *isa, uint32_t raw, int offset, struct op *op, struct op_info *info)
{
    bool wide = (raw & 3) == 3;
    uint32_t word = wide ? raw : rvc_expand((uint16_t)raw);
    const struct isa_insn *insn = isa_find(isa, word);

    info->len = wide ? 4 : 2;
    if (!insn) {
        decode_illegal(raw, op, info);
        return;
    }
    int32_t imm = immediate(word, (enum isa_format)insn->format);
    bool near = is_near(insn, offset, imm);
    uint8_t rd = (uint8_t)field(word, 11, 7, 0);
    op->fn = insn->exec[near][wide];
    op->imm = near ? imm / 2 : imm;
    op->rd = rd || (insn->regs & OP_RD_F) ? rd : OP_SINK;
    op->rs1 = (uint8_t)field(word, 19, 15, 0);
    op->rs2 = (uint8_t)field(word, 24, 20, 0);
    op->rs3 = (uint8_t)field(word, 31, 27, 0);
    info->cls = insn->cls;
    describe_registers(insn->regs, op, info);
}

/* ---- CSRs ---- */

bool isa_csr_access(struct hart *h, unsigned number, bool write, const struct isa_csr **csr)
{
    const struct isa_csr *c = h->isa->csrs[number & 0xfff];
    bool read_only = (number >> 10 & 3) == 3;
    unsigned privilege = number >> 8 & 3;

    if (!c || h->mode < privilege || (write && read_only))
        return false;
    if ((c->flags & ISA_CSR_FLOAT) && !(h->mstatus & RV_STATUS_FS))
        return false;
    *csr = c;
    return !c->allowed || c->allowed(h, number);
}
