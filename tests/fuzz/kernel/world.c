/* The world that the kernel's fuzzers live in: see world.h. */
#include "tests/fuzz/kernel/world.h"
#include "abi/vcpu.h"
#include "kernel/pool.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POOL_BYTES (2ull << 20)
#define TASK_QUOTA (48 * PAGE_SIZE)

u64 world_invocations;

/* --- making it --- */

static struct utcb *utcb(void)
{
    return host_root_thread()->utcb;
}

/* The first thread's invocation of a kernel object, which has to succeed. */
static void must(u64 slot, u64 tag, u64 w0, u64 w1, u64 w2)
{
    u64 w[MSG_REGS] = {w0, w1, w2};
    struct thread *root = host_root_thread();
    host_invoke(tag, SEL(slot, SEL_OP_CALL), 0, 0, w);
    if (!(root->cold.tag & TAG_ERROR) && !root->cold.mr[0])
        return;
    fprintf(stderr, "setup: slot %lu operation %lu: tag %lx error %lu\n", slot, w0, root->cold.tag, root->cold.mr[0]);
    abort();
}

static void item(u32 i, u64 slot)
{
    utcb()->item[i] = (struct map_item){.what = FPAGE_OBJ(slot, 0, RIGHTS_ALL)};
}

static void create(u64 factory, u64 slot, u64 kind, u64 parameter)
{
    utcb()->window[0] = FPAGE_OBJ(slot, 0, RIGHTS_ALL);
    must(factory, TAG(3, 0), OP_FACTORY_CREATE, kind, parameter);
}

static void map(u64 task, u64 what, u64 base)
{
    item(0, WORLD_TASK);
    must(task, TAG(3, 1), OP_TASK_MAP, what, base);
}

/* What the task holds: itself (1-4), a guest (5), what all share (8-15), memory. */
static void make_task(u64 n, u64 guest)
{
    const vaddr_t page = HOST_UTCB & ~0xfffull;
    create(WORLD_FACTORY, n + 3, OBJ_FACTORY, TASK_QUOTA);
    create(n + 3, n, OBJ_TASK, 0);
    create(n + 3, n + 1, OBJ_THREAD, 0);
    create(n + 3, n + 2, OBJ_SC, 128);
    must(n, TAG(2, 0), OP_TASK_ADD_KU_MEM, FPAGE_MEM(page, 12, RIGHTS_RWX), 0);
    item(0, n);
    must(n + 1, TAG(3, 1), OP_THREAD_CONTROL, THREAD_SET_TASK, page);
    map(n, FPAGE_OBJ(n, 1, RIGHTS_ALL), 1 << FPAGE_START_SHIFT);
    map(n, FPAGE_OBJ(n + 3, 0, RIGHTS_ALL), 4 << FPAGE_START_SHIFT);
    create(n + 3, guest, OBJ_TASK, 0);
    map(n, FPAGE_OBJ(guest, 0, RIGHTS_ALL), 5 << FPAGE_START_SHIFT);
    map(n, FPAGE_MEM(HOST_MEMORY, 21, RIGHTS_RWX), HOST_MEMORY);
}

static void bind_gate(u64 gate, u64 thread, u64 label)
{
    item(0, thread);
    must(gate, TAG(2, 1) | TAG_OBJECT, OP_GATE_BIND, label, 0);
}

static void run_task(u64 n, bool passive)
{
    item(0, WORLD_GATES);
    item(1, WORLD_GATES + 1);
    must(n + 1, TAG(3, 2), OP_THREAD_CONTROL, THREAD_SET_PAGER | THREAD_SET_HANDLER, 0);
    item(0, n + 1);
    item(1, n + 2);
    if (!passive)
        must(WORLD_SCHEDULER, TAG(2, 2), OP_SCHEDULER_RUN_THREAD, 0, 0);
    must(n + 1, TAG(6, 0), OP_THREAD_EX_REGS, EX_REGS_PC | (passive ? EX_REGS_WAIT : 0), 8);
}

