/* What goes on, as text on the console: who waits for whom, who may run, who pays for what. Changes nothing. */
#include "kernel/debug/debug_print.h"
#include "kernel/gate.h"
#include "kernel/irq.h"
#include "kernel/panic.h"
#include "kernel/sched.h"

/* --- names --- */

static const char *const type_names[] = {
#define OBJECT(name, number, text) [number] = #name,
#define OP(...)
#include "abi/op.def"
#undef OBJECT
#undef OP
};

const char *debug_type(u32 type)
{
    return type < sizeof type_names / sizeof *type_names && type_names[type] ? type_names[type] : "?";
}

void debug_print_task(const struct task *t)
{
    if (!t)
        kernel_print("-");
    else
        kernel_print("%.16s/%x", t->name[0] ? t->name : "task", debug_number(&t->object));
}

void debug_print_thread(const struct thread *t)
{
    if (t == &thread_nobody) {
        kernel_print("nobody");
        return;
    }
    kernel_print("%x (", debug_number(&t->object));
    debug_print_task(t->task);
    kernel_print(")");
}

void debug_each(struct factory *f, enum object_number type, void (*visit)(struct object *o))
{
    struct object *o;
    list_for_each(o, &f->objects, siblings) {
        if (o->type == type)
            visit(o);
        if (o->type == OBJ_FACTORY)
            debug_each(factory_of(o), type, visit);
    }
}

/* --- threads --- */

static const char *const state_names[] = {
    [THREAD_STOPPED] = "stopped", [THREAD_READY] = "ready",     [THREAD_WAIT_OPEN] = "waits",
    [THREAD_WAIT] = "waits",      [THREAD_CALLING] = "calling", [THREAD_CALLING_X] = "calling",
    [THREAD_SENDING] = "sending", [THREAD_DOWN] = "down",
};

/* Who holds the right to answer `asked`, filled in by the visitors. */
static const struct slot *asked;
static const struct thread *holder;
static const struct task *holder_task;

static void visit_holder(struct object *o)
{
    if (&thread_of(o)->reply == asked)
        holder = thread_of(o);
}

static void visit_holder_task(struct object *o)
{
    struct task *t = task_of(o);
    for (u32 leaf = 0; leaf < SLOT_LEAVES; leaf++)
        if (asked >= t->slots[leaf] && asked < t->slots[leaf] + SLOTS_PER_LEAF)
            holder_task = t;
}

static void print_answerer(const struct thread *t)
{
    static const char *const kinds[] = {"an answer of ", "its pager ", "its handler "};
    asked = t->answer_from;
    holder = NULL;
    holder_task = NULL;
    debug_each(&factory_root, OBJ_THREAD, visit_holder);
    debug_each(&factory_root, OBJ_TASK, visit_holder_task);
    kernel_print("for %s", kinds[t->call_kind]);
    if (holder) {
        debug_print_thread(holder);
    } else if (holder_task) {
        kernel_print("kept by ");
        debug_print_task(holder_task);
    }
}

static void print_partner(const struct thread *t)
{
    switch (t->state) {
    case THREAD_CALLING:
    case THREAD_CALLING_X:
        print_answerer(t);
        break;
    case THREAD_SENDING:
        kernel_print("at gate %x until received by ", debug_number(t->sending_to));
        debug_print_thread(t->sending_to->receiver);
        break;
    case THREAD_WAIT_OPEN:
    case THREAD_WAIT:
        if (t->state == THREAD_WAIT_OPEN || t->recv_open)
            kernel_print("for anybody");
        else if (t->recv_from)
            kernel_print("for irq %x", debug_number(t->recv_from));
        else
            kernel_print("for its time");
        break;
    }
}

static void print_time_limit(const struct thread *t)
{
    if (!tree_linked(&t->timeout.link))
        return;
    i64 left = t->timeout.link.key - arch_time();
    kernel_print(", %lu us longer", left > 0 ? clock_ticks_to_us(left) : 0);
}

static void print_thread(struct object *o)
{
    const struct thread *t = thread_of(o);
    kernel_print("%6x %-8s %3d %3lu %10lu %12lx  ", debug_number(o),
                 t->cpu->current == t ? "running" : state_names[t->state], t->sc ? t->sc->priority : 0, t->cpu->id,
                 t->since ? clock_ticks_to_us(arch_time() - t->since) : 0, t->hot.pc);
    debug_print_task(t->task);
    kernel_print(" ");
    print_partner(t);
    print_time_limit(t);
    if (t->donor) {
        kernel_print(", on time lent by ");
        debug_print_thread(t->donor);
    }
    kernel_print("\n");
}

