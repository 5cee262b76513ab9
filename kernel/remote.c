/*
 * CPUs among each other: the lock, holding a CPU at rest, requests, and moving threads. See docs/smp.md.
 *
 *   holder of the lock                    other CPU
 *   remote_kick: interrupt          -->   user mode: traps, takes a ticket
 *   waits for `rest`                <--   rest = CPU_WAITS
 *   changes what is the other's           waits for its turn
 *   kernel_leave                    -->   rest = CPU_ACTIVE, remote_serve, goes on
 */
#include "kernel/remote.h"
#include "kernel/cold.h"
#include "kernel/ipc.h"
#include "kernel/irq.h"
#include "kernel/panic.h"
#include "kernel/sched.h"
#include "kernel/task.h"
#include "lib/base/bits.h"

struct cpu *cpu_table[CPUS_MAX];
u32 cpu_count;
struct kernel_lock kernel_lock;

void cpu_add(struct cpu *cpu)
{
    cpu->id = cpu_count;
    cpu->bit = 1ull << cpu_count;
    cpu_set_hook(cpu, 0, false);
    cpu->rest = CPU_OFF;
    list_init(&cpu->look);
    cpu_table[cpu_count++] = cpu;
    for (u32 i = 0; i < cpu_count; i++)
        cpu_table[i]->shared = cpu_count > 1;
}

/* --- waiting --- */

#define SPINS 200 /* looks before a waiting CPU sleeps a little between them */

/* Waits a moment, the n-th time in a row. What others ask meanwhile is done when the lock is there. */
static void pause(u64 n)
{
    if (n < SPINS)
        arch_relax();
    else
        arch_nap();
}

/* The n looks are over. */
static void pause_end(struct cpu *cpu, u64 n)
{
    if (n > SPINS)
        arch_timer_set(cpu->timer_armed); /* the nap's alarm used it */
}

COLD void kernel_wait(struct cpu *cpu, u64 ticket)
{
    u64 n = 0;
    arch_rest(cpu);
    __atomic_store_n(&cpu->rest, CPU_WAITS, __ATOMIC_RELEASE);
    while (!kernel_turn(ticket))
        pause(n++);
    cpu->rest = CPU_ACTIVE;
    pause_end(cpu, n);
    if (cpu->current)
        arch_space_switch(cpu->current->root);
}

#define START_US 10000000 /* within which a CPU comes to the lock */

void remote_start_all(void)
{
    u64 n = 0, end = arch_time() + clock_us_to_ticks(START_US);
    for (u32 i = 1; i < cpu_count; i++) {
        sched_init(cpu_table[i]);
        if (!arch_cpu_start(cpu_table[i]))
            kernel_print("cpu %d does not start\n", i);
    }
    for (u32 i = 1; i < cpu_count; i++)
        while (!cpu_online(i) && arch_time() < end)
            pause(n++);
    pause_end(cpu_self(), n);
}

void remote_hold(struct cpu *cpu)
{
    u64 n = 0;
    if (cpu == cpu_self() || cpu_rests(cpu))
        return;
    remote_kick(cpu, 0);
    while (!cpu_rests(cpu))
        pause(n++);
    pause_end(cpu_self(), n);
}

void remote_hold_thread(struct thread *t)
{
    if (t->cpu == cpu_self())
        return;
    remote_hold(t->cpu);
    if (t->cpu->current == t)
        t->cpu->current = NULL;
}

/* All are asked before the first is waited for. */
COLD void remote_hold_space_slow(u64 cpus)
{
    for (u64 rest = cpus; rest; rest &= rest - 1)
        if (!cpu_rests(cpu_table[bits_lowest(rest)]))
            remote_kick(cpu_table[bits_lowest(rest)], 0);
    for (; cpus; cpus &= cpus - 1)
        remote_hold(cpu_table[bits_lowest(cpus)]);
}

/* --- requests --- */

