/* Threads: made in the program's own task, paged and supervised like the first one. */
#include "lib/tess/thread.h"

#include "lib/sys/object.h"
#include "lib/tess/arch.h"
#include "lib/tess/rm.h"
#include "lib/tess/slot.h"
#include "lib/tess/start.h"
#include "lib/tess/tls.h"

static err_t make_objects(struct thread_caps *t, u32 priority)
{
    t->thread = slot_alloc();
    t->sc = slot_alloc();
    if (!t->thread || !t->sc)
        return E_NOMEM;
    err_t error = factory_create_thread(SLOT_FACTORY, t->thread);
    if (!error)
        error = factory_create_sc(SLOT_FACTORY, t->sc, priority);
    return error;
}

err_t thread_create(struct thread_caps *out, u32 priority)
{
    *out = (struct thread_caps){0};
    err_t error = rm_utcb_alloc(&out->utcb);
    if (error)
        return error;
    error = make_objects(out, priority);
    if (!error)
        error = thread_control(out->thread, SLOT_TASK, out->utcb, SLOT_RM, SLOT_RM);
    if (error)
        thread_destroy(out);
    return error;
}

err_t thread_start(const struct thread_caps *caps, const struct thread_params *p)
{
    err_t error = thread_ex_regs(caps->thread, EX_REGS_PC | EX_REGS_SP | EX_REGS_ARG | EX_REGS_TP, p->pc, p->sp,
                                 p->argument, p->tp);
    return error ? error : scheduler_run_thread(SLOT_SCHEDULER, caps->thread, caps->sc, p->cpu);
}

u64 thread_cpus(void)
{
    static u64 online; /* does not change */
    u64 cpus, mask = __atomic_load_n(&online, __ATOMIC_RELAXED);
    if (!mask) {
        mask = scheduler_info(SLOT_SCHEDULER, &cpus, &mask) || !mask ? 1 : mask;
        __atomic_store_n(&online, mask, __ATOMIC_RELAXED);
    }
    return mask;
}

u32 thread_cpu(u32 n)
{
    u64 mask = thread_cpus();
    for (n %= (u32)__builtin_popcountll(mask); n; n--)
        mask &= mask - 1;
    return (u32)__builtin_ctzll(mask);
}

void thread_destroy(struct thread_caps *caps)
{
    slot_drop(caps->thread);
    slot_drop(caps->sc);
    rm_utcb_free(caps->utcb);
    *caps = (struct thread_caps){0};
}

/* At the top of a native thread's stack; its thread-local storage stands above. */
struct thread_start {
    void (*entry)(void *argument);
    void *argument;
    void *tls;
    vaddr_t utcb;
};

/* Called by arch_thread_entry. */
_Noreturn void thread_begin(const struct thread_start *start);

_Noreturn void thread_begin(const struct thread_start *start)
{
    tls_start(start->tls, start->utcb);
    start->entry(start->argument);
    for (;;)
        sys_sleep(TIMEOUT_NEVER);
}

err_t thread_spawn(void (*entry)(void *argument), void *argument, u64 stack_size, u32 priority)
{
    vaddr_t stack = 0;
    struct thread_caps caps;
    err_t error = rm_attach(&stack, stack_size, 0, 0, RIGHT_R | RIGHT_W, 0);
    if (error)
        return error;
    error = thread_create(&caps, priority);
    if (error) {
        rm_detach(stack, stack_size);
        return error;
    }
    vaddr_t tls = stack + stack_size - tls_size();
    struct thread_start *start = (struct thread_start *)(tls - sizeof *start);
    *start = (struct thread_start){entry, argument, (void *)tls, caps.utcb};
    struct thread_params params = {.pc = (vaddr_t)arch_thread_entry, .sp = (vaddr_t)start, .argument = (u64)start};
    return thread_start(&caps, &params);
}
