/*
 * The language in which extensions write down instructions: one row of a .def file for each,
 *
 *     INSN(name, encoding, register use, class, what it does)
 *
 * where the last part is C with the names below. exec.h turns the rows into handlers (op.h), rows of tables use
 * them. Files that include it must be compiled for speed: all of this is inlined.
 */
#ifndef MACHINE_CORE_EXEC_H
#define MACHINE_CORE_EXEC_H

#include <string.h>

#include "machine/core/code.h"
#include "machine/core/isa.h"
#include "machine/core/mmu.h"

#define likely(x)     __builtin_expect(!!(x), 1)
#define unlikely(x)   __builtin_expect(!!(x), 0)
#define always_inline inline __attribute__((always_inline))

#define RD  (h->x[o->rd])
#define RS1 (h->x[o->rs1])
#define RS2 (h->x[o->rs2])
#define IMM ((int64_t)o->imm)
#define PC  op_pc(h, o)

#define SX32(v) ((uint64_t)(int64_t)(int32_t)(v))

/* Ends of handlers. */
#define NEXT            return o + len / 2
#define TRAP(cause, tv) return hart_trap(h, PC, cause, tv)
#define ILLEGAL         TRAP(RV_ILLEGAL, code_raw(h, o))
#define LEAVE_NEXT      return op_leave(h, PC + len, HART_LEFT_RETIRED)
#define NEED_SYNC                                                                                                      \
    if (!h->synced)                                                                                                    \
    return op_leave(h, PC, HART_LEFT_SYNC)

/* A branch taken: near ones stay in the page and were bound to a distance when decoded. */
#define TAKE_BRANCH return near ? o + o->imm : op_goto(h, PC + IMM)

#define OP_PARAMS     struct hart *h, const struct op *o
#define OP_BODY(name) static always_inline const struct op *name##_body(OP_PARAMS, const unsigned len, const bool near)
#define OP_VARIANT(name, suffix, len, near)                                                                            \
    static const struct op *name##_##suffix(OP_PARAMS)                                                                 \
    {                                                                                                                  \
        return name##_body(h, o, len, near);                                                                           \
    }

/* OP(name) { ... } defines the handlers of one instruction; OP_NEAR those of a branch. */
#define OP(name)                                                                                                       \
    OP_BODY(name);                                                                                                     \
    OP_VARIANT(name, c, 2, false)                                                                                      \
    OP_VARIANT(name, w, 4, false)                                                                                      \
    OP_BODY(name)
#define OP_NEAR(name)                                                                                                  \
    OP_BODY(name);                                                                                                     \
    OP_VARIANT(name, c, 2, false)                                                                                      \
    OP_VARIANT(name, w, 4, false)                                                                                      \
    OP_VARIANT(name, cn, 2, true)                                                                                      \
    OP_VARIANT(name, wn, 4, true)                                                                                      \
    OP_BODY(name)