void remote_kick(struct cpu *cpu, u32 requests)
{
    bool coming = cpu->requests & REQUEST_KICK;
    if (cpu == cpu_self())
        return;
    cpu->requests |= requests;
    u32 rest = __atomic_load_n(&cpu->rest, __ATOMIC_RELAXED);
    if (coming || rest == CPU_WAITS || rest == CPU_OFF)
        return;
    cpu->requests |= REQUEST_KICK;
    arch_ipi_send(cpu->id);
}

void remote_look(struct thread *t)
{
    list_remove(&t->look);
    list_push_back(&t->cpu->look, &t->look);
    remote_kick(t->cpu, REQUEST_LOOK);
}

static void flush_all(struct cpu *cpu)
{
    if (cpu->flushes > FLUSHES_MAX)
        arch_tlb_flush_all();
    else
        for (u32 i = 0; i < cpu->flushes; i++)
            if (cpu->flush[i].address == FLUSH_ALL)
                arch_tlb_flush_asid(cpu->flush[i].asid);
            else
                arch_tlb_flush_page(cpu->flush[i].asid, cpu->flush[i].address);
    cpu->flushes = 0;
}

COLD void remote_serve(struct cpu *cpu)
{
    u32 requests = cpu->requests;
    cpu->requests = 0;
    if (requests & REQUEST_KICK)
        arch_ipi_clear();
    if (requests & REQUEST_TLB)
        flush_all(cpu);
    if (requests & REQUEST_CODE)
        arch_code_changed();
    if (requests & REQUEST_TIMER)
        sched_rearm(cpu);
    while (!list_empty(&cpu->look)) {
        struct thread *t = list_first(&cpu->look, struct thread, look);
        list_remove(&t->look);
        ipc_look(t);
    }
}

/* The CPU itself need not come for it: it does not run in the space before it was in the kernel. */
static void request_flush(struct cpu *cpu, u64 asid, vaddr_t address)
{
    cpu->requests |= REQUEST_TLB;
    if (cpu->flushes < FLUSHES_MAX) {
        cpu->flush[cpu->flushes].asid = asid;
        cpu->flush[cpu->flushes].address = address;
    }
    if (cpu->flushes <= FLUSHES_MAX)
        cpu->flushes++;
}

void remote_flush_slow(const struct space *s, vaddr_t address)
{
    for (u64 cpus = s->cpus & ~cpu_self()->bit; cpus; cpus &= cpus - 1)
        request_flush(cpu_table[bits_lowest(cpus)], s->asid, address);
}

void remote_code_changed(const struct space *s)
{
    for (u32 i = 0; i < cpu_count; i++)
        if (cpu_table[i] != cpu_self())
            cpu_table[i]->requests |= REQUEST_CODE;
    if (s)
        remote_hold_space(s);
}

/* --- moving --- */

static void move_timeout(struct timeout *t, struct cpu *from, struct cpu *to)
{
    u64 at = t->link.key;
    if (!tree_linked(&t->link))
        return;
    timeout_cancel(from, t);
    timeout_set(to, t, at);
}

void remote_move_sc(struct sc *sc, struct cpu *to)
{
    struct cpu *from = sc->cpu;
    if (from == to)
        return;
    if (from->sc == sc)
        sched_stop_charging(from);
    move_timeout(&sc->replenish, from, to);
    sc->cpu = to;
    sched_set_priority(sc, sc->priority);
}

void remote_move(struct thread *t, struct cpu *to)
{
    struct cpu *from = t->cpu;
    if (from == to)
        return;
    remote_hold_thread(t);
    remote_hold(to);
    sched_block(t);
    if (t->sc)
        remote_move_sc(t->sc, to);
    arch_fpu_leave(t);
    move_timeout(&t->timeout, from, to);
    thread_set_home(t, to);
    if (!list_empty(&t->look))
        remote_look(t);
    irq_route_all(t);
    if (t->state == THREAD_READY && t->sc)
        sched_ready(t, false);
}
