/* What brings the CPU into the kernel besides the fast path, and how it leaves. */
#include "kernel/arch/riscv64/debug.h"
#include "kernel/arch/riscv64/fpu.h"
#include "kernel/arch/riscv64/offsets.h"
#include "kernel/arch/riscv64/plic.h"
#include "kernel/cold.h"
#include "kernel/debug.h"
#include "kernel/fault.h"
#include "kernel/invoke.h"
#include "kernel/irq.h"
#include "kernel/panic.h"
#include "kernel/quick.h"
#include "kernel/remote.h"
#include "kernel/sched.h"
#include "kernel/task.h"

_Static_assert(offsetof(struct thread, hot.pc) == THREAD_PC, "entry.S");
_Static_assert(offsetof(struct thread, hot.sp) == THREAD_SP, "entry.S");
_Static_assert(offsetof(struct thread, hot.gp) == THREAD_GP, "entry.S");
_Static_assert(offsetof(struct thread, hot.tp) == THREAD_TP, "entry.S");
_Static_assert(offsetof(struct thread, hot.s0) == THREAD_S0, "entry.S");
_Static_assert(offsetof(struct thread, hot.status) == THREAD_STATUS, "entry.S");
_Static_assert(offsetof(struct thread, cpu) == THREAD_CPU, "entry.S");
_Static_assert(offsetof(struct thread, cold.mr) == COLD_MR, "entry.S");
_Static_assert(offsetof(struct thread, cold.selector) == COLD_A0, "entry.S");
_Static_assert(offsetof(struct thread, cold.tag) == COLD_TAG, "entry.S");
_Static_assert(offsetof(struct thread, cold.ra) == COLD_RA, "entry.S");
_Static_assert(offsetof(struct thread, cold.kind) == COLD_KIND, "entry.S");
_Static_assert(sizeof(struct cpu) <= ARCH_CPU_AREA - ARCH_CPU_OFFSET && STACK_SIZE == ARCH_CPU_OFFSET, "head.S");
_Static_assert(STARTED_MAX == CPUS_MAX, "head.S");
_Static_assert(sizeof(struct thread) > 1008, "factory.c: a class that keeps cache lines together");
_Static_assert(offsetof(struct thread, fpu) == THREAD_FPU && offsetof(struct arch_fpu, fcsr) == 8 * 32, "fpu_regs.S");
_Static_assert(offsetof(struct cpu, fpu_owner) == CPU_FPU_OWNER, "fpu_regs.S");
_Static_assert(offsetof(struct cpu, news) == CPU_NEWS && CPU_NEWS % 2 == 0, "entry.S: both in a halfword");
_Static_assert(offsetof(struct cpu, shared) == CPU_NEWS + 1, "entry.S");
_Static_assert(SSTATUS_FS == SSTATUS_FS_MASK && SSTATUS_SPP == SSTATUS_SPP_MASK, "fpu_regs.S");
_Static_assert((SSTATUS_FS_DIRTY ^ SSTATUS_FS_CLEAN) == SSTATUS_FS_DIRT, "fpu_regs.S");
_Static_assert(offsetof(struct thread, map_done) == THREAD_MAP_DONE, "entry.S");
_Static_assert((TAG_ERROR | E_NOENT << TAG_CODE_SHIFT) == TAG_NO_ENTRY, "entry.S");
_Static_assert(REGS_RESULT == 0 && REGS_ALL == KIND_ALL, "entry.S");
_Static_assert(REGS_DONE == KIND_DONE && REGS_SIGNAL == KIND_SIGNAL, "other.S");
_Static_assert(TAG(OPERATION_WORDS, 0) == TAG_DONE, "other.S");
_Static_assert(SLOTS == 1 << SEL_SLOT_BITS && SEL_OP_CALL == 0, "entry.S");
_Static_assert(SEL_OP_REPLY_WAIT == SEL_REPLY_WAIT && SEL_TIMED == 1ull << SEL_TIMED_BIT, "entry.S");

/* scause (privileged specification, table 4.2) */
#define CAUSE_INTERRUPT      (1ull << 63)
#define CAUSE_TIMER          (CAUSE_INTERRUPT | 5)
#define CAUSE_EXTERNAL       (CAUSE_INTERRUPT | 9)
#define CAUSE_ECALL          8
#define CAUSE_FETCH_FAULT    12
#define CAUSE_LOAD_FAULT     13
#define CAUSE_STORE_FAULT    15

#define SIE_SOFTWARE (1ull << 1)
#define SIE_TIMER    (1ull << 5)
#define SIE_EXTERNAL (1ull << 9)

