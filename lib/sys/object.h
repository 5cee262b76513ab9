/*
 * Typed stubs for the kernel's objects, one function per operation of abi/op.def. Each takes the capability first,
 * returns an error code, and leaves results in *out arguments only on success. `new_slot` must be empty.
 */
#pragma once

#include "lib/sys/invoke.h"

/* Call with word 0 = op and up to three arguments: the shape of most operations. */
static inline err_t sys_object_call(cap_t object, struct msg *m)
{
    err_t error = sys_call(m, object);
    return error ? error : (err_t)m->w[0];
}

/* Map item i of the next message: capability in `slot` with all rights that the caller has. */
static inline void sys_put_cap(int i, cap_t slot)
{
    sys_utcb->item[i] = (struct map_item){.what = FPAGE_OBJ(slot, 0, RIGHTS_ALL), .base = 0};
}

/* Receive window i: one slot. */
static inline void sys_window_cap(int i, cap_t slot)
{
    sys_utcb->window[i] = FPAGE_OBJ(slot, 0, RIGHTS_ALL);
}

/* Factory.create: an object of `kind` with two words of parameters, into `new_slot`. Errors: NOMEM, EXIST. */
static inline err_t factory_create(cap_t factory, cap_t new_slot, enum object_number kind, u64 a, u64 b)
{
    struct msg m = {.tag = TAG(4, 0), .w = {OP_FACTORY_CREATE, kind, a, b}};
    sys_window_cap(0, new_slot);
    return sys_object_call(factory, &m);
}

static inline err_t factory_create_task(cap_t factory, cap_t new_slot)
{
    return factory_create(factory, new_slot, OBJ_TASK, 0, 0);
}

static inline err_t factory_create_thread(cap_t factory, cap_t new_slot)
{
    return factory_create(factory, new_slot, OBJ_THREAD, 0, 0);
}

/* A factory with `quota` bytes of kernel memory, taken from this one's. */
static inline err_t factory_create_factory(cap_t factory, cap_t new_slot, u64 quota)
{
    return factory_create(factory, new_slot, OBJ_FACTORY, quota, 0);
}

/*
 * The same; scheduling contexts made with it have at most this priority (PERM if that is above this one's own limit).
 */
static inline err_t factory_create_limited(cap_t factory, cap_t new_slot, u64 quota, u32 priority_max)
{
    return factory_create(factory, new_slot, OBJ_FACTORY, quota, priority_max);
}

/* A gate without thread; senders wait until one is bound. */
static inline err_t factory_create_gate(cap_t factory, cap_t new_slot)
{
    return factory_create(factory, new_slot, OBJ_GATE, 0, 0);
}

static inline err_t factory_create_irq(cap_t factory, cap_t new_slot)
{
    return factory_create(factory, new_slot, OBJ_IRQ, 0, 0);
}

static inline err_t factory_create_semaphore(cap_t factory, cap_t new_slot, u64 count)
{
    return factory_create(factory, new_slot, OBJ_SEMAPHORE, count, 0);
}

/* A round-robin scheduling context with this priority; sc_configure changes it. */
static inline err_t factory_create_sc(cap_t factory, cap_t new_slot, u32 priority)
{
    return factory_create(factory, new_slot, OBJ_SC, priority, 0);
}

static inline err_t factory_info(cap_t factory, u64 *quota, u64 *used, u64 *pool, u64 *pool_free)
{
    struct msg m = {.tag = TAG(1, 0), .w = {OP_FACTORY_INFO}};
    err_t error = sys_object_call(factory, &m);
    if (error)
        return error;
    *quota = m.w[1];
    *used = m.w[2];
    *pool = m.w[3];
    *pool_free = m.w[4];
    return E_OK;
}

/*
 * Maps flexpage `what` of the task `from` to `base` in `task` (base | ITEM_GRANT moves it). Errors: EXIST, NOMEM,
 * FAULT.
 */
static inline err_t task_map(cap_t task, cap_t from, u64 what, u64 base)
{
    struct msg m = {.tag = TAG(3, 1), .w = {OP_TASK_MAP, what, base}};
    sys_put_cap(0, from);
    return sys_object_call(task, &m);
}