void world_make(void)
{
    host_quiet = true;
    host_boot(POOL_BYTES, 4 << 20);
    for (u64 i = 0; i < WORLD_TASK_COUNT; i++)
        create(WORLD_FACTORY, WORLD_GATES + i, OBJ_GATE, 0);
    create(WORLD_FACTORY, WORLD_IRQ, OBJ_IRQ, 0);
    create(WORLD_FACTORY, WORLD_SEMAPHORE, OBJ_SEMAPHORE, 1);
    map(WORLD_TASK, FPAGE_OBJ(WORLD_SCHEDULER, 0, RIGHTS_ALL), WORLD_SHARED_SCHEDULER << FPAGE_START_SHIFT);
    for (u64 i = 0; i < WORLD_TASK_COUNT; i++)
        make_task(WORLD_TASKS + 4 * i, WORLD_GUESTS + i);
    map(WORLD_TASK, FPAGE_OBJ(WORLD_TASKS + 13, 0, RIGHTS_ALL), WORLD_SHARED_THREAD << FPAGE_START_SHIFT);
    for (u64 i = 0; i < WORLD_TASK_COUNT; i++) {
        bind_gate(WORLD_GATES + i, WORLD_TASKS + 4 * i + 1, 0x1000 * (i + 1));
        map(WORLD_TASKS + 4 * i, FPAGE_OBJ(8, 3, RIGHTS_ALL), 8 << FPAGE_START_SHIFT);
        u64 sc = WORLD_TASKS + 4 * (i % WORLD_PASSIVE) + 2; /* passive ones have that of a client of theirs */
        map(WORLD_TASKS + 4 * i, FPAGE_OBJ(sc, 0, RIGHTS_ALL), 3 << FPAGE_START_SHIFT);
    }
    /* In debug builds the console can be asked for a panic. */
    must(WORLD_TASK, TAG(3, 0), OP_TASK_UNMAP, FPAGE_OBJ(WORLD_LOG, 0, RIGHTS_ALL), UNMAP_SELF);
    for (u64 i = 0; i < WORLD_TASK_COUNT; i++)
        run_task(WORLD_TASKS + 4 * i, i >= WORLD_PASSIVE);
}

/* --- arguments --- */

#define SLOTS_USED 64

static u64 fpage_object(u8 kind, u64 slot)
{
    u64 order = kind >> 3 & 3;
    return FPAGE_OBJ(slot % SLOTS_USED >> order << order, order, (kind >> 5) | RIGHT_USE);
}

static u64 fpage_memory(u8 kind, u64 v)
{
    u64 order = 12 + (kind >> 3 & 15), address = HOST_MEMORY + (v << ARCH_PAGE_SHIFT);
    return FPAGE_MEM(address >> order << order, order, kind & 0x80 ? RIGHTS_RWX : v & RIGHTS_RWX);
}

/* An argument: often nearly right. */
static u64 word(u8 kind, u64 v)
{
    switch (kind & 7) {
    case 0:
        return v;
    case 1:
        return fpage_object(kind, v);
    case 2:
        return fpage_memory(kind, v);
    case 3:
        return (HOST_MEMORY + (v << ARCH_PAGE_SHIFT)) | (kind >> 3 & ITEM_GRANT);
    case 4:
        return v % SLOTS_USED << FPAGE_START_SHIFT | (kind >> 3 & ITEM_GRANT);
    case 5:
        return 1ull << v % 64;
    case 6:
        return v << ARCH_PAGE_SHIFT;
    default:
        return (v * 0x9e3779b97f4a7c15ull) ^ v << (kind >> 3);
    }
}

static void fill_utcb(struct utcb *u, const struct step *s)
{
    u->item[0] = (struct map_item){word(s->item_kind, s->item), s->shape & 0x40 ? word(s->w3_kind, s->w3) : 0};
    u->item[1] = (struct map_item){word(s->item2_kind, s->item2), s->shape & 0x80 ? word(s->w2_kind, s->w2) : 0};
    u->item[2] = u->item[s->window >> 7];
    u->window[0] = s->window & 0x40 ? word(s->w3_kind, s->w3) : FPAGE_OBJ(s->window % SLOTS_USED, 0, RIGHTS_ALL);
    u->window[1] = s->window & 0x40 ? FPAGE_MEM(HOST_MEMORY + (8 << 20), 22, RIGHTS_RWX)
                                    : FPAGE_OBJ((s->window + 1) % SLOTS_USED, 0, RIGHTS_ALL);
    u->window[2] = word(s->w2_kind, s->w2);
    u->deadline[0] = u->deadline[1] = host_time / 10 + s->time;
}

