/* init's beginning: reads the system page, makes the services' gates, starts the programs, and supervises. */
#include "lib/base/string.h"
#include "proto/dataspace.h"
#include "proto/hw.h"
#include "proto/rom.h"
#include "servers/init/init.h"

#define OWN_KERNEL_MEMORY (256ull << 10) /* what init keeps of it for gates and nodes */
#define POSIX_PRIORITY    120
#define POSIX_STACK       (64ull << 10)
#define STATUS_BROKEN     1

struct init init;

/* ---- helpers for both threads ---- */

err_t init_reserve_window(vaddr_t *window, u32 order)
{
    *window = 0;
    return rm_reserve(window, 1ull << order, 1ull << order);
}

err_t init_map_window(cap_t dataspace, vaddr_t window, u32 order)
{
    for (u64 at = 0; at < 1ull << order;) {
        err_t error = dataspace_map(dataspace, at, window + at, order, RIGHT_R | RIGHT_W,
                                    FPAGE_MEM(window, order, RIGHT_R | RIGHT_W));
        if (error)
            return error;
        u64 what = sys_utcb->item[0].what;
        at = (what & ~0xfffull) - window + (1ull << (what >> FPAGE_ORDER_SHIFT & FPAGE_ORDER_MASK));
    }
    return E_OK;
}

void init_unmap_window(vaddr_t window, u32 order)
{
    task_unmap(SLOT_TASK, FPAGE_MEM(window, order, RIGHTS_RWX), UNMAP_SELF);
}

const struct system_serve *init_serve(const struct system_program *program, u32 i)
{
    return system_serve(init.page, program->serves.first + i);
}

const struct system_use *init_use(const struct system_program *program, u32 i)
{
    return system_use(init.page, program->uses.first + i);
}

static void put_texts(struct start_writer *w, struct system_range range,
                      void (*put)(struct start_writer *w, u32 count, char *const strings[]))
{
    char *strings[32];
    u32 count = range.count < 32 ? range.count : 32;
    for (u32 i = 0; i < count; i++)
        strings[i] = (char *)system_text_row(init.page, &init.page->texts, range.first + i);
    put(w, count, strings);
}

void init_put_texts(struct start_writer *w, const struct system_program *program)
{
    put_texts(w, program->args, start_put_args);
    put_texts(w, program->env, start_put_env);
}

/* ---- the system page ---- */

static _Noreturn void give_up(const char *what, err_t error)
{
    log_printf("%s: error %d", what, error);
    hw_power_off(init.hw, STATUS_BROKEN);
    program_exit(STATUS_BROKEN << 8);
}

static void read_page(void)
{
    u64 size;
    vaddr_t address = 0;
    cap_t file = slot_alloc();
    err_t error = rom_open(init.rom, "system", 6, file, &size);
    if (!error)
        error = rm_attach(&address, (size + 4095) & ~4095ull, file, 0, RIGHT_R, 0);
    if (error)
        give_up("the boot archive's system page", error);
    init.page = (const struct system_page *)address;
    if (!system_page_valid(init.page, size) || init.page->programs.count > INIT_PROGRAMS_MAX ||
        init.page->services.count > INIT_SERVICES_MAX)
        give_up("the system page is not well-formed", E_INVAL);
}

static void make_gates(void)
{
    for (u32 i = 0; i < init.page->services.count; i++) {
        init.gate[i] = slot_alloc();
        err_t error = factory_create_gate(SLOT_FACTORY, init.gate[i]);
        if (error)
            give_up("gates of the services", error);
    }
}

static bool is_native(u32 i)
{
    return !(system_program(init.page, i)->flags & SYSTEM_VIA_PROC);
}

/* Kernel memory is handed out whole: if the page wants more than there is, all native programs get less. */
static void share_kernel_memory(void)
{
    u64 wanted = 0, quota, used, pool, pool_free;
    for (u32 i = 0; i < init.page->programs.count; i++)
        wanted += is_native(i) ? system_program(init.page, i)->kmem : 0;
    err_t error = factory_info(SLOT_FACTORY, &quota, &used, &pool, &pool_free);
    if (error || quota - used < OWN_KERNEL_MEMORY)
        give_up("kernel memory", error ? error : E_NOMEM);
    u64 there = quota - used - OWN_KERNEL_MEMORY;
    init.kernel_share = wanted <= there ? 1024 : there * 1024 / wanted;
}

static void start_posix_thread(void)
{
    err_t error = thread_spawn(posix_run, NULL, POSIX_STACK, POSIX_PRIORITY);
    if (error)
        give_up("second thread", error);
}

int main(void)
{
    init.rom = env_cap("rom");
    init.hw = env_cap("hw");
    read_page();
    make_gates();
    share_kernel_memory();
    err_t error = serve_init(0, 0);
    init.own = error ? NULL : report_open();
    if (!error)
        error = init.own ? native_init() : E_NOMEM;
    if (error)
        give_up("starting", error);
    for (u32 i = 0; i < init.page->programs.count; i++)
        if (is_native(i))
            native_start(i);
    start_posix_thread();
    serve_run();
}