/* Takes the rights of flexpage `what` away from everybody it was mapped on to, with UNMAP_SELF from the task too. */
static inline err_t task_unmap(cap_t task, u64 what, u32 flags)
{
    struct msg m = {.tag = TAG(3, 0), .w = {OP_TASK_UNMAP, what, flags}};
    return sys_object_call(task, &m);
}

/* *kind: object number, 0 if the slot is empty. */
static inline err_t task_cap_valid(cap_t task, cap_t slot, u64 *kind, u64 *rights)
{
    struct msg m = {.tag = TAG(2, 0), .w = {OP_TASK_CAP_VALID, slot}};
    err_t error = sys_object_call(task, &m);
    if (error)
        return error;
    *kind = m.w[1];
    *rights = m.w[2];
    return E_OK;
}

static inline err_t task_cap_equal(cap_t task, cap_t a, cap_t b, bool *equal)
{
    struct msg m = {.tag = TAG(3, 0), .w = {OP_TASK_CAP_EQUAL, a, b}};
    err_t error = sys_object_call(task, &m);
    if (error)
        return error;
    *equal = m.w[1];
    return E_OK;
}

/* Zeroed kernel-user memory at the flexpage, for UTCBs. */
static inline err_t task_add_ku_mem(cap_t task, u64 fpage)
{
    struct msg m = {.tag = TAG(2, 0), .w = {OP_TASK_ADD_KU_MEM, fpage}};
    return sys_object_call(task, &m);
}

/* Makes 2^order slots from `first` on exist, so that reply capabilities can be received there. */
static inline err_t task_reserve(cap_t task, cap_t first, u32 order)
{
    struct msg m = {.tag = TAG(2, 0), .w = {OP_TASK_RESERVE, FPAGE_OBJ(first, order, 0)}};
    return sys_object_call(task, &m);
}

struct task_info {
    u64 kernel_bytes, pages, threads, caps;
};
static inline err_t task_get_info(cap_t task, struct task_info *out)
{
    struct msg m = {.tag = TAG(1, 0), .w = {OP_TASK_INFO}};
    err_t error = sys_object_call(task, &m);
    if (!error)
        *out = (struct task_info){m.w[1], m.w[2], m.w[3], m.w[4]};
    return error;
}

/*
 * Puts a new thread into `task`, its UTCB at `utcb` (in that task's kernel-user memory). Slots 0 leave pager or handler
 * unset.
 */
static inline err_t thread_control(cap_t thread, cap_t task, vaddr_t utcb, cap_t pager, cap_t handler)
{
    int n = 0;
    u64 flags = 0;
    if (task)
        sys_put_cap(n++, task), flags |= THREAD_SET_TASK;
    if (pager)
        sys_put_cap(n++, pager), flags |= THREAD_SET_PAGER;
    if (handler)
        sys_put_cap(n++, handler), flags |= THREAD_SET_HANDLER;
    struct msg m = {.tag = TAG(3, n), .w = {OP_THREAD_CONTROL, flags, utcb}};
    return sys_object_call(thread, &m);
}

/*
 * Sets the registers that `flags` (EX_REGS_*) name. EX_REGS_WAIT starts a (passive) thread waiting for its first
 * message.
 */
static inline err_t thread_ex_regs(cap_t thread, u64 flags, vaddr_t pc, vaddr_t sp, u64 argument, u64 tp)
{
    struct msg m = {.tag = TAG(6, 0), .w = {OP_THREAD_EX_REGS, flags, pc, sp, argument, tp}};
    return sys_object_call(thread, &m);
}

static inline err_t thread_switch_to(cap_t thread)
{
    struct msg m = {.tag = TAG(1, 0), .w = {OP_THREAD_SWITCH_TO}};
    return sys_object_call(thread, &m);
}

/*
 * The calling thread `thread`, which serves a call, answers later: the right to do so goes from the implicit place to
 * `slot`, which exists (task_reserve) and is empty.
 */
static inline err_t thread_keep_reply(cap_t thread, cap_t slot)
{
    struct msg m = {.tag = TAG(2, 0), .w = {OP_THREAD_KEEP_REPLY, slot}};
    return sys_object_call(thread, &m);
}