/* The first thread never waits for ever, so that somebody always goes on. */
static u32 timeout(const struct thread *t, u8 choice)
{
    static const u32 values[] = {TIMEOUT_NEVER, TIMEOUT_NEVER, TIMEOUT_MAX, TIMEOUT_ZERO,
                                 10,            500,           5000,        TIMEOUT_ABSOLUTE};
    return values[t == host_root_thread() ? 3 + choice % 5 : choice % 8];
}

/* --- steps --- */

struct row {
    u64 object, number, words, items;
};
static const struct row rows[] = {
#define OBJECT(name, number, text)
#define OP(object, name, number, rights, words, items, errors, cost, text) {OBJ_##object, number, words, items},
#include "abi/op.def"
#undef OBJECT
#undef OP
};
#define ROWS (sizeof rows / sizeof *rows)

/* What an operation wants as its items; others take anything. */
static const struct {
    u8 object, number, type[2];
} wanted[] = {
    {OBJ_TASK, OP_TASK_MAP, {OBJ_TASK}},      {OBJ_THREAD, OP_THREAD_DEL_IRQ, {OBJ_IRQ}},
    {OBJ_GATE, OP_GATE_BIND, {OBJ_THREAD}},   {OBJ_IRQ, OP_IRQ_BIND, {OBJ_THREAD}},
    {OBJ_IRQ, OP_IRQ_CHAIN, {OBJ_IRQ}},       {OBJ_ICU, OP_ICU_BIND, {OBJ_IRQ}},
    {OBJ_SC, OP_SC_HANDLER, {OBJ_IRQ}},       {OBJ_SCHEDULER, OP_SCHEDULER_RUN_THREAD, {OBJ_THREAD, OBJ_SC}},
    {OBJ_THREAD, OP_THREAD_CONTROL, {OBJ_GATE, OBJ_GATE}},
};

/* The n-th of the low slots that hold an object of the type, counted around; any slot if there is none. */
static u64 slot_of_type(struct thread *t, u64 type, u64 n)
{
    u8 found[SLOTS_USED];
    u64 count = 0;
    for (u64 i = 1; i < SLOTS_USED; i++) {
        struct slot *s = task_slot(t->task, i);
        if (s->word && s->node != &node_reply && slot_object(s)->type == type)
            found[count++] = i;
    }
    return count ? found[n % count] : n;
}

static void invoke(struct thread *t, const struct step *s, u64 tag, u64 selector, const u64 w[])
{
    u64 timeouts = TIMEOUTS(timeout(t, s->time), timeout(t, s->time >> 3));
    bool root = t == host_root_thread(), timed = root || s->time;
    host_pending_enabled = s->action & 0x10;
    host_pending_after = s->shape & 7;
    host_no_restart = (s->action & 0x90) == 0x90;
    host_fail_allocation = s->action & 0x20 ? 1 + (s->shape & 7) : 0;
    world_invocations++;
    if (timed || host_pending_enabled || host_fail_allocation)
        host_invoke(tag, selector | SEL_TIMED, timed ? timeouts : 0, s->time >> 6 ? s->window % SLOTS_USED : 0, w);
    else
        host_invoke_fast(tag, selector, w);
    host_pending_enabled = host_no_restart = false;
    host_fail_allocation = 0;
}

/* Items that the operation wants, from what the thread has. */
static void put_wanted(struct thread *t, const struct row *row, const struct step *s)
{
    u64 n[2] = {s->item, s->item2}, rights = s->item_kind & 0x40 ? s->item_kind & RIGHTS_ALL : RIGHTS_ALL;
    for (u32 i = 0; i < sizeof wanted / sizeof *wanted; i++)
        for (u32 k = 0; k < 2 && wanted[i].object == row->object && wanted[i].number == row->number; k++)
            if (wanted[i].type[k])
                t->utcb->item[k].what = FPAGE_OBJ(slot_of_type(t, wanted[i].type[k], n[k]) % SLOTS_USED, 0, rights);
}

