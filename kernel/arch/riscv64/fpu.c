/*
 * The FPU belongs to the thread that used it last. Others run with it switched off (sstatus.FS = 0), so that its state
 * moves only when another thread needs it: because it changed the FPU when it ran last (fpu_return), or as a trap says
 * (fpu_trap; firmware may take illegal instructions first, at some 300 instructions). It is stored if it was changed.
 */
#include "kernel/arch/riscv64/fpu.h"
#include "kernel/cpu.h"

static void save(struct thread *t)
{
    fpu_store(t->fpu.f);
    t->fpu.fcsr = csr_read(fcsr);
}

void fpu_flush(struct cpu *cpu)
{
    struct thread *owner = cpu->fpu_owner;
    if (!owner || (owner->hot.status & SSTATUS_FS) != SSTATUS_FS_DIRTY)
        return;
    csr_set(sstatus, SSTATUS_FS);
    save(owner);
    csr_clear(sstatus, SSTATUS_FS);
    owner->hot.status = (owner->hot.status & ~SSTATUS_FS) | SSTATUS_FS_CLEAN;
}

void arch_fpu_leave(struct thread *t)
{
    struct cpu *cpu = t->cpu;
    if (cpu->fpu_owner != t)
        return;
    if (cpu == cpu_self())
        fpu_flush(cpu);
    cpu->fpu_owner = NULL;
    t->hot.status &= ~SSTATUS_FS;
}
