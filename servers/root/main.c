/*
 * The first task. It owns all memory and all devices and has no policy of its own: it serves them to `init`
 * (allocators, boot archive, devices), which it starts from the boot archive, and to whom init passes capabilities on.
 */
#include "abi/boot_info.h"
#include "lib/base/string.h"
#include "lib/tess/heap.h"
#include "lib/tess/loader.h"
#include "lib/tess/log.h"
#include "lib/tess/server.h"
#include "lib/tess/time.h"
#include "lib/tess/env.h"
#include "lib/tess/tls.h"
#include "proto/proc.h"
#include "servers/root/archive.h"
#include "servers/root/area.h"
#include "servers/root/frame.h"
#include "servers/root/hw.h"
#include "servers/root/allocator.h"
#include "servers/root/rom.h"

#define KERNEL_RESERVE (512ull << 10) /* kernel memory that root keeps: its gates, and nodes of what it maps */
#define MEMORY_RESERVE (256ull << 10) /* memory that root keeps: its heap */
#define INIT_PRIORITY  240
#define STATUS_BROKEN  1

/* Called by _start. */
_Noreturn void root_start(const struct boot_info *boot, vaddr_t utcb);

static _Alignas(16) char tls[512];
static union {
    struct start_block block;
    char bytes[256];
} own_start; /* root's name and clock, for the library */

static _Noreturn void give_up(const char *what, err_t error)
{
    log_printf("%s: error %d", what, error);
    hw_end_machine(STATUS_BROKEN);
    for (;;)
        sys_sleep(TIMEOUT_NEVER);
}

static void write_own_start(const struct boot_info *boot)
{
    struct start_writer w;
    char *const args[] = {"root"};
    start_begin(&w, &own_start, sizeof own_start);
    start_put_args(&w, 1, args);
    own_start.block.timebase_hz = boot->timebase_hz;
    own_start.block.boot_ticks = boot->boot_ticks;
    env_start = &own_start.block;
}

/* ---- memory ---- */

static const struct boot_region *largest_free(const struct boot_info *boot)
{
    const struct boot_region *best = NULL;
    for (u64 i = 0; i < boot->region_count; i++) {
        const struct boot_region *r = &boot->region[i];
        if (r->kind == BOOT_REGION_FREE && (!best || r->end - r->start > best->end - best->start))
            best = r;
    }
    if (!best)
        give_up("there is no free memory", E_NOMEM);
    return best;
}

/* The table of page states stands at the start of the largest region. */
static void take_memory(const struct boot_info *boot)
{
    const struct boot_region *home = largest_free(boot);
    paddr_t lowest = home->start, highest = home->end;
    for (u64 i = 0; i < boot->region_count; i++)
        if (boot->region[i].kind == BOOT_REGION_FREE) {
            lowest = boot->region[i].start < lowest ? boot->region[i].start : lowest;
            highest = boot->region[i].end > highest ? boot->region[i].end : highest;
        }
    u64 table = (frame_states_size(lowest, highest) + 4095) & ~4095ull;
    memset((void *)home->start, 0, table);
    frame_init(lowest, highest, (u8 *)home->start);
    for (u64 i = 0; i < boot->region_count; i++) {
        const struct boot_region *r = &boot->region[i];
        if (r->kind == BOOT_REGION_FREE)
            frame_add(r == home ? r->start + table : r->start, r->end);
    }
}

static void find_regions(const struct boot_info *boot)
{
    for (u64 i = 0; i < boot->region_count; i++) {
        if (boot->region[i].kind == BOOT_REGION_INITRD)
            archive_init(boot->region[i].start, boot->region[i].end);
        if (boot->region[i].kind == BOOT_REGION_DTB)
            hw_init((const void *)boot->region[i].start);
    }
}

static void set_clock(void)
{
    u64 now = hw_read_clock();
    own_start.block.epoch_us = now ? now - time_now() : 0;
}

/* ---- init ---- */

static bool supervise(struct session *session, struct msg *m)
{
    if (m->w[0] == PROC_OP_EXIT || m->w[0] == PROC_OP_FAULT || m->w[0] == FAULT_EXCEPTION)
        give_up("init has ended: status or signal", (err_t)m->w[1]);
    wire_reply_error(m, E_NOSYS);
    return true;
}

static const struct session_type supervisor_type = {
    .name = "supervisor", .size = sizeof(struct session), .dispatch = supervise};

/* What init gets beyond its fixed slots, in slots from SLOT_FIRST on; the list ends with an empty name. */
struct gift {
    const char *name;
    struct map_item item;
};

static u64 write_start(void *buffer, u32 capacity, const struct gift *gifts, u32 count)
{
    struct start_writer w;
    char *const args[] = {"init"};
    start_begin(&w, buffer, capacity);
    start_tables(&w, count, 0);
    for (u32 i = 0; i < count; i++)
        start_put_cap(&w, i, gifts[i].name, SLOT_FIRST + i);
    start_put_args(&w, 1, args);
    return start_end(&w) ? 0 : w.block->size;
}

