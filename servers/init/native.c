/*
 * Native programs: each a task of its own with exactly the capabilities that its row of the system page lists. Its
 * supervisor session, a session of init's, hears of its end.
 */
#include "lib/base/string.h"
#include "proto/hw.h"
#include "proto/mem.h"
#include "proto/proc.h"
#include "proto/rom.h"
#include "servers/init/init.h"

#define KERNEL_MINIMUM (96ull << 10)
#define RESTARTS_MAX   5           /* in a row */
#define LIVED_LONG     10000000ull /* microseconds after which a restart is not one in a row any longer */
#define START_ORDER    14          /* room for a native program's start block */

struct program {
    cap_t nursery; /* 0: not running */
    struct session *supervisor;
    usec_t started;
    u32 restarts;
};

struct supervisor {
    struct session session;
    u32 index; /* of the program */
};

static struct program programs[INIT_PROGRAMS_MAX];
static struct task_maker maker;
static vaddr_t window; /* 2^START_ORDER bytes: where start blocks are written */

static const char *text(u32 offset)
{
    return system_text(init.page, offset);
}

err_t native_init(void)
{
    err_t error = task_maker_init(&maker, init.rom);
    return error ? error : init_reserve_window(&window, START_ORDER);
}

/* ---- what a program gets ---- */

/* Names and capabilities for the start block, in slots from SLOT_FIRST on. */
struct gifts {
    u32 count;
    const char *name[32];
    u64 what[32];   /* flexpage of init's slot */
    bool owned[32]; /* made for this program only: moved, not mapped */
};

static void add_gift(struct gifts *g, const char *name, cap_t slot, u32 rights, bool owned)
{
    if (g->count == sizeof g->name / sizeof g->name[0])
        return;
    g->name[g->count] = name;
    g->what[g->count] = FPAGE_OBJ(slot, 0, rights);
    g->owned[g->count] = owned;
    g->count++;
}

/* The names of the program's devices, each ended with NUL; returns their length together. */
static size_t put_nodes(char nodes[HW_DERIVE_NODES_MAX], const struct system_program *p)
{
    size_t length = 0;
    for (u32 i = 0; i < p->devices.count; i++) {
        const char *node = system_text_row(init.page, &init.page->devices, p->devices.first + i);
        size_t size = strlen(node) + 1;
        if (length + size > HW_DERIVE_NODES_MAX)
            break;
        memcpy(nodes + length, node, size);
        length += size;
    }
    return length;
}

static void add_hw(struct gifts *g, const char *name, const struct system_program *p, bool may_power_off)
{
    char nodes[HW_DERIVE_NODES_MAX];
    size_t length = may_power_off ? 0 : put_nodes(nodes, p);
    cap_t slot = slot_alloc();
    err_t error = hw_derive(init.hw, may_power_off, nodes, length, slot);
    if (error)
        log_printf("devices of %s: error %d", text(p->name), error);
    else
        add_gift(g, name, slot, RIGHT_USE | RIGHT_PASS, true);
}

static void add_use(struct gifts *g, cap_t nursery, const struct system_program *p, const struct system_use *use)
{
    switch (use->builtin) {
    case SYSTEM_SERVICE:
        add_gift(g, text(use->local), init.gate[use->service], RIGHT_USE | RIGHT_PASS, false);
        break;
    case SYSTEM_ROM:
        add_gift(g, text(use->local), init.rom, RIGHT_USE | RIGHT_PASS, false);
        break;
    case SYSTEM_POWER:
        add_hw(g, text(use->local), p, true);
        break;
    case SYSTEM_INIT:
        add_gift(g, text(use->local), init.own->gate, RIGHT_USE | RIGHT_PASS, false);
        break;
    case SYSTEM_LOG:
        nursery_place(nursery, SLOT_LOG, FPAGE_OBJ(SLOT_LOG, 0, RIGHT_USE), false);
        break;
    case SYSTEM_SCHEDULER:
        nursery_place(nursery, SLOT_SCHEDULER, FPAGE_OBJ(SLOT_SCHEDULER, 0, RIGHT_USE | RIGHT_CONTROL), false);
        break;
    default:
        log_printf("%s uses %s, which init does not have", text(p->name), text(use->local));
    }
}