#define EXEC(name)                                                                                                     \
    {                                                                                                                  \
        {name##_c, name##_w},                                                                                          \
        {                                                                                                              \
            name##_c, name##_w                                                                                         \
        }                                                                                                              \
    }
#define EXEC_NEAR(name)                                                                                                \
    {                                                                                                                  \
        {name##_c, name##_w},                                                                                          \
        {                                                                                                              \
            name##_cn, name##_wn                                                                                       \
        }                                                                                                              \
    }

/* Encodings: match, mask, format. f7, f3: the funct fields; opc: the major opcode with its low bits 11. */
#define ENC_BITS(f7, f3, opc) ((uint32_t)(f7) << 25 | (uint32_t)(f3) << 12 | (opc))
#define R(f7, f3, opc)        ENC_BITS(f7, f3, opc), 0xfe00707fu, ISA_R
#define I(f3, opc)            ENC_BITS(0, f3, opc), 0x0000707fu, ISA_I
#define SHIFT64(f6, f3, opc)  ENC_BITS((f6) << 1, f3, opc), 0xfc00707fu, ISA_SHIFT
#define SHIFT32(f7, f3, opc)  ENC_BITS(f7, f3, opc), 0xfe00707fu, ISA_SHIFT
#define S(f3, opc)            ENC_BITS(0, f3, opc), 0x0000707fu, ISA_S
#define B(f3, opc)            ENC_BITS(0, f3, opc), 0x0000707fu, ISA_B
#define U(opc)                (opc), 0x0000007fu, ISA_U
#define J(opc)                (opc), 0x0000007fu, ISA_J
#define R4(fmt, opc)          ENC_BITS(fmt, 0, opc), 0x0600007fu, ISA_R4
#define RM(f7, opc)           ENC_BITS(f7, 0, opc), 0xfe00007fu, ISA_RM
#define RM1(f7, rs2, opc)     (ENC_BITS(f7, 0, opc) | (rs2) << 20), 0xfff0007fu, ISA_RM
#define R1(f7, rs2, f3, opc)  (ENC_BITS(f7, f3, opc) | (rs2) << 20), 0xfff0707fu, ISA_R
#define AMO(f5, f3)           ENC_BITS((f5) << 2, f3, 0x2f), 0xf800707fu, ISA_R
#define LR(f5, f3)            ENC_BITS((f5) << 2, f3, 0x2f), 0xf9f0707fu, ISA_R
#define CSR(f3)               ENC_BITS(0, f3, 0x73), 0x0000707fu, ISA_CSR
#define EXACT(raw)            (raw), 0xffffffffu, ISA_NONE
#define FENCE(f3)             ENC_BITS(0, f3, 0x0f), 0x0000707fu, ISA_NONE
#define SFENCE(f7)            ENC_BITS(f7, 0, 0x73), 0xfe007fffu, ISA_R

/* Register use: destination, then sources; _ is none. */
#define ____ 0
#define X___ (OP_RD_X)
#define X_X_ (OP_RD_X | OP_RS1_X)
#define X_XX (OP_RD_X | OP_RS1_X | OP_RS2_X)
#define __X_ (OP_RS1_X)
#define __XX (OP_RS1_X | OP_RS2_X)
#define __XF (OP_RS1_X | OP_RS2_F)
#define F_X_ (OP_RD_F | OP_RS1_X)
#define X_F_ (OP_RD_X | OP_RS1_F)
#define F_F_ (OP_RD_F | OP_RS1_F)
#define X_FF (OP_RD_X | OP_RS1_F | OP_RS2_F)
#define F_FF (OP_RD_F | OP_RS1_F | OP_RS2_F)
#define F3FF (OP_RD_F | OP_RS1_F | OP_RS2_F | OP_RS3_F)

/* The guest address of the instruction `o` in the page being executed. */
static always_inline uint64_t op_pc(const struct hart *h, const struct op *o)
{
    return h->page_va + (uint64_t)(o - h->page_ops) * 2;
}

static inline const struct op *op_leave(struct hart *h, uint64_t pc, enum hart_leave why)
{
    h->pc = pc;
    h->leave = why;
    return NULL;
}

/* Continues at guest address `va`, in whatever page that is. */
static always_inline const struct op *op_goto(struct hart *h, uint64_t va)
{
    const struct tlb_code_entry *e = &h->tlb->code[(va >> RV_PAGE_SHIFT) % TLB_ENTRIES];
    if (unlikely((va & RV_PAGE_MASK) != e->tag))
        return code_goto_slow(h, va);
    h->page = e->page;
    h->page_ops = e->page->ops;
    h->page_va = va & RV_PAGE_MASK;
    return &e->page->ops[(va & ~RV_PAGE_MASK) >> 1];
}

/* The end of a handler whose memory access failed: the exception, or another try with exact counters. */
static inline const struct op *op_mem_failed(struct hart *h, const struct op *o)
{
    if (h->leave == HART_LEFT_SYNC)
        return op_leave(h, op_pc(h, o), HART_LEFT_SYNC);
    return hart_trap(h, op_pc(h, o), h->fault_cause, h->fault_tval);
}

/* Reads or writes `size` bytes (1, 2, 4, 8) of guest memory. Returns false if that failed: op_mem_failed() follows. */
static always_inline bool mem_read(struct hart *h, uint64_t va, void *out, unsigned size)
{
    const struct tlb_entry *e = &h->tlb->read[(va >> RV_PAGE_SHIFT) % TLB_ENTRIES];
    if (unlikely((va & (RV_PAGE_MASK | (size - 1))) != e->tag))
        return mmu_read(h, va, out, size);
    const void *host = (const void *)(uintptr_t)(va + e->add);
    h->access = (struct hart_access){.host = host, .va = va};
    memcpy(out, host, size);
    return true;
}

static always_inline bool mem_write(struct hart *h, uint64_t va, const void *in, unsigned size)
{
    const struct tlb_entry *e = &h->tlb->write[(va >> RV_PAGE_SHIFT) % TLB_ENTRIES];
    if (unlikely((va & (RV_PAGE_MASK | (size - 1))) != e->tag))
        return mmu_write(h, va, in, size);
    void *host = (void *)(uintptr_t)(va + e->add);
    h->access = (struct hart_access){.host = host, .va = va};
    memcpy(host, in, size);
    return true;
}

/* LOAD(int16_t, RD): reads that type at rs1 + imm; STORE(uint16_t, RS2) writes it. */
#define LOAD(type, dst)                                                                                                \
    do {                                                                                                               \
        type value_;                                                                                                   \
        if (!mem_read(h, RS1 + IMM, &value_, sizeof value_))                                                           \
            return op_mem_failed(h, o);                                                                                \
        dst = (uint64_t)value_;                                                                                        \
    } while (0)
#define STORE(type, src)                                                                                               \
    do {                                                                                                               \
        type value_ = (type)(src);                                                                                     \
        if (!mem_write(h, RS1 + IMM, &value_, sizeof value_))                                                          \
            return op_mem_failed(h, o);                                                                                \
    } while (0)

#endif
