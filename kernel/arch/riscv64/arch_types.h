/* RISC-V, RV64 with Sv39: registers of a thread, page-table entries, and the few instructions that must be inlined. */
#pragma once

#include "abi/arch/riscv64.h"
#include "abi/invoke.h"
#include "abi/object.h"
#include "abi/types.h"

/* The kernel sees physical address p at p + KERNEL_WINDOW: the upper half of Sv39. */
#define KERNEL_WINDOW 0xffffffc000000000ull

#define ARCH_ELF_MACHINE 243 /* EM_RISCV */
#define ARCH_LEVELS 3 /* of page tables: 1 GiB, 2 MiB, 4 KiB */

#define SSTATUS_SPIE    (1ull << 5)
#define SSTATUS_SPP     (1ull << 8)
#define SSTATUS_FS      (3ull << 13)
#define SSTATUS_FS_OFF  (0ull << 13)
#define SSTATUS_FS_CLEAN (2ull << 13)
#define SSTATUS_FS_DIRTY (3ull << 13)
#define SSTATUS_SD       (1ull << 63) /* FS is dirty; where it is saved and FS is off: see fpu_give */

/* Offsets are known to entry.S. */
struct arch_hot_regs {
    u64 pc, sp, gp, tp, s0;
    u64 status; /* sstatus: FS tells whether the FPU holds the thread's state, and whether it is dirty */
};

struct arch_cold_regs {
    u64 mr[MSG_REGS]; /* s2-s9 */
    u64 tag;          /* s1 */
    u64 selector;     /* a0 */
    u64 label;        /* a1 */
    u64 reply_slot;   /* a2 */
    u64 timeouts;     /* a3 */
    u64 a4, a5, a6, a7;
    u64 ra, t0, t1, t2, t3, t4, t5, t6, s10, s11;
    u64 kind;         /* enum arch_regs_kind */
};

/* Which registers of a thread that does not run count. */
enum arch_regs_kind {
    REGS_RESULT, /* words, tag and label; the rest comes back zero */
    REGS_ALL,    /* all */
    REGS_DONE,   /* none: the result of an operation without results, which succeeded */
    REGS_SIGNAL, /* label only: words and tag are 0 */
};

/* The registers are those of an invocation's result. */
static inline void arch_regs_result(struct arch_cold_regs *r)
{
    r->kind = REGS_RESULT;
}

/* They are those of an operation that succeeded and has no results. */
static inline void arch_regs_done(struct arch_cold_regs *r)
{
    r->kind = REGS_DONE;
}

/* They are those of a signal that was received. */
static inline void arch_regs_signal(struct arch_cold_regs *r, u64 label)
{
    r->label = label;
    r->kind = REGS_SIGNAL;
}

/* Writes out words, tag and label that are implied only. */
static inline void arch_regs_complete(struct arch_cold_regs *r)
{
    if (r->kind == REGS_RESULT || r->kind == REGS_ALL)
        return;
    for (u32 i = 0; i < MSG_REGS; i++)
        r->mr[i] = 0;
    r->tag = r->kind == REGS_DONE ? TAG(OPERATION_WORDS, 0) : 0;
    r->label = r->kind == REGS_DONE ? 0 : r->label;
    r->kind = REGS_RESULT;
}

/* On the fast path: the tag and word 0 of the message, which leaf functions leave alone. */
static inline u64 arch_fast_tag(void)
{
    u64 tag;
    __asm__ volatile("mv %0, s1" : "=r"(tag));
    return tag;
}

static inline u64 arch_fast_word(void)
{
    u64 word;
    __asm__ volatile("mv %0, s2" : "=r"(word));
    return word;
}

struct arch_fpu {
    u64 f[32];
    u64 fcsr;
};

struct cpu;

#define csr_read(name)                                                                                                 \
    ({                                                                                                                 \
        u64 value_;                                                                                                    \
        __asm__ volatile("csrr %0, " #name : "=r"(value_));                                                            \
        value_;                                                                                                        \
    })
#define csr_write(name, value) __asm__ volatile("csrw " #name ", %0" ::"rK"((u64)(value)) : "memory")
#define csr_set(name, bits)    __asm__ volatile("csrs " #name ", %0" ::"rK"((u64)(bits)) : "memory")
#define csr_clear(name, bits)  __asm__ volatile("csrc " #name ", %0" ::"rK"((u64)(bits)) : "memory")

/* Each CPU has one of these, aligned to its size: its stack, and struct cpu above it, to which entry.S points tp. */
#define ARCH_CPU_AREA   16384
#define ARCH_CPU_OFFSET 8192
static inline struct cpu *arch_cpu_self(void)
{
    return (struct cpu *)__builtin_thread_pointer();
}

static inline u64 arch_time(void)
{
    return csr_read(time);
}

static inline void arch_relax(void)
{
    __asm__ volatile(".4byte 0x0100000f" ::: "memory"); /* pause (Zihintpause) */
}

static inline void arch_space_switch(u64 root)
{
    csr_write(satp, root);
}

static inline void *arch_phys_to_virt(paddr_t p)
{
    return (void *)(p + KERNEL_WINDOW);
}

static inline paddr_t arch_virt_to_phys(const void *v)
{
    return (u64)v - KERNEL_WINDOW;
}

/*
 * Page-table entry (privileged specification, 4.4 Sv39):
 *
 *   63   54 53        10 9 8 7 6 5 4 3 2 1 0
 *  +-------+------------+---+-+-+-+-+-+-+-+-+
 *  |   0   |    PPN     | 0 |D|A|G|U|X|W|R|V|
 *  +-------+------------+---+-+-+-+-+-+-+-+-+
 */
#define PTE_V 0x01ull
#define PTE_R 0x02ull
#define PTE_W 0x04ull
#define PTE_X 0x08ull
#define PTE_U 0x10ull
#define PTE_G 0x20ull
#define PTE_A 0x40ull
#define PTE_D 0x80ull

static inline u64 arch_pte_table(paddr_t p)
{
    return p >> 12 << 10 | PTE_V;
}

/* The table that such an entry leads to. */
static inline u64 *arch_pte_below(u64 pte)
{
    return (u64 *)((pte << 2) + (KERNEL_WINDOW - (PTE_V << 2)));
}

/* A leaf of a user's space. A and D are set at once: the kernel does not track use. */
static inline u64 arch_pte_make(paddr_t p, u32 rights)
{
    return p >> 2 | PTE_V | PTE_R | PTE_U | PTE_A | PTE_D | ((rights & RIGHT_W) ? PTE_W : 0) |
           ((rights & RIGHT_X) ? PTE_X : 0);
}

static inline bool arch_pte_valid(u64 pte)
{
    return pte & PTE_V;
}

static inline bool arch_pte_leaf(u64 pte)
{
    return pte & (PTE_R | PTE_X);
}

/* Valid, and leads to a further table. */
static inline bool arch_pte_is_table(u64 pte)
{
    return (pte & (PTE_V | PTE_R | PTE_X)) == PTE_V;
}

/* From the entry of a page to that of the next one, `size` bytes behind it. */
static inline u64 arch_pte_step(u64 size)
{
    return size >> 12 << 10;
}

static inline paddr_t arch_pte_phys(u64 pte)
{
    return pte >> 10 << 12; /* bits 54-63 are 0: we make no others */
}