static void collect_gifts(struct gifts *g, cap_t nursery, const struct system_program *p)
{
    g->count = 0;
    for (u32 i = 0; i < p->serves.count; i++) {
        const struct system_serve *serve = init_serve(p, i);
        add_gift(g, text(serve->local), init.gate[serve->service], RIGHT_USE | RIGHT_CONTROL | RIGHT_PASS, false);
    }
    for (u32 i = 0; i < p->uses.count; i++)
        add_use(g, nursery, p, init_use(p, i));
    if (p->devices.count)
        add_hw(g, "hw", p, false);
}

static err_t give(cap_t task, const struct gifts *g)
{
    err_t error = E_OK;
    for (u32 i = 0; i < g->count && !error; i++)
        error = task_map(task, SLOT_TASK, g->what[i],
                         (u64)(SLOT_FIRST + i) << FPAGE_START_SHIFT | (g->owned[i] ? ITEM_GRANT : 0));
    return error;
}

/* The slots of what was moved, or was to be. */
static void forget_gifts(const struct gifts *g)
{
    for (u32 i = 0; i < g->count; i++)
        if (g->owned[i])
            slot_drop((cap_t)(g->what[i] >> FPAGE_START_SHIFT));
}

static err_t write_start(cap_t nursery, const struct system_program *p, const struct gifts *g, u64 *size)
{
    struct start_writer w;
    err_t error = mem_alloc(SLOT_MEM, 1ull << START_ORDER, MEM_CONTIGUOUS, nursery + SLOT_START);
    if (!error)
        error = init_map_window(nursery + SLOT_START, window, START_ORDER);
    if (error)
        return error;
    start_begin(&w, (void *)window, 1u << START_ORDER);
    start_tables(&w, g->count, 0);
    for (u32 i = 0; i < g->count; i++)
        start_put_cap(&w, i, g->name[i], SLOT_FIRST + i);
    init_put_texts(&w, p);
    *size = w.block->size;
    error = start_end(&w);
    init_unmap_window(window, START_ORDER);
    return error;
}

/* ---- life ---- */

static bool dispatch(struct session *session, struct msg *m);

static const struct session_type supervisor_type = {
    .name = "supervisor", .size = sizeof(struct supervisor), .dispatch = dispatch};

static err_t make_supervisor(u32 index)
{
    struct program *program = &programs[index];
    program->supervisor = session_create(&supervisor_type);
    if (!program->supervisor)
        return E_NOMEM;
    ((struct supervisor *)program->supervisor)->index = index;
    return nursery_place(program->nursery, SLOT_PROC, session_item(program->supervisor).what, false);
}

static err_t fill_nursery(u32 index, const struct system_program *p)
{
    cap_t nursery = programs[index].nursery;
    const char *name = text(p->name), *image = text(p->image);
    u64 size, kernel = p->kmem * init.kernel_share / 1024;
    err_t error = mem_create(SLOT_MEM, p->memory, kernel < KERNEL_MINIMUM ? KERNEL_MINIMUM : kernel, p->priority, name,
                             strnlen(name, MEM_CREATE_NAME_MAX), nursery + SLOT_MEM, nursery + SLOT_FACTORY);
    if (!error)
        error = rom_open(init.rom, image, strnlen(image, ROM_OPEN_NAME_MAX), nursery + SLOT_IMAGE, &size);
    if (!error)
        error = make_supervisor(index);
    return error;
}

/* Devices of a driver must not write to memory that will be somebody else's. */
static void quiet_devices(const struct system_program *p)
{
    char nodes[HW_QUIET_NODES_MAX];
    if (p->devices.count > 0)
        hw_quiet(init.hw, nodes, put_nodes(nodes, p));
}

/* Takes everything away that belonged to the program. */
static void end_program(struct program *program)
{
    quiet_devices(system_program(init.page, (u32)(program - programs)));
    nursery_destroy(program->nursery);
    if (program->supervisor)
        session_destroy(program->supervisor);
    program->supervisor = NULL;
    program->nursery = 0;
}