/* Puts a child of the item's capability into the slot, which is root's own. */
static void place(cap_t slot, struct map_item item)
{
    err_t error = task_map(SLOT_TASK, SLOT_TASK, item.what, (u64)slot << FPAGE_START_SHIFT);
    if (error)
        give_up("capabilities for init", error);
}

static struct map_item open_file(const char *name, u64 *size)
{
    struct archive_file file;
    struct map_item item;
    if (!archive_find(name, &file))
        give_up(name, E_NOENT);
    if (area_open(file.start, file.size, RIGHT_R | RIGHT_X, &item))
        give_up(name, E_NOMEM);
    *size = file.size;
    return item;
}

static void read_rm(struct rm_image *image)
{
    struct archive_file file;
    paddr_t text = frame_alloc(RM_TEXT_ORDER);
    if (!archive_find("rm", &file) || !text)
        give_up("rm", E_NOENT);
    memset((void *)text, 0, 1ull << RM_TEXT_ORDER);
    err_t error = rm_image_read(image, (const void *)file.start, file.size, (void *)text);
    if (error)
        give_up("rm", error);
}

static struct allocator *make_allocator(void)
{
    struct allocator *mem;
    u64 quota, used, pool, pool_free;
    err_t error = factory_info(BOOT_SLOT_FACTORY, &quota, &used, &pool, &pool_free);
    if (!error)
        error = allocator_create(NULL, BOOT_SLOT_FACTORY, frame_available() - MEMORY_RESERVE,
                                 pool_free - KERNEL_RESERVE, 0, "init", &mem);
    if (error)
        give_up("memory for init", error);
    return mem;
}

static struct map_item session_or_give_up(struct session *session)
{
    if (!session)
        give_up("sessions for init", E_NOMEM);
    return session_item(session);
}

static void fill_nursery(cap_t nursery, const struct allocator *mem)
{
    u64 size;
    place(nursery + SLOT_FACTORY, wire_cap(mem->factory));
    place(nursery + SLOT_MEM, session_item(&mem->session));
    place(nursery + SLOT_LOG, wire_cap(BOOT_SLOT_LOG));
    place(nursery + SLOT_SCHEDULER, wire_cap(BOOT_SLOT_SCHEDULER));
    place(nursery + SLOT_PROC, session_or_give_up(session_create(&supervisor_type)));
    place(nursery + SLOT_IMAGE, open_file("init", &size));
}

static void give_gifts(cap_t task, const struct gift *gifts, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        err_t error = task_map(task, SLOT_TASK, gifts[i].item.what, (u64)(SLOT_FIRST + i) << FPAGE_START_SHIFT);
        if (error)
            give_up("capabilities for init", error);
    }
}

static void start_init(void)
{
    struct rm_image image;
    read_rm(&image);
    struct allocator *mem = make_allocator();
    cap_t nursery = slot_alloc_range(NURSERY_ORDER);
    fill_nursery(nursery, mem);
    const struct gift gifts[] = {{"rom", session_or_give_up(rom_open_session())},
                                 {"hw", session_or_give_up(hw_open_all())}};
    u32 count = sizeof gifts / sizeof gifts[0];
    void *start = heap_pages_alloc(1), *data = (void *)frame_alloc(RM_DATA_ORDER);
    struct map_item start_item;
    u64 start_size = write_start(start, 4096, gifts, count);
    if (!start_size || area_open((paddr_t)start, start_size, RIGHT_R, &start_item) || !data)
        give_up("memory for init", E_NOMEM);
    place(nursery + SLOT_START, start_item);
    memset(data, 0, RM_DATA_SIZE);
    struct rm_params params = {.start_size = start_size,
                               .timebase_hz = env_start->timebase_hz,
                               .boot_ticks = env_start->boot_ticks,
                               .epoch_us = env_start->epoch_us};
    err_t error = loader_make_task(nursery, &image, data, false, INIT_PRIORITY, &params);
    debug_name_task(BOOT_SLOT_LOG, BOOT_SLOT_TASK, "root");
    debug_name_task(BOOT_SLOT_LOG, nursery + SLOT_TASK, "init");
    if (!error)
        give_gifts(nursery + SLOT_TASK, gifts, count);
    if (!error)
        error = loader_run(nursery, BOOT_SLOT_SCHEDULER, 0);
    if (error)
        give_up("starting init", error);
}

_Noreturn void root_start(const struct boot_info *boot, vaddr_t utcb)
{
    tls_start(tls, utcb);
    write_own_start(boot);
    take_memory(boot);
    find_regions(boot);
    set_clock();
    err_t error = serve_init(1, 0);
    if (error)
        give_up("serving", error);
    start_init();
    serve_run();
}
