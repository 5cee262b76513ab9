/* The machine that the portable kernel runs on when it is linked into a test. */
#include "kernel/arch/host/host.h"
#include "kernel/debug.h"
#include "kernel/factory.h"
#include "kernel/fault.h"
#include "kernel/invoke.h"
#include "kernel/ipc.h"
#include "kernel/irq.h"
#include "kernel/panic.h"
#include "kernel/pool.h"
#include "kernel/quick.h"
#include "kernel/remote.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICKS_PER_US 10
#define LINES        32

u8 *host_ram;
u64 host_time, host_root;
u32 host_pending_after;
bool host_pending_enabled, host_pending_always, host_no_restart, host_quiet;

static struct cpu the_cpu;
static struct task *root_task;
static struct thread *root_thread;
static struct object *boot_objects;
static u64 timer;
static jmp_buf idle;

struct cpu *arch_cpu_self(void)
{
    return &the_cpu;
}

/* --- what arch.h asks for --- */

void arch_timer_set(u64 ticks)
{
    timer = ticks;
}

bool arch_irq_pending(void)
{
    if (!host_pending_enabled)
        return host_pending_always;
    if (host_pending_after) {
        host_pending_after--;
        return false;
    }
    return true;
}

/* All threads wait: the test goes on. */
void arch_wait(void)
{
    longjmp(idle, 1);
}

void arch_serve(void)
{
}

bool arch_cpu_start(struct cpu *cpu)
{
    return false;
}

void arch_ipi_send(u64 cpu)
{
}

void arch_ipi_clear(void)
{
}

void arch_rest(struct cpu *cpu)
{
}

void arch_nap(void)
{
}

struct host_line host_lines[HOST_LINES];

void arch_line_enable(u64 cpu, u32 line, bool on)
{
    host_lines[line].enabled = on;
}

void arch_line_complete(u64 cpu, u32 line)
{
    host_lines[line].completed++;
}

void arch_space_init_root(u64 *table)
{
}

u64 arch_space_root(u64 *table, u64 asid)
{
    return arch_virt_to_phys(table) | asid;
}

u64 arch_kernel_root(void)
{
    return 0;
}

u64 arch_asid_count(void)
{
    return 64;
}

void arch_tlb_flush_page(u64 asid, vaddr_t address)
{
}

void arch_tlb_flush_asid(u64 asid)
{
}

void arch_tlb_flush_all(void)
{
}

void arch_code_changed(void)
{
}

void arch_thread_init(struct thread *t)
{
}

void arch_regs_restart(struct thread *t)
{
    t->cold.restart = true;
}

void arch_regs_argument(struct thread *t, u64 first, u64 second)
{
    t->cold.selector = first;
}

void arch_exception_read(struct thread *t, u64 words[])
{
    memset(words, 0, EXC_WORDS * sizeof *words);
    words[EXC_WORD_PC] = t->hot.pc;
    words[EXC_WORD_REGS + 1] = t->hot.sp;
    words[EXC_WORD_REGS + 3] = t->hot.tp;
}

void arch_registers_start(u64 words[], u64 pc, u64 sp, u64 tp)
{
    words[EXC_WORD_PC] = pc;
    words[EXC_WORD_REGS + 1] = sp;
    words[EXC_WORD_REGS + 3] = tp;
}

void arch_exception_write(struct thread *t, const u64 words[])
{
    t->hot.pc = words[EXC_WORD_PC];
    t->hot.sp = words[EXC_WORD_REGS + 1];
    t->hot.tp = words[EXC_WORD_REGS + 3];
}

void arch_fpu_leave(struct thread *t)
{
}

void arch_console_put(char c)
{
}

int arch_console_get(void)
{
    return -1;
}

void arch_halt(void)
{
    abort();
}

void debug_trap(void)
{
    abort();
}

void kernel_print(const char *format, ...)
{
    va_list args;
    if (host_quiet)
        return;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
}