/* On a machine that does not have the CPU of the system page, on the first. */
static err_t run(cap_t nursery, u32 cpu)
{
    bool there = cpu < 64 && thread_cpus() >> cpu & 1;
    return loader_run(nursery, SLOT_SCHEDULER, there ? cpu : 0);
}

static err_t try_start(u32 index, const struct system_program *p)
{
    struct gifts gifts;
    struct rm_params params = {0};
    cap_t nursery = programs[index].nursery;
    err_t error = fill_nursery(index, p);
    if (error)
        return error;
    collect_gifts(&gifts, nursery, p);
    error = write_start(nursery, p, &gifts, &params.start_size);
    if (!error)
        error = nursery_make_task(nursery, &maker, p->priority, &params);
    debug_name_task(SLOT_LOG, nursery + SLOT_TASK, text(p->name));
    if (!error)
        error = give(nursery + SLOT_TASK, &gifts);
    if (!error)
        error = run(nursery, p->flags >> SYSTEM_CPU_SHIFT);
    forget_gifts(&gifts);
    return error;
}

void native_start(u32 index)
{
    const struct system_program *p = system_program(init.page, index);
    struct program *program = &programs[index];
    program->nursery = nursery_create();
    program->started = time_now();
    if (!program->nursery)
        return;
    err_t error = try_start(index, p);
    if (error) {
        log_printf("%s cannot be started: error %d", text(p->name), error);
        end_program(program);
    }
}

static void program_ended(u32 index)
{
    const struct system_program *p = system_program(init.page, index);
    struct program *program = &programs[index];
    bool lived_long = time_now() - program->started > LIVED_LONG;
    end_program(program);
    if (p->restart == SYSTEM_RESTART_POWER_OFF)
        hw_power_off(init.hw, 1);
    if (p->restart != SYSTEM_RESTART_ALWAYS)
        return;
    program->restarts = lived_long ? 1 : program->restarts + 1;
    if (program->restarts <= RESTARTS_MAX)
        native_start(index);
    else
        log_printf("%s ends again and again: not started any more", text(p->name));
}

bool native_describe(u32 index, struct native_state *state)
{
    cap_t nursery = programs[index].nursery;
    struct task_info info;
    *state = (struct native_state){.name = text(system_program(init.page, index)->name), .running = nursery != 0};
    if (!nursery || task_get_info(nursery + SLOT_TASK, &info))
        return false;
    state->threads = info.threads;
    sc_consumed(nursery + SLOT_SC, &state->cpu_us);
    mem_info(nursery + SLOT_MEM, &state->memory_limit, &state->memory, &state->kernel_limit, &state->kernel);
    return true;
}

err_t native_end(u32 index)
{
    if (!programs[index].nursery)
        return E_SRCH;
    log_printf("%s is ended", text(system_program(init.page, index)->name));
    program_ended(index);
    return E_OK;
}

/* ---- what programs tell their supervisor ---- */

static const char *name_of(void *self)
{
    return text(system_program(init.page, ((struct supervisor *)self)->index)->name);
}

static err_t supervise_exit(void *self, u32 status)
{
    log_printf("%s has ended with status %x", name_of(self), status);
    program_ended(((struct supervisor *)self)->index);
    return WIRE_LATER;
}

static err_t supervise_fault(void *self, u32 signal, u64 address, u64 pc)
{
    log_printf("%s died of signal %u at %lx, address %lx", name_of(self), signal, pc, address);
    program_ended(((struct supervisor *)self)->index);
    return WIRE_LATER;
}

static const struct proc_handlers handlers = {.exit = supervise_exit, .fault = supervise_fault};

static bool dispatch(struct session *session, struct msg *m)
{
    if (m->w[0] != FAULT_EXCEPTION) /* which would be the region manager's own */
        return proc_dispatch(&handlers, session, m);
    supervise_fault(session, 0, m->w[EXC_WORD_TVAL], m->w[EXC_WORD_PC]);
    return false;
}
