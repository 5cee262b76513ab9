/*
 * The kernel as an ordinary program: threads are structs whose registers a test sets, physical memory is an array, time
 * advances when told to. For unit tests, fuzzers and sanitizers.
 */
#pragma once

#include "abi/arch/riscv64.h"
#include "abi/invoke.h"
#include "abi/object.h"
#include "abi/types.h"

#define ARCH_LEVELS 3
#define ARCH_ELF_MACHINE 243

struct arch_hot_regs {
    u64 pc, sp, tp;
};

struct arch_cold_regs {
    u64 mr[MSG_REGS];
    u64 tag;
    u64 selector;
    u64 label;
    u64 timeouts;
    u64 reply_slot;
    bool restart; /* the invocation is executed again when the thread runs next */
    u64 other;    /* stands for all registers that an invocation zeroes */
};

static inline void arch_regs_result(struct arch_cold_regs *r)
{
    r->timeouts = r->reply_slot = r->other = 0;
}

static inline void arch_regs_done(struct arch_cold_regs *r)
{
    for (u32 i = 0; i < MSG_REGS; i++)
        r->mr[i] = 0;
    r->tag = TAG(OPERATION_WORDS, 0);
    r->label = 0;
    arch_regs_result(r);
}

static inline void arch_regs_signal(struct arch_cold_regs *r, u64 label)
{
    arch_regs_done(r);
    r->tag = 0;
    r->label = label;
}

static inline void arch_regs_complete(struct arch_cold_regs *r)
{
}

u64 arch_fast_tag(void);
u64 arch_fast_word(void);

struct arch_fpu {
    u64 unused;
};

struct cpu;
struct cpu *arch_cpu_self(void);

/* Simulated physical memory begins at this address, so that 0 is never a frame. */
#define HOST_RAM_BASE 0x80000000ull
extern u8 *host_ram;

extern u64 host_time; /* in ticks of 100 ns */
static inline u64 arch_time(void)
{
    return host_time;
}

static inline void arch_relax(void)
{
}

extern u64 host_root; /* what arch_space_switch was last given */
static inline void arch_space_switch(u64 root)
{
    host_root = root;
}

static inline void *arch_phys_to_virt(paddr_t p)
{
    return host_ram + (p - HOST_RAM_BASE);
}

static inline paddr_t arch_virt_to_phys(const void *v)
{
    return (u64)((const u8 *)v - host_ram) + HOST_RAM_BASE;
}

#define PTE_VALID 1ull
#define PTE_LEAF  2ull

static inline u64 arch_pte_table(paddr_t p)
{
    return p | PTE_VALID;
}

static inline u64 *arch_pte_below(u64 pte)
{
    return arch_phys_to_virt(pte & ~0xfffull);
}

/* Rights stand in bits 4-6. */
static inline u64 arch_pte_make(paddr_t p, u32 rights)
{
    return p | PTE_VALID | PTE_LEAF | (u64)rights << 4;
}

static inline bool arch_pte_valid(u64 pte)
{
    return pte & PTE_VALID;
}

static inline bool arch_pte_leaf(u64 pte)
{
    return pte & PTE_LEAF;
}

static inline bool arch_pte_is_table(u64 pte)
{
    return (pte & (PTE_VALID | PTE_LEAF)) == PTE_VALID;
}

static inline u64 arch_pte_step(u64 size)
{
    return size;
}

static inline paddr_t arch_pte_phys(u64 pte)
{
    return pte & ~0xfffull;
}