void kernel_panic(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

/* --- driving it --- */

/* Takes the lock, wherever the last visit ended. */
static void enter_kernel(void)
{
    kernel_enter(&the_cpu);
    the_cpu.rest = CPU_ACTIVE;
}

struct thread *host_current(void)
{
    return the_cpu.current;
}

struct task *host_root_task(void)
{
    return root_task;
}

struct thread *host_root_thread(void)
{
    return root_thread;
}

/* An invocation that was interrupted is executed again by the thread's own doing: here, at once when it runs. */
static void restart_pending(void)
{
    while (!host_no_restart && the_cpu.current && the_cpu.current->cold.restart) {
        struct thread *t = the_cpu.current;
        t->cold.restart = false;
        enter_kernel();
        invoke(t);
        sched_exit(&the_cpu);
    }
}

static void leave_kernel(void)
{
    sched_exit(&the_cpu);
    host_pending_enabled = false; /* the interrupt is served, and the kernel left once more */
    enter_kernel();
    sched_exit(&the_cpu);
    restart_pending();
}

static void set_message(struct thread *t, u64 tag, u64 selector, const u64 words[MSG_REGS])
{
    memcpy(t->cold.mr, words, sizeof t->cold.mr);
    t->cold.restart = false;
    t->cold.tag = tag;
    t->cold.selector = selector;
    t->cold.timeouts = t->cold.reply_slot = 0;
}

void host_invoke(u64 tag, u64 selector, u64 timeouts, u64 reply_slot, const u64 words[MSG_REGS])
{
    struct thread *t = the_cpu.current;
    set_message(t, tag, selector, words);
    t->cold.timeouts = timeouts;
    t->cold.reply_slot = reply_slot;
    if (setjmp(idle))
        return;
    enter_kernel();
    invoke(t);
    leave_kernel();
}

static u64 fast_tag;
static const u64 *fast_words;

void ipc_finish(u64 selector, u64 label, struct thread *t, struct thread *to)
{
    memcpy(to->cold.mr, fast_words, sizeof to->cold.mr);
    thread_set_result(to, fast_tag, label);
    the_cpu.current = to;
}

u64 arch_fast_tag(void)
{
    return fast_tag;
}

u64 arch_fast_word(void)
{
    return fast_words[0];
}

void ipc_call_other(u64 selector, struct slot *s, struct thread *t)
{
    if (s->word)
        ipc_decline(selector, 0, t);
    else
        thread_set_error(t, E_NOENT);
}

void quick_signal(u64 selector, u64 label, struct thread *t, struct thread *to)
{
    words_clear(to->cold.mr);
    thread_set_result(to, 0, label);
    the_cpu.current = to;
}

void quick_switch(u64 selector, u64 unused, struct thread *t, struct thread *to)
{
    the_cpu.current = to;
    if (!setjmp(idle))
        restart_pending();
}

void quick_operate(u64 selector, struct object *o, struct thread *t, operation_fn *run)
{
    set_message(t, fast_tag, selector, fast_words);
    if (setjmp(idle))
        return;
    enter_kernel();
    if (invoke_ended(t, o, run(t, o, t->cold.mr))) {
        t->cold.mr[0] = E_OK;
        t->cold.mr[5] = t->cold.mr[6] = t->cold.mr[7] = 0;
        thread_set_result(t, TAG(OPERATION_WORDS, 0), 0);
    }
    leave_kernel();
}

void ipc_decline(u64 selector, u64 unused, struct thread *t)
{
    host_invoke(fast_tag, selector, 0, 0, fast_words);
}

void host_invoke_fast(u64 tag, u64 selector, const u64 words[MSG_REGS])
{
    struct thread *t = the_cpu.current;
    fast_tag = tag;
    fast_words = words;
    if (selector < SLOTS)
        tag > MSG_REGS ? ipc_fast_call_long(selector, 0, t, tag) : ipc_fast_call(selector, 0, t);
    else if (selector == SEL_OP_REPLY_WAIT)
        tag > MSG_REGS ? ipc_fast_reply_wait_long(selector, 0, t, tag) : ipc_fast_reply_wait(selector, 0, t);
    else
        ipc_decline(selector, 0, t);
}

void host_page_fault(vaddr_t address, u32 access)
{
    if (setjmp(idle))
        return;
    enter_kernel();
    fault_page(the_cpu.current, address, access, 13, address);
    leave_kernel();
}

void host_exception(u64 cause)
{
    if (setjmp(idle))
        return;
    enter_kernel();
    fault_exception(the_cpu.current, cause, 0);
    leave_kernel();
}

void host_advance(u64 microseconds)
{
    host_time += microseconds * TICKS_PER_US;
    if (setjmp(idle))
        return;
    enter_kernel();
    if (host_time >= timer)
        sched_timer(&the_cpu);
    leave_kernel();
}

void host_interrupt(u32 line)
{
    if (setjmp(idle))
        return;
    enter_kernel();
    struct irq *irq = icu_irq(line);
    if (the_cpu.current && irq && quick_interrupt(&the_cpu, irq))
        return;
    icu_fire(line);
    leave_kernel();
}

/* --- boot --- */

static void give(u32 slot, struct object *o)
{
    err_t error = E_OK;
    struct slot *s = task_slot_make(root_task, slot, &error);
    if (!s || map_cap_first(o, root_task, s))
        kernel_panic("host: no memory for the first capabilities");
}

static void give_all(struct sc *sc)
{
    static const u8 kinds[] = {OBJ_LOG, OBJ_ICU, OBJ_SCHEDULER};
    for (u32 i = 0; i < 3; i++)
        object_init(&boot_objects[i], kinds[i], NULL);
    give(1, &root_task->object);
    give(2, &root_thread->object);
    give(3, &factory_root.object);
    give(4, &boot_objects[0]);
    give(5, &boot_objects[1]);
    give(6, &boot_objects[2]);
    give(7, &sc->object);
}

static void start_root(struct sc *sc)
{
    void *page = factory_alloc_page(&factory_root);
    if (space_enter(&root_task->space, HOST_UTCB & ~0xfffull, 12, arch_virt_to_phys(page), RIGHT_R | RIGHT_W, NULL,
                    &factory_root))
        kernel_panic("host: no memory for the first UTCB");
    thread_enter_task(root_thread, root_task, page);
    sc->owner = root_thread;
    sc_give(sc, root_thread);
    root_thread->own_sc = root_thread->sc = sc;
    sched_ready(root_thread, false);
}

void host_boot(u64 pool_bytes, u64 user_bytes)
{
    if (!host_ram)
        host_ram = aligned_alloc(1 << 21, HOST_RAM_BYTES);
    if (!boot_objects)
        boot_objects = aligned_alloc(16, 3 * sizeof *boot_objects);
    host_time = 0;
    timer = ~0ull;
    host_pending_enabled = host_pending_always = host_no_restart = false;
    host_fail_page = host_fail_allocation = 0;
    host_root = 0;
    the_cpu = (struct cpu){0};
    cpu_count = 0;
    kernel_lock = (struct kernel_lock){0};
    cpu_add(&the_cpu);
    enter_kernel();
    objects_init();
    kernel_clock = (struct kernel_clock){.ticks_per_us = TICKS_PER_US};
    icu_init(LINES);
    host_memory_reset(pool_bytes);
    pool_init(host_ram, pool_bytes);
    factory_init();
    sched_init(&the_cpu);
    root_task = task_create(&factory_root);
    root_thread = thread_create(&factory_root);
    struct sc *sc = sc_create(&factory_root, 128);
    give_all(sc);
    for (u64 at = 0; at < user_bytes; at += 1 << 21)
        if (map_memory_root(root_task, HOST_RAM_BASE + HOST_RAM_BYTES / 2 + at, HOST_MEMORY + at, 21, RIGHTS_RWX))
            kernel_panic("host: no memory for the first mappings");
    start_root(sc);
    sched_exit(&the_cpu);
}