struct thread *trap_invoke(struct thread *t);
struct thread *trap_operated(struct thread *t, const struct object *o, err_t error);
struct thread *trap_other(struct thread *t);
_Noreturn void trap_in_kernel(u64 cause, u64 pc, u64 value);

/*
 * The lock is not free. While the CPU rests, t looks as if it had not come to its ecall yet, so that others may do
 * with it what they like. True: nobody did, and it is there again.
 */
static COLD bool wait_with_invocation(struct cpu *cpu, struct thread *t, u64 ticket)
{
    arch_regs_restart(t);
    kernel_wait(cpu, ticket);
    if (cpu->current != t)
        return false;
    t->hot.pc += 4;
    t->cold.kind = REGS_RESULT;
    return true;
}

/* With other CPUs. False: t is no longer what the CPU works for. */
static inline bool enter_shared(struct cpu *cpu, struct thread *t)
{
    u64 ticket = kernel_ticket();
    bool undisturbed = kernel_turn(ticket) || wait_with_invocation(cpu, t, ticket);
    if (cpu->requests)
        remote_serve(cpu);
    return undisturbed;
}

/* What the fast path leaves: anything. Gives the thread to go on with. */
struct thread *trap_invoke(struct thread *t)
{
    struct cpu *cpu = cpu_self();
    cpu->current = t;
    bool undisturbed = !cpu->shared || enter_shared(cpu, t);
    trace(ENTRY, t, CAUSE_ECALL, t->cold.selector);
    if (undisturbed)
        invoke(t);
    return sched_exit(cpu);
}

/*
 * The operation of t on o has returned `error`. Gives the thread to go on with, or NULL: that is t, whose answer is as
 * invoke_ended says.
 */
struct thread *trap_operated(struct thread *t, const struct object *o, err_t error)
{
    if (error == INVOKE_BLOCKED || !invoke_ended(t, o, error))
        return sched_exit(cpu_self());
    kernel_leave(cpu_self());
    return NULL;
}

static void serve_interrupts(u64 pending)
{
    debug_poll();
    if (pending & SIE_SOFTWARE)
        arch_ipi_clear();
    if (pending & SIE_TIMER)
        sched_timer(cpu_self());
    if (!(pending & SIE_EXTERNAL))
        return;
    u32 line = plic_claim();
    if (line) /* another line that signals traps at once */
        icu_fire(line);
}

static void exception(struct thread *t, u64 cause, u64 value)
{
    u32 access = cause == CAUSE_FETCH_FAULT   ? RIGHT_X
                 : cause == CAUSE_LOAD_FAULT  ? RIGHT_R
                 : cause == CAUSE_STORE_FAULT ? RIGHT_W
                                              : 0;
    if (access)
        fault_page(t, value, access, cause, value);
    else
        fault_exception(t, cause, value);
}

static COLD struct thread *leave_behind_line(struct cpu *cpu, u32 line)
{
    if (line)
        icu_fire(line);
    return sched_exit(cpu);
}

static COLD struct thread *interrupt(struct cpu *cpu)
{
    kernel_enter(cpu);
    arch_serve();
    return sched_exit(cpu);
}

/* A device. Whatever else is pending traps afterwards. */
static inline struct thread *external(struct cpu *cpu)
{
    debug_poll();
    if (!kernel_try(cpu))
        return interrupt(cpu);
    u32 line = plic_claim();
    struct irq *irq = icu_irq(line);
    struct thread *to = irq ? quick_interrupt(cpu, irq) : NULL;
    return to ? to : leave_behind_line(cpu, line);
}

static struct thread *fault(struct cpu *cpu, struct thread *t, u64 cause)
{
    u64 value = csr_read(stval);
    kernel_enter(cpu);
    if (cpu->current == t) /* else it will fault again, if it still does */
        exception(t, cause, value);
    return sched_exit(cpu);
}

struct thread *trap_other(struct thread *t)
{
    u64 cause = csr_read(scause);
    struct cpu *cpu = cpu_self();
    cpu->current = t;
    trace(ENTRY, t, cause, csr_read(stval));
    if (cause == CAUSE_EXTERNAL)
        return external(cpu);
    return (cause & CAUSE_INTERRUPT) ? interrupt(cpu) : fault(cpu, t, cause);
}

COLD void trap_in_kernel(u64 cause, u64 pc, u64 value)
{
    kernel_panic("trap in the kernel: cause %lu at %lx, value %lx", cause, pc, value);
}

