/*
 * The FPU belongs to the thread that used it last. Others run with it switched off (sstatus.FS = 0), so that its state
 * moves only when another thread really needs it, and is stored only if it was changed.
 */
#include "kernel/arch/riscv64/fpu.h"
#include "kernel/cpu.h"

static void save(struct thread *t)
{
    fpu_store(t->fpu.f);
    t->fpu.fcsr = csr_read(fcsr);
}

static void load(struct thread *t)
{
    fpu_load(t->fpu.f);
    csr_write(fcsr, t->fpu.fcsr);
}

bool fpu_acquire(struct thread *t)
{
    if ((t->hot.status & SSTATUS_FS) != SSTATUS_FS_OFF)
        return false;
    struct thread *owner = t->cpu->fpu_owner;
    csr_set(sstatus, SSTATUS_FS);
    if (owner && (owner->hot.status & SSTATUS_FS) == SSTATUS_FS_DIRTY)
        save(owner);
    if (owner)
        owner->hot.status &= ~SSTATUS_FS;
    load(t);
    csr_clear(sstatus, SSTATUS_FS);
    t->hot.status |= SSTATUS_FS_CLEAN;
    t->cpu->fpu_owner = t;
    return true;
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