/* An operation of a kernel object, its shape as it should be or nearly so. */
static void step_operation(struct thread *t, const struct step *s)
{
    const struct row *row = &rows[s->row % ROWS];
    u64 slot = s->target & 0x80 ? s->target % SLOTS_USED : slot_of_type(t, row->object, s->target);
    u64 w[MSG_REGS] = {row->number, word(s->w1_kind, s->w1), word(s->w2_kind, s->w2), word(s->w3_kind, s->w3),
                       s->time, s->w2};
    u64 words = s->shape & 8 ? s->w3 % 10 : 6, items = s->shape & 0x10 ? s->w2 % 4 : row->items + (s->shape >> 5 & 1);
    bool is_gate = row->object == OBJ_GATE;
    fill_utcb(t->utcb, s);
    if (!(s->item_kind & 0x80))
        put_wanted(t, row, s);
    if (row->object == OBJ_FACTORY && row->number == OP_FACTORY_CREATE) {
        w[1] = OBJ_TASK + s->w1 % OBJ_LOG;
        w[2] = w[1] == OBJ_FACTORY ? (u64)s->w2 << 10 : s->w2;
        w[3] = s->w3;
    }
    u64 op = s->action & 0x40 && t != host_root_thread() ? SEL_OP_SEND_WAIT : SEL_OP_CALL;
    invoke(t, s, TAG(words, items) | (is_gate ? TAG_OBJECT : 0), SEL(slot, op), w);
}

static const u64 message_ops[] = {SEL_OP_CALL, SEL_OP_CALL, SEL_OP_SEND, SEL_OP_SEND_WAIT,
                                  SEL_OP_WAIT, SEL_OP_RECV, SEL_OP_REPLY, SEL_OP_REPLY_WAIT};

static void step_message(struct thread *t, const struct step *s)
{
    u64 op = message_ops[s->row % 8], words = s->w1 % 100, items = s->shape & 0x18 ? s->w2 % 4 : 0;
    u64 w[MSG_REGS] = {s->w1 & 1, s->w1, s->w2, s->w3, s->item, s->item2, s->window, s->target};
    bool to_gate = op == SEL_OP_CALL || op == SEL_OP_SEND || op == SEL_OP_SEND_WAIT;
    u64 slot = to_gate             ? slot_of_type(t, OBJ_GATE, s->target)
               : op == SEL_OP_RECV ? (s->target & 1 ? slot_of_type(t, OBJ_IRQ, s->target) : 0)
                                   : (s->target & 0x80 ? s->target % SLOTS_USED : 0);
    fill_utcb(t->utcb, s);
    invoke(t, s, TAG(words, items), SEL(slot, op), w);
}

/* Whatever the bytes say. */
static void step_raw(struct thread *t, const struct step *s)
{
    u64 w[MSG_REGS] = {s->row, word(s->w1_kind, s->w1), word(s->w2_kind, s->w2), word(s->w3_kind, s->w3)};
    u64 selector = s->target & 0x80 ? word(s->item_kind, s->item) : SEL(s->target, message_ops[s->row % 8]);
    fill_utcb(t->utcb, s);
    invoke(t, s, word(s->item2_kind, s->item2), selector, w);
}

/* An object or a capability goes. */
static void step_delete(struct thread *t, const struct step *s)
{
    u64 slot = s->w1 % (s->w1 & 0x80 ? 8 : SLOTS_USED);
    u64 w[MSG_REGS] = {OP_TASK_UNMAP, FPAGE_OBJ(slot, 0, RIGHTS_ALL), s->w2 & 3};
    if (t == host_root_thread() && slot < WORLD_GATES) /* or the world would end soon */
        return;
    invoke(t, s, TAG(3, 0), SEL(slot_of_type(t, OBJ_TASK, 0), SEL_OP_CALL), w);
}

/* The first thread sets another one going again. */
static void step_revive(struct thread *t, const struct step *s)
{
    u64 w[MSG_REGS] = {OP_THREAD_EX_REGS, EX_REGS_PC | (s->row % 4 ? 0 : EX_REGS_CANCEL), 8};
    invoke(t, s, TAG(6, 0), SEL(WORLD_TASKS + 1 + 4 * (s->target % WORLD_TASK_COUNT), SEL_OP_CALL), w);
}

#define VCPU_PAGE ((HOST_UTCB & ~0xfffull) + VCPU_STATE_SIZE) /* beside the UTCB */

/* The thread in the slot becomes a virtual CPU or, now and then, ceases to be one. */
static void control_vcpu(struct thread *t, const struct step *s, u64 slot)
{
    u64 w[MSG_REGS] = {OP_THREAD_VCPU_CONTROL, s->w1 % 8 ? VCPU_PAGE : word(s->w2_kind, s->w2)};
    invoke(t, s, TAG(2, 0), SEL(slot, SEL_OP_CALL), w);
}

