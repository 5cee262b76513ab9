/* RISC-V PLIC specification 1.0.0. A claimed line is not offered again before it is completed. */
#include "kernel/arch/riscv64/plic.h"
#include "hw/plic.h"
#include "kernel/cpu.h"

static volatile u8 *plic;
static u32 plic_sources, context_of[CPUS_MAX];
static volatile u32 *claim_of[CPUS_MAX]; /* the registers PLIC_CLAIM of these contexts */

static volatile u32 *reg(u64 offset)
{
    return (volatile u32 *)(plic + offset);
}

void plic_init(paddr_t base, u32 sources)
{
    plic = arch_phys_to_virt(base);
    plic_sources = sources;
}

void plic_add_cpu(u64 cpu, u32 context)
{
    context_of[cpu] = context;
    for (u32 line = 1; line < plic_sources; line += 32)
        *reg(PLIC_ENABLE(context, line)) = 0;
    claim_of[cpu] = reg(PLIC_CLAIM(context));
}

void plic_open(u64 cpu)
{
    *reg(PLIC_THRESHOLD(context_of[cpu])) = 0;
}

u32 plic_claim(void)
{
    return *claim_of[cpu_self()->id];
}

void arch_line_enable(u64 cpu, u32 line, bool on)
{
    volatile u32 *enable = reg(PLIC_ENABLE(context_of[cpu], line));
    *enable = on ? *enable | 1u << line % 32 : *enable & ~(1u << line % 32);
    *reg(PLIC_PRIORITY(line)) = on; /* last: where a pending signal is noticed at this write only (QEMU 7.2) */
}

void arch_line_complete(u64 cpu, u32 line)
{
    *claim_of[cpu] = line;
}