static void dump_threads(void)
{
    kernel_print("thread state    pri cpu   since/us           pc  task, waits\n");
    debug_each(&factory_root, OBJ_THREAD, print_thread);
}

/* --- run queues --- */

static void print_queue(const struct cpu *cpu, u32 priority)
{
    const struct sc *sc;
    if (list_empty(&cpu->ready[priority]))
        return;
    kernel_print("  priority %d:", priority);
    list_for_each(sc, &cpu->ready[priority], link) {
        kernel_print(" ");
        debug_print_thread(sc->thread);
    }
    kernel_print("\n");
}

static void print_timeouts(const struct cpu *cpu)
{
    u64 count = 0;
    struct tree_node *first = tree_first(&cpu->timeouts);
    for (struct tree_node *n = first; n; n = tree_next(n))
        count++;
    i64 left = first ? first->key - arch_time() : 0;
    kernel_print("  %lu timeouts, the first in %lu us\n", count, left > 0 ? clock_ticks_to_us(left) : 0);
}

static void print_cpu(const struct cpu *cpu)
{
    static const char *const rests[] = {"active", "waits for the lock", "idle", "off"};
    kernel_print("cpu %lu: %s, ", cpu->id, rests[cpu->rest]);
    if (cpu->current)
        debug_print_thread(cpu->current);
    else
        kernel_print("nobody");
    kernel_print(", idle for %lu us in all\n", clock_ticks_to_us(cpu->idle_ticks));
    for (u32 priority = PRIORITIES; priority-- > 0;)
        print_queue(cpu, priority);
    print_timeouts(cpu);
}

static void dump_queues(void)
{
    for (u32 i = 0; i < cpu_count; i++)
        print_cpu(cpu_table[i]);
}

/* --- quotas --- */

static void print_factory(struct factory *f, u32 depth)
{
    u32 count[sizeof type_names / sizeof *type_names] = {0};
    struct object *o;
    list_for_each(o, &f->objects, siblings)
        count[o->type]++;
    kernel_print("%*sfactory %x: %lu K of %lu K;", depth * 2, "", debug_number(&f->object), f->used >> 10,
                 f->quota >> 10);
    for (u32 i = 1; i < sizeof count / sizeof *count; i++)
        if (count[i])
            kernel_print(" %u %s", count[i], debug_type(i));
    kernel_print("\n");
    list_for_each(o, &f->objects, siblings)
        if (o->type == OBJ_FACTORY)
            print_factory(factory_of(o), depth + 1);
}

static void dump_quotas(void)
{
    kernel_print("pool: %lu K of %lu K free\n", pool_available() >> 10, pool_size() >> 10);
    print_factory(&factory_root, 0);
}

/* --- keys --- */

static void toggle_trace(void)
{
    extern struct trace_state trace_state;
    trace_switch(!trace_state.on);
    kernel_print("trace: %s\n", trace_state.on ? "on" : "off");
}

static void dump_all(void);

static const struct {
    char key;
    void (*run)(void);
    const char *what;
} debug_keys[] = {
    {'t', dump_threads, "threads: who waits for whom, since when"},
    {'c', debug_dump_caps, "tasks and their capabilities"},
    {'m', debug_dump_maps, "tasks and their memory: mapping trees"},
    {'q', dump_quotas, "quotas of kernel memory"},
    {'r', dump_queues, "run queues"},
    {'e', toggle_trace, "trace of events on or off"},
    {'a', dump_all, "all of t, c, m, q, r"},
};

static void dump_all(void)
{
    for (const char *key = "tcmqr"; *key; key++)
        debug_dump(*key);
}

void debug_dump(char key)
{
    const u32 count = sizeof debug_keys / sizeof *debug_keys;
    for (u32 i = 0; i < count; i++)
        if (debug_keys[i].key == key) {
            kernel_print("\n[%s]\n", debug_keys[i].what);
            debug_keys[i].run();
            return;
        }
    for (u32 i = 0; i < count; i++)
        kernel_print("%s%c  %s\n", i ? "" : "\n", debug_keys[i].key, debug_keys[i].what);
}