/* The running thread goes on with what its state page says, in its own mode or in a task's address space. */
static void resume_vcpu(struct thread *t, const struct step *s)
{
    u64 w[MSG_REGS] = {OP_THREAD_VCPU_RESUME}, items = s->w1 >> 7;
    t->utcb->item[0].what = FPAGE_OBJ(slot_of_type(t, OBJ_TASK, s->item) % SLOTS_USED, 0, RIGHTS_ALL);
    invoke(t, s, TAG(1, items), SEL(WORLD_THREAD, SEL_OP_CALL), w);
}

/* A thread of another task becomes a virtual CPU, goes on, or has time to. */
static void step_vcpu_of_others(struct thread *t, const struct step *s)
{
    u64 sleep[MSG_REGS] = {0};
    if (s->row % 4 < 2)
        control_vcpu(t, s, WORLD_TASKS + 1 + 4 * (s->target % WORLD_TASK_COUNT));
    else if (s->row % 4 == 2)
        step_revive(t, s);
    else
        invoke(t, s, 0, SEL_OP_RECV, sleep);
}

/* The running thread becomes a virtual CPU, lets events enter, or goes on behind one. */
static void step_vcpu(struct thread *t, const struct step *s)
{
    struct vcpu_state *v = (struct vcpu_state *)task_utcb(t->task, VCPU_PAGE);
    if (!v)
        return;
    fill_utcb(t->utcb, s);
    v->entry_pc = 16;
    v->flags = v->saved_flags = s->w1 & (s->w1 & 0x40 ? 0xff : VCPU_FLAGS);
    if (t->guest || !t->vcpu || s->row % 8 == 0)
        control_vcpu(t, s, WORLD_THREAD); /* of a guest: a system call */
    else
        resume_vcpu(t, s);
}

static void step_event(const struct step *s)
{
    bool root = host_current() == host_root_thread();
    switch (s->row % 4) {
    case 0:
        host_advance((u64)s->w1 << (s->w2 % 8));
        break;
    case 1:
        host_interrupt(s->w1 % 40);
        break;
    case 2:
        if (!root)
            host_page_fault(word(s->w1_kind, s->w1), 1 << s->w2 % 3);
        break;
    default:
        if (!root)
            host_exception(2);
    }
}

/* Somebody runs: time passes until then. */
static bool somebody_runs(void)
{
    for (u64 us = 1000; !host_current() && us < 1ull << 33; us <<= 8)
        host_advance(us);
    if (!host_current())
        host_interrupt(1);
    return host_current();
}

bool world_step(const struct step *s)
{
    if (!somebody_runs())
        return false;
    struct thread *t = host_current();
    u64 action = s->action & 15;
    if (action < 7)
        step_operation(t, s);
    else if (action < 12)
        step_message(t, s);
    else if (action == 12)
        step_raw(t, s);
    else if (action == 13)
        t == host_root_thread() && s->window % 2 ? step_revive(t, s) : step_delete(t, s);
    else if (action == 14)
        step_event(s);
    else if (t == host_root_thread())
        step_vcpu_of_others(t, s);
    else
        step_vcpu(t, s);
    return true;
}

static void check(u64 at)
{
    const char *problem = host_check();
    if (!problem)
        return;
    fprintf(stderr, "step %lu: %s\n", at, problem);
    abort();
}

static void show(u64 at, const struct step *s)
{
    const u8 *byte = (const u8 *)s;
    fprintf(stderr, "%4lu %p:", at, (void *)host_current());
    for (u64 i = 0; i < sizeof *s; i++)
        fprintf(stderr, " %02x", byte[i]);
    fputc('\n', stderr);
}

void world_run(const u8 *bytes, u64 size, u64 check_every)
{
    static const char *trace = "";
    if (trace && !*trace)
        trace = getenv("FUZZ_TRACE");
    world_make();
    for (u64 i = 0; i < size / sizeof(struct step); i++) {
        struct step s;
        memcpy(&s, bytes + i * sizeof s, sizeof s);
        if (trace)
            show(i, &s);
        if (!world_step(&s))
            break;
        if (i % check_every == 0)
            check(i);
    }
    check(size / sizeof(struct step));
}
