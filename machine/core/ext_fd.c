/*
 * The F and D extensions. fp.c, in integers, is what they mean. The host's FPU may answer instead where it provably
 * says the same and raises nothing new:
 *
 *   - rounding to nearest even, which is the host's mode, and `inexact` is already set in fflags;
 *   - operands are normal numbers or zeros: no NaN rules, nothing invalid;
 *   - the result is normal, finite, and not at the lower end of the range: no overflow, and nothing that could have
 *     been tiny before rounding.
 *
 * IEEE 754 leaves no freedom for +, -, *, /, square root and fused multiply-add in that case. (The host must not
 * contract expressions or compute with excess precision; x86-64 and AArch64 with this file's flags do not.)
 */
#include "machine/core/csr.h"
#include "machine/core/exec.h"
#include "machine/core/fp.h"

#if __FLT_EVAL_METHOD__ != 0
#error "the host computes with excess precision"
#endif

/* A single in a 64-bit register has all ones above it; anything else reads as the canonical NaN. */
#define FP_BOX(v) (UINT64_C(0xffffffff00000000) | (uint32_t)(v))

static always_inline uint64_t fp_unbox(uint64_t v)
{
    return v >> 32 == UINT32_MAX ? (uint32_t)v : FP32_NAN;
}

/* ---- The host's numbers ---- */

#define HOST_FORMAT(type, bits_t, name, sig_bits, max_exp)                                                             \
    static always_inline type host_##name(uint64_t a)                                                                  \
    {                                                                                                                  \
        bits_t bits = (bits_t)a;                                                                                       \
        type v;                                                                                                        \
        memcpy(&v, &bits, sizeof v);                                                                                   \
        return v;                                                                                                      \
    }                                                                                                                  \
    static always_inline uint64_t host_##name##_bits(type v)                                                           \
    {                                                                                                                  \
        bits_t bits;                                                                                                   \
        memcpy(&bits, &v, sizeof bits);                                                                                \
        return bits;                                                                                                   \
    }                                                                                                                  \
    static always_inline bool host_##name##_ok(uint64_t a)                                                             \
    {                                                                                                                  \
        unsigned exp = (unsigned)(a >> (sig_bits)) & (max_exp);                                                        \
        return (exp != 0 && exp != (max_exp)) || (bits_t)(a << 1) == 0;                                                \
    }                                                                                                                  \
    static always_inline bool host_##name##_safe(uint64_t a)                                                           \
    {                                                                                                                  \
        unsigned exp = (unsigned)(a >> (sig_bits)) & (max_exp);                                                        \
        return exp > 1 && exp != (max_exp);                                                                            \
    }

HOST_FORMAT(float, uint32_t, float, 23, 0xffu)
HOST_FORMAT(double, uint64_t, double, 52, 0x7ffu)

/* ---- Parts of the rows ---- */

#define FA GET(o->rs1)
#define FB GET(o->rs2)
#define FC GET(o->rs3)

#define FP_USE_CLEAN                                                                                                   \
    if (!(h->mstatus & RV_STATUS_FS))                                                                                  \
    ILLEGAL
#define FP_USE                                                                                                         \
    FP_USE_CLEAN;                                                                                                      \
    h->mstatus |= RV_STATUS_FS

/* The rounding mode in effect; reserved ones are illegal instructions. */
#define FP_ROUNDING                                                                                                    \
    FP_USE;                                                                                                            \
    unsigned rm = o->imm == RV_DYN ? h->frm : (unsigned)o->imm;                                                        \
    if (rm > RV_RMM)                                                                                                   \
    ILLEGAL

#define ARITH(exact, host_allowed, host)                                                                               \
    FP_ROUNDING;                                                                                                       \
    if (rm == RV_RNE && (h->fflags & RV_FF_NX) && (host_allowed)) {                                                    \
        HOST_T host_result = host;                                                                                     \
        if (HOST_SAFE(HOST_BITS(host_result))) {                                                                       \
            SET(HOST_BITS(host_result));                                                                               \
            NEXT;                                                                                                      \
        }                                                                                                              \
    }                                                                                                                  \
    uint8_t flags = 0;                                                                                                 \
    SET(exact);                                                                                                        \
    h->fflags |= flags

#define TO_INT(bits, is_signed)                                                                                        \
    FP_ROUNDING;                                                                                                       \
    RD = fp_to_int(FORMAT, FA, bits, is_signed, rm, &h->fflags)
#define FROM_SIGNED(type)                                                                                              \
    FP_ROUNDING;                                                                                                       \
    int64_t v = (type)RS1;                                                                                             \
    SET(fp_from_int(FORMAT, v < 0, v < 0 ? -(uint64_t)v : (uint64_t)v, rm, &h->fflags))
#define FROM_UNSIGNED(type)                                                                                            \
    FP_ROUNDING;                                                                                                       \
    SET(fp_from_int(FORMAT, false, (type)RS1, rm, &h->fflags))

#define INSN_FILE "machine/core/rv_fd.def"
#include "machine/core/table.h"

/* ---- fcsr: frm 7..5, fflags 4..0 ---- */

static uint64_t read_fflags(struct hart *h, unsigned number)
{
    return h->fflags;
}

static void write_fflags(struct hart *h, unsigned number, uint64_t value)
{
    h->fflags = value & 31;
    h->mstatus |= RV_STATUS_FS;
}

static uint64_t read_frm(struct hart *h, unsigned number)
{
    return h->frm;
}

static void write_frm(struct hart *h, unsigned number, uint64_t value)
{
    h->frm = value & 7;
    h->mstatus |= RV_STATUS_FS;
}

static uint64_t read_fcsr(struct hart *h, unsigned number)
{
    return (uint64_t)h->frm << 5 | h->fflags;
}

static void write_fcsr(struct hart *h, unsigned number, uint64_t value)
{
    write_frm(h, number, value >> 5);
    write_fflags(h, number, value);
}

static const struct isa_csr csrs[] = {
    CSR_ROW(0x001, ISA_CSR_FLOAT, fflags, NULL),
    CSR_ROW(0x002, ISA_CSR_FLOAT, frm, NULL),
    CSR_ROW(0x003, ISA_CSR_FLOAT, fcsr, NULL),
};

const struct isa_extension isa_ext_fd = {.name = "fd",
                                         .insns = insn_table,
                                         .insn_count = INSN_COUNT,
                                         .csrs = csrs,
                                         .csr_count = sizeof csrs / sizeof csrs[0]};