bool arch_irq_pending(void)
{
    return csr_read(sip) & csr_read(sie);
}

void arch_wait(void)
{
    __asm__ volatile("wfi" ::: "memory");
}

COLD void arch_serve(void)
{
    serve_interrupts(csr_read(sip) & csr_read(sie));
}

/* --- other CPUs --- */

void arch_ipi_clear(void)
{
    csr_clear(sip, SIE_SOFTWARE);
}

void arch_rest(struct cpu *cpu)
{
    fpu_flush(cpu);
    arch_space_switch(arch_kernel_root());
}

#define NAP_US 20

/* Only the timer ends it: other interrupts that are pending would keep the hart from sleeping at all. */
COLD void arch_nap(void)
{
    u64 enabled = csr_read(sie);
    arch_timer_set(arch_time() + clock_us_to_ticks(NAP_US));
    csr_write(sie, SIE_TIMER);
    __asm__ volatile("wfi" ::: "memory");
    csr_write(sie, enabled);
}

/* --- registers of a thread --- */

COLD void arch_thread_init(struct thread *t)
{
    t->hot.status = csr_read(sstatus) & ~(SSTATUS_SD | SSTATUS_FS | SSTATUS_SPP);
    t->root = arch_kernel_root();
}

/* Of a thread that is in an invocation, the registers beyond it are zero, whatever the struct says. */
static COLD void clear_dead(struct arch_cold_regs *r)
{
    if (r->kind == REGS_ALL)
        return;
    arch_regs_complete(r);
    r->selector = r->reply_slot = r->timeouts = 0;
    r->a4 = r->a5 = r->a6 = r->a7 = 0;
    r->ra = r->t0 = r->t1 = r->t2 = r->t3 = r->t4 = r->t5 = r->t6 = 0;
    r->s10 = r->s11 = 0;
}

void arch_regs_restart(struct thread *t)
{
    struct arch_cold_regs *c = &t->cold;
    u64 selector = c->selector, reply_slot = c->reply_slot, timeouts = c->timeouts; /* are needed again */
    t->hot.pc -= 4;
    clear_dead(c);
    c->selector = selector;
    c->reply_slot = reply_slot;
    c->timeouts = timeouts;
    c->kind = REGS_ALL;
}

void arch_regs_argument(struct thread *t, u64 a0, u64 a1)
{
    clear_dead(&t->cold);
    t->cold.selector = a0;
    t->cold.label = a1;
    t->cold.reply_slot = t->cold.timeouts = 0;
    t->cold.kind = REGS_ALL;
}

#define HOT(field)  offsetof(struct thread, hot.field)
#define KEPT(field) offsetof(struct thread, cold.field)

/* Where register x[n] of a thread is kept, n = 1..31. */
static const u16 register_places[32] = {
    0,           KEPT(ra),    HOT(sp),        HOT(gp),     HOT(tp),          KEPT(t0),       KEPT(t1),    KEPT(t2),
    HOT(s0),     KEPT(tag),   KEPT(selector), KEPT(label), KEPT(reply_slot), KEPT(timeouts), KEPT(a4),    KEPT(a5),
    KEPT(a6),    KEPT(a7),    KEPT(mr[0]),    KEPT(mr[1]), KEPT(mr[2]),      KEPT(mr[3]),    KEPT(mr[4]), KEPT(mr[5]),
    KEPT(mr[6]), KEPT(mr[7]), KEPT(s10),      KEPT(s11),   KEPT(t3),         KEPT(t4),       KEPT(t5),    KEPT(t6),
};

static u64 *register_place(struct thread *t, u32 n)
{
    return (u64 *)((u8 *)t + register_places[n]);
}

COLD void arch_exception_read(struct thread *t, u64 words[])
{
    clear_dead(&t->cold);
    words[EXC_WORD_PC] = t->hot.pc;
    for (u32 n = 1; n < 32; n++)
        words[EXC_WORD_REGS + n - 1] = *register_place(t, n);
}

void arch_registers_start(u64 words[], u64 pc, u64 sp, u64 tp)
{
    words[EXC_WORD_PC] = pc;
    words[EXC_WORD_REGS + 2 - 1] = sp;
    words[EXC_WORD_REGS + 4 - 1] = tp;
}

COLD void arch_exception_write(struct thread *t, const u64 words[])
{
    t->hot.pc = words[EXC_WORD_PC];
    for (u32 n = 1; n < 32; n++)
        *register_place(t, n) = words[EXC_WORD_REGS + n - 1];
    t->cold.kind = REGS_ALL;
}