static inline err_t thread_stats(cap_t thread, u64 *cpu_us, u64 *state, u64 *priority)
{
    struct msg m = {.tag = TAG(1, 0), .w = {OP_THREAD_STATS}};
    err_t error = sys_object_call(thread, &m);
    if (error)
        return error;
    *cpu_us = m.w[1];
    *state = m.w[2];
    *priority = m.w[3];
    return E_OK;
}

/* The thread becomes a virtual CPU with its state page at `state` (kernel-user memory); 0: it is none any longer. */
static inline err_t thread_vcpu_control(cap_t thread, vaddr_t state)
{
    struct msg m = {.tag = TAG(2, 0), .w = {OP_THREAD_VCPU_CONTROL, state}};
    return sys_object_call(thread, &m);
}

/*
 * The calling thread, a virtual CPU, goes on with what its state page has saved: in virtual user mode in `task` until
 * the next event, at most for `timeout`; or, task 0, in its own. Returns errors only.
 */
static inline err_t thread_vcpu_resume(cap_t thread, cap_t task, u32 timeout)
{
    struct msg m = {.tag = TAG(1, task ? 1 : 0), .w = {OP_THREAD_VCPU_RESUME}};
    if (task)
        sys_put_cap(0, task);
    sys_invoke(&m, SEL(thread, SEL_OP_CALL), TIMEOUTS(0, timeout), 0);
    err_t error = sys_tag_error(m.tag);
    return error ? error : (err_t)m.w[0];
}

/*
 * Those who wait for the thread (the 48 most urgent): labels that are `match` under `mask` lose the bits `clear` and
 * get the bits `set`. *changed: how many; *more: others wait behind them.
 */
static inline err_t thread_modify_senders(cap_t thread, u64 mask, u64 match, u64 clear, u64 set, u64 *changed,
                                          bool *more)
{
    struct msg m = {.tag = TAG(5, 0), .w = {OP_THREAD_MODIFY_SENDERS, mask, match, clear, set}};
    err_t error = sys_object_call(thread, &m);
    if (error)
        return error;
    *changed = m.w[1];
    *more = m.w[2];
    return E_OK;
}

/* `irq` is triggered when a gate bound to `thread` is deleted, or nobody but its creator holds it any longer. */
static inline err_t thread_register_del_irq(cap_t thread, cap_t irq)
{
    struct msg m = {.tag = TAG(1, 1), .w = {OP_THREAD_DEL_IRQ}};
    sys_put_cap(0, irq);
    return sys_object_call(thread, &m);
}

/*
 * Label of a gate bound to `thread` that nobody but its creator holds any longer; each is told once. E_NOENT: no more.
 */
static inline err_t thread_next_unheld(cap_t thread, u64 *label)
{
    struct msg m = {.tag = TAG(1, 0), .w = {OP_THREAD_UNHELD}};
    err_t error = sys_object_call(thread, &m);
    if (!error)
        *label = m.w[1];
    return error;
}

/* Gate and label change together. */
static inline err_t gate_bind(cap_t gate, cap_t thread, u64 label)
{
    struct msg m = {.tag = TAG(2, 1) | TAG_OBJECT, .w = {OP_GATE_BIND, label}};
    sys_put_cap(0, thread);
    return sys_object_call(gate, &m);
}

/* *held: whether anybody but the creator holds a capability to the gate. */
static inline err_t gate_info(cap_t gate, u64 *label, bool *bound, bool *held)
{
    struct msg m = {.tag = TAG(1, 0) | TAG_OBJECT, .w = {OP_GATE_INFO}};
    err_t error = sys_object_call(gate, &m);
    if (error)
        return error;
    *label = m.w[1];
    *bound = m.w[2];
    *held = m.w[3];
    return E_OK;
}

static inline err_t irq_bind(cap_t irq, cap_t thread, u64 label)
{
    struct msg m = {.tag = TAG(2, 1), .w = {OP_IRQ_BIND, label}};
    sys_put_cap(0, thread);
    return sys_object_call(irq, &m);
}

