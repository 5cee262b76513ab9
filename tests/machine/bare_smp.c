/*
 * Two harts on shared memory: atomic additions, load-reserved and store-conditional, a lock, interrupts from one to
 * the other. What is printed does not depend on who comes first.
 */
#include "tests/machine/bare.h"

#include "hw/clint.h"

#define ROUNDS 2000
#define MSIP   ((volatile uint32_t *)(0x2000000 + CLINT_MSIP(0)))

static volatile uint64_t added, reserved, guarded, lock, finished, interrupts;

static void add_reserved(volatile uint64_t *to)
{
    __asm__ volatile("1: lr.d t0, (%0)\n addi t0, t0, 1\n sc.d t1, t0, (%0)\n bnez t1, 1b" ::"r"(to)
                     : "t0", "t1", "memory");
}

static void acquire(void)
{
    uint64_t taken;

    do
        __asm__ volatile("amoswap.d.aq %0, %1, (%2)" : "=r"(taken) : "r"(1ull), "r"(&lock) : "memory");
    while (taken);
}

static void release(void)
{
    __asm__ volatile("amoswap.d.rl zero, zero, (%0)" ::"r"(&lock) : "memory");
}

static void work(void)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        __atomic_fetch_add(&added, 3, __ATOMIC_RELAXED);
        add_reserved(&reserved);
        acquire();
        guarded = guarded + 1; /* not atomic: the lock makes it so */
        release();
    }
}

void on_trap(struct frame *f)
{
    MSIP[csr_read(mhartid)] = 0; /* first: the other hart sends the next one as soon as it sees the count */
    interrupts = interrupts + 1;
}

void main_other(unsigned hart)
{
    csr_write(mie, 1 << 3);
    work();
    finished = 1;
    while (interrupts < 5) {
        __asm__ volatile("wfi"); /* interrupts off: one that came before it still ends it */
        csr_write(mstatus, csr_read(mstatus) | 1 << 3);
        csr_write(mstatus, csr_read(mstatus) & ~(uint64_t)(1 << 3));
    }
    finished = 2;
}

int main(void)
{
    work();
    while (finished < 1)
        ;
    report("added", added);
    report("reserved", reserved);
    report("guarded", guarded);
    for (unsigned i = 0; i < 5; i++) {
        MSIP[1] = 1;
        while (interrupts <= i)
            ;
        report("interrupts", interrupts);
    }
    while (finished < 2)
        ;
    report("finished", finished);
    return 0;
}
