/*
 * The C extension: each compressed instruction stands for one of the base instructions, so it is expanded to that
 * and decoded as such. Field layouts are quoted from the manual, "imm[5|4:0]" listing immediate bits from high to low.
 */
#include "machine/core/isa.h"

/* ---- Building wide instructions ---- */

static uint32_t make_i(uint32_t opc, uint32_t f3, uint32_t rd, uint32_t rs1, uint32_t imm)
{
    return (imm & 0xfff) << 20 | rs1 << 15 | f3 << 12 | rd << 7 | opc;
}

static uint32_t make_r(uint32_t opc, uint32_t f3, uint32_t f7, uint32_t rd, uint32_t rs1, uint32_t rs2)
{
    return f7 << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | rd << 7 | opc;
}

static uint32_t make_s(uint32_t opc, uint32_t f3, uint32_t rs1, uint32_t rs2, uint32_t imm)
{
    return (imm >> 5 & 127) << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | (imm & 31) << 7 | opc;
}

static uint32_t make_b(uint32_t f3, uint32_t rs1, uint32_t imm)
{
    return (imm >> 12 & 1) << 31 | (imm >> 5 & 63) << 25 | rs1 << 15 | f3 << 12 | (imm >> 1 & 15) << 8 |
           (imm >> 11 & 1) << 7 | 0x63;
}

static uint32_t make_j(uint32_t rd, uint32_t imm)
{
    return (imm >> 20 & 1) << 31 | (imm >> 1 & 0x3ff) << 21 | (imm >> 11 & 1) << 20 | (imm >> 12 & 0xff) << 12 |
           rd << 7 | 0x6f;
}

/* ---- Fields of compressed instructions ---- */

/* Bit `from` of c, moved to bit `to`. */
#define BIT(from, to) ((uint32_t)(c >> (from)&1) << (to))
/* Bits hi..lo of c, moved to bit `to` and up. */
#define BITS(hi, lo, to) ((uint32_t)(c >> (lo) & ((1u << ((hi) - (lo) + 1)) - 1)) << (to))

#define RD_FULL  BITS(11, 7, 0)
#define RS2_FULL BITS(6, 2, 0)
#define RS1_3    (BITS(9, 7, 0) + 8) /* the eight popular registers x8 to x15 */
#define RS2_3    (BITS(4, 2, 0) + 8)

static uint32_t sext(uint32_t value, unsigned bits)
{
    return (uint32_t)((int32_t)(value << (32 - bits)) >> (32 - bits));
}

static uint32_t imm6(uint16_t c) /* imm[5] imm[4:0] */
{
    return sext(BIT(12, 5) | BITS(6, 2, 0), 6);
}

static uint32_t uimm_w(uint16_t c) /* uimm[5:3] uimm[2|6] */
{
    return BITS(12, 10, 3) | BIT(6, 2) | BIT(5, 6);
}

static uint32_t uimm_d(uint16_t c) /* uimm[5:3] uimm[7:6] */
{
    return BITS(12, 10, 3) | BITS(6, 5, 6);
}

static uint32_t uimm_lwsp(uint16_t c) /* uimm[5] uimm[4:2|7:6] */
{
    return BIT(12, 5) | BITS(6, 4, 2) | BITS(3, 2, 6);
}

static uint32_t uimm_ldsp(uint16_t c) /* uimm[5] uimm[4:3|8:6] */
{
    return BIT(12, 5) | BITS(6, 5, 3) | BITS(4, 2, 6);
}

static uint32_t uimm_swsp(uint16_t c) /* uimm[5:2|7:6] */
{
    return BITS(12, 9, 2) | BITS(8, 7, 6);
}

static uint32_t uimm_sdsp(uint16_t c) /* uimm[5:3|8:6] */
{
    return BITS(12, 10, 3) | BITS(9, 7, 6);
}

static uint32_t imm_cj(uint16_t c) /* imm[11|4|9:8|10|6|7|3:1|5] */
{
    return sext(
        BIT(12, 11) | BIT(11, 4) | BITS(10, 9, 8) | BIT(8, 10) | BIT(7, 6) | BIT(6, 7) | BITS(5, 3, 1) | BIT(2, 5), 12);
}

static uint32_t imm_cb(uint16_t c) /* imm[8|4:3] imm[7:6|2:1|5] */
{
    return sext(BIT(12, 8) | BITS(11, 10, 3) | BITS(6, 5, 6) | BITS(4, 3, 1) | BIT(2, 5), 9);
}

/* ---- Quadrant 0: loads and stores of the popular registers ---- */

static uint32_t expand_addi4spn(uint16_t c)
{
    uint32_t imm = BITS(12, 11, 4) | BITS(10, 7, 6) | BIT(6, 2) | BIT(5, 3);
    return imm ? make_i(0x13, 0, RS2_3, 2, imm) : 0;
}