static inline err_t irq_detach(cap_t irq)
{
    struct msg m = {.tag = TAG(1, 0), .w = {OP_IRQ_DETACH}};
    return sys_object_call(irq, &m);
}

static inline err_t irq_trigger(cap_t irq)
{
    struct msg m = {.tag = TAG(1, 0), .w = {OP_IRQ_TRIGGER}};
    return sys_object_call(irq, &m);
}

static inline err_t irq_unmask(cap_t irq)
{
    struct msg m = {.tag = TAG(1, 0), .w = {OP_IRQ_UNMASK}};
    return sys_object_call(irq, &m);
}

/* `to` is triggered whenever `irq` is. */
static inline err_t irq_chain(cap_t irq, cap_t to)
{
    struct msg m = {.tag = TAG(1, 1), .w = {OP_IRQ_CHAIN}};
    sys_put_cap(0, to);
    return sys_object_call(irq, &m);
}

/* Waits for the signal: closed receive from an Irq that is bound to the calling thread. */
static inline err_t irq_receive(cap_t irq, u32 timeout)
{
    struct msg m = {0};
    sys_invoke(&m, SEL(irq, SEL_OP_RECV), TIMEOUTS(0, timeout), 0);
    return sys_tag_error(m.tag);
}

static inline err_t icu_bind(cap_t icu, u32 line, cap_t irq)
{
    struct msg m = {.tag = TAG(2, 1), .w = {OP_ICU_BIND, line}};
    sys_put_cap(0, irq);
    return sys_object_call(icu, &m);
}

static inline err_t icu_unbind(cap_t icu, u32 line)
{
    struct msg m = {.tag = TAG(2, 0), .w = {OP_ICU_UNBIND, line}};
    return sys_object_call(icu, &m);
}

static inline err_t icu_set_mode(cap_t icu, u32 line, u32 mode)
{
    struct msg m = {.tag = TAG(3, 0), .w = {OP_ICU_SET_MODE, line, mode}};
    return sys_object_call(icu, &m);
}

/* Interrupt lines, and message-signalled interrupts (0: the machine has none). */
static inline err_t icu_info(cap_t icu, u64 *line_count, u64 *msi_count)
{
    struct msg m = {.tag = TAG(1, 0), .w = {OP_ICU_INFO}};
    err_t error = sys_object_call(icu, &m);
    if (error)
        return error;
    *line_count = m.w[1];
    *msi_count = m.w[2];
    return E_OK;
}

/* Where message-signalled interrupt `number` is written to, and what. Errors: RANGE. */
static inline err_t icu_msi_info(cap_t icu, u64 number, u64 *address, u64 *data)
{
    struct msg m = {.tag = TAG(2, 0), .w = {OP_ICU_MSI_INFO, number}};
    err_t error = sys_object_call(icu, &m);
    if (error)
        return error;
    *address = m.w[1];
    *data = m.w[2];
    return E_OK;
}

static inline err_t icu_mask(cap_t icu, u32 line)
{
    struct msg m = {.tag = TAG(2, 0), .w = {OP_ICU_MASK, line}};
    return sys_object_call(icu, &m);
}

static inline err_t icu_unmask(cap_t icu, u32 line)
{
    struct msg m = {.tag = TAG(2, 0), .w = {OP_ICU_UNMASK, line}};
    return sys_object_call(icu, &m);
}

/* `irq` is triggered when the budget of `sc` is used up. */
static inline err_t sc_set_handler(cap_t sc, cap_t irq)
{
    struct msg m = {.tag = TAG(1, 1), .w = {OP_SC_HANDLER}};
    sys_put_cap(0, irq);
    return sys_object_call(sc, &m);
}

/* Binds `sc` to the thread and lets it run on `cpu`; sc 0 makes the thread passive. */
static inline err_t scheduler_run_thread(cap_t scheduler, cap_t thread, cap_t sc, u32 cpu)
{
    struct msg m = {.tag = TAG(2, sc ? 2 : 1), .w = {OP_SCHEDULER_RUN_THREAD, cpu}};
    sys_put_cap(0, thread);
    if (sc)
        sys_put_cap(1, sc);
    return sys_object_call(scheduler, &m);
}