static uint32_t expand_q0(uint16_t c)
{
    switch (c >> 13) {
    case 0:
        return expand_addi4spn(c);
    case 1: /* c.fld */
        return make_i(0x07, 3, RS2_3, RS1_3, uimm_d(c));
    case 2: /* c.lw */
        return make_i(0x03, 2, RS2_3, RS1_3, uimm_w(c));
    case 3: /* c.ld */
        return make_i(0x03, 3, RS2_3, RS1_3, uimm_d(c));
    case 5: /* c.fsd */
        return make_s(0x27, 3, RS1_3, RS2_3, uimm_d(c));
    case 6: /* c.sw */
        return make_s(0x23, 2, RS1_3, RS2_3, uimm_w(c));
    case 7: /* c.sd */
        return make_s(0x23, 3, RS1_3, RS2_3, uimm_d(c));
    default:
        return 0;
    }
}

/* ---- Quadrant 1: immediates, arithmetic, branches ---- */

static uint32_t expand_lui(uint16_t c)
{
    if (RD_FULL == 2) { /* c.addi16sp */
        uint32_t imm = sext(BIT(12, 9) | BIT(6, 4) | BIT(5, 6) | BITS(4, 3, 7) | BIT(2, 5), 10);
        return imm ? make_i(0x13, 0, 2, 2, imm) : 0;
    }
    return imm6(c) ? imm6(c) << 12 | RD_FULL << 7 | 0x37 : 0;
}

static uint32_t expand_arith(uint16_t c)
{
    static const struct {
        uint8_t opc, f3, f7;
    } ops[8] = {{0x33, 0, 0x20}, {0x33, 4, 0}, {0x33, 6, 0}, {0x33, 7, 0}, {0x3b, 0, 0x20}, {0x3b, 0, 0}};
    uint32_t shamt = BIT(12, 5) | BITS(6, 2, 0);

    switch (BITS(11, 10, 0)) {
    case 0: /* c.srli */
        return make_i(0x13, 5, RS1_3, RS1_3, shamt);
    case 1: /* c.srai */
        return make_i(0x13, 5, RS1_3, RS1_3, shamt | 0x400);
    case 2: /* c.andi */
        return make_i(0x13, 7, RS1_3, RS1_3, imm6(c));
    default: {
        unsigned i = BIT(12, 2) | BITS(6, 5, 0);
        return ops[i].opc ? make_r(ops[i].opc, ops[i].f3, ops[i].f7, RS1_3, RS1_3, RS2_3) : 0;
    }
    }
}

static uint32_t expand_q1(uint16_t c)
{
    switch (c >> 13) {
    case 0: /* c.addi, c.nop */
        return make_i(0x13, 0, RD_FULL, RD_FULL, imm6(c));
    case 1: /* c.addiw */
        return RD_FULL ? make_i(0x1b, 0, RD_FULL, RD_FULL, imm6(c)) : 0;
    case 2: /* c.li */
        return make_i(0x13, 0, RD_FULL, 0, imm6(c));
    case 3:
        return expand_lui(c);
    case 4:
        return expand_arith(c);
    case 5: /* c.j */
        return make_j(0, imm_cj(c));
    case 6: /* c.beqz */
        return make_b(0, RS1_3, imm_cb(c));
    default: /* c.bnez */
        return make_b(1, RS1_3, imm_cb(c));
    }
}

/* ---- Quadrant 2: stack-relative, moves, jumps to registers ---- */

static uint32_t expand_jump_move_add(uint16_t c)
{
    uint32_t rd = RD_FULL, rs2 = RS2_FULL;

    if (rs2)
        return make_r(0x33, 0, 0, rd, BIT(12, 0) ? rd : 0, rs2); /* c.add, c.mv */
    if (!BIT(12, 0))
        return rd ? make_i(0x67, 0, 0, rd, 0) : 0;      /* c.jr */
    return rd ? make_i(0x67, 0, 1, rd, 0) : 0x00100073; /* c.jalr, c.ebreak */
}

static uint32_t expand_q2(uint16_t c)
{
    switch (c >> 13) {
    case 0: /* c.slli */
        return make_i(0x13, 1, RD_FULL, RD_FULL, BIT(12, 5) | BITS(6, 2, 0));
    case 1: /* c.fldsp */
        return make_i(0x07, 3, RD_FULL, 2, uimm_ldsp(c));
    case 2: /* c.lwsp */
        return RD_FULL ? make_i(0x03, 2, RD_FULL, 2, uimm_lwsp(c)) : 0;
    case 3: /* c.ldsp */
        return RD_FULL ? make_i(0x03, 3, RD_FULL, 2, uimm_ldsp(c)) : 0;
    case 4:
        return expand_jump_move_add(c);
    case 5: /* c.fsdsp */
        return make_s(0x27, 3, 2, RS2_FULL, uimm_sdsp(c));
    case 6: /* c.swsp */
        return make_s(0x23, 2, 2, RS2_FULL, uimm_swsp(c));
    default: /* c.sdsp */
        return make_s(0x23, 3, 2, RS2_FULL, uimm_sdsp(c));
    }
}

uint32_t rvc_expand(uint16_t c)
{
    switch (c & 3) {
    case 0:
        return expand_q0(c);
    case 1:
        return expand_q1(c);
    case 2:
        return expand_q2(c);
    default:
        return 0;
    }
}