/* *online: bit n: CPU n runs threads. */
static inline err_t scheduler_info(cap_t scheduler, u64 *cpus, u64 *online)
{
    struct msg m = {.tag = TAG(1, 0), .w = {OP_SCHEDULER_INFO}};
    err_t error = sys_object_call(scheduler, &m);
    if (error)
        return error;
    *cpus = m.w[1];
    *online = m.w[2];
    return E_OK;
}

/* *online: whether the CPU exists and runs threads. */
static inline err_t scheduler_is_online(cap_t scheduler, u32 cpu, bool *online)
{
    struct msg m = {.tag = TAG(2, 0), .w = {OP_SCHEDULER_IS_ONLINE, cpu}};
    err_t error = sys_object_call(scheduler, &m);
    if (!error)
        *online = m.w[1];
    return error;
}

static inline err_t scheduler_idle_time(cap_t scheduler, u32 cpu, u64 *idle_us)
{
    struct msg m = {.tag = TAG(2, 0), .w = {OP_SCHEDULER_IDLE_TIME, cpu}};
    err_t error = sys_object_call(scheduler, &m);
    if (!error)
        *idle_us = m.w[1];
    return error;
}

static inline err_t semaphore_up(cap_t semaphore)
{
    struct msg m = {.tag = TAG(1, 0), .w = {OP_SEMAPHORE_UP}};
    return sys_object_call(semaphore, &m);
}

/* Errors: TIMEDOUT; CANCELED if the semaphore is deleted. */
static inline err_t semaphore_down(cap_t semaphore, u32 timeout)
{
    struct msg m = {.tag = TAG(1, 0), .w = {OP_SEMAPHORE_DOWN}};
    sys_invoke(&m, SEL(semaphore, SEL_OP_CALL), TIMEOUTS(0, timeout), 0);
    err_t error = sys_tag_error(m.tag);
    return error ? error : (err_t)m.w[0];
}

/* Priority 1..255; budget and period in microseconds, both 0: round robin without limit. */
static inline err_t sc_configure(cap_t sc, u32 priority, u64 budget, u64 period, u32 cpu)
{
    struct msg m = {.tag = TAG(5, 0), .w = {OP_SC_CONFIGURE, priority, budget, period, cpu}};
    return sys_object_call(sc, &m);
}

static inline err_t sc_consumed(cap_t sc, u64 *us)
{
    struct msg m = {.tag = TAG(1, 0), .w = {OP_SC_CONSUMED}};
    err_t error = sys_object_call(sc, &m);
    if (!error)
        *us = m.w[1];
    return error;
}

/* Next character typed at the debug console. Errors: AGAIN: there is none. */
static inline err_t log_read(cap_t log, char *c)
{
    struct msg m = {.tag = TAG(1, 0), .w = {OP_LOG_READ}};
    err_t error = sys_object_call(log, &m);
    if (!error)
        *c = (char)m.w[1];
    return error;
}

/* Writes to the debug console, in pieces of at most 48 bytes. */
void log_write(cap_t log, const char *text, size_t length);

/* Log.debug: `what` is DEBUG_*, answer: four words, may be NULL. NOSYS: the kernel is a release build. */
static inline err_t log_debug(cap_t log, u64 what, u64 a, u64 b, u64 answer[4])
{
    struct msg m = {.tag = TAG(4, what == DEBUG_NAME), .w = {OP_LOG_DEBUG, what, a, b}}; /* the task is an item */
    err_t error = sys_object_call(log, &m);
    for (u32 i = 0; answer && i < 4; i++)
        answer[i] = m.w[1 + i];
    return error;
}

/* Names a task for what the kernel can tell in debug builds; in release builds this is nothing. */
static inline void debug_name_task(cap_t log, cap_t task, const char *name)
{
#ifdef DEBUG
    union {
        char letter[16];
        u64 word[2];
    } text = {{0}};
    for (u32 i = 0; i < sizeof text && name[i]; i++)
        text.letter[i] = name[i];
    sys_put_cap(0, task);
    log_debug(log, DEBUG_NAME, text.word[0], text.word[1], NULL);
#endif
}
