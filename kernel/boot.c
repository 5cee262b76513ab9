/*
 * The first task. Its image is the member `root` of the boot archive; it receives all memory that is left, one to one,
 * all devices, and a capability to everything there is.
 *
 *   RAM:  | firmware, kernel | pool |  free ...  | boot archive | free ... | image of the first task |
 */
#include "kernel/boot.h"
#include "kernel/archive.h"
#include "kernel/debug.h"
#include "kernel/factory.h"
#include "kernel/irq.h"
#include "kernel/panic.h"
#include "kernel/pool.h"
#include "kernel/remote.h"
#include "kernel/sched.h"
#include "kernel/task.h"
#include "lib/base/bits.h"
#include "lib/base/string.h"

#define STACK_TOP   BOOT_IMAGE_BASE
#define STACK_BYTES 0x10000ull
#define UTCB_BASE   (BOOT_IMAGE_BASE - 0x200000)
#define INFO_BASE   (BOOT_IMAGE_BASE - 0x100000)
#define POOL_SHARE  8 /* of RAM for the kernel */
#define POOL_MAX    (64ull << 20)
#define POOL_MIN    (1ull << 20)

static struct object icu, scheduler, debug_log;
static struct boot_info *info;
static paddr_t image_top, image_bottom; /* frames of the first task, taken from the end of RAM downwards */

static paddr_t page_up(paddr_t p)
{
    return (p + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

static paddr_t page_down(paddr_t p)
{
    return p & ~(PAGE_SIZE - 1);
}

static void check(err_t error, const char *what)
{
    if (error)
        kernel_panic("boot: %s: error %d", what, error);
}

/* --- the kernel's own memory --- */

/* First address from `at` on that lies in neither boot archive nor device tree, and how far it is free. */
static paddr_t free_area(const struct machine *m, paddr_t at, paddr_t *end)
{
    const paddr_t taken[][2] = {{m->initrd_start, m->initrd_end}, {m->dtb_start, m->dtb_end}};
    *end = m->ram_end;
    for (u32 pass = 0; pass < 2; pass++)
        for (u32 i = 0; i < 2; i++)
            if (at >= page_down(taken[i][0]) && at < taken[i][1])
                at = page_up(taken[i][1]);
    for (u32 i = 0; i < 2; i++)
        if (taken[i][0] >= at && page_down(taken[i][0]) < *end)
            *end = page_down(taken[i][0]);
    return at;
}

/* `kmem=MEBIBYTES` on the command line, else a share of RAM. */
static u64 pool_bytes(const struct machine *m)
{
    const char *p = m->command_line;
    for (; *p; p++)
        if (!strncmp(p, "kmem=", 5))
            break;
    u64 megabytes = 0;
    if (*p)
        for (p += 5; *p >= '0' && *p <= '9' && megabytes < 1 << 20; p++)
            megabytes = megabytes * 10 + (*p - '0');
    u64 bytes = megabytes ? megabytes << 20 : (m->ram_end - m->ram_start) / POOL_SHARE;
    return !megabytes && bytes > POOL_MAX ? POOL_MAX : bytes;
}

/* The pool lies behind the kernel's image; gives its end. */
static paddr_t make_pool(const struct machine *m)
{
    paddr_t end, start = free_area(m, page_up(m->kernel_end), &end);
    u64 bytes = page_down(pool_bytes(m));
    start += trace_init(arch_phys_to_virt(start), end - start, m->cpu_count, m->timebase_hz, m->command_line);
    if (bytes > end - start)
        bytes = end - start;
    if (bytes < POOL_MIN)
        kernel_panic("boot: no room for kernel memory: give the machine more RAM");
    pool_init(arch_phys_to_virt(start), bytes);
    return start + bytes;
}

/* --- memory of the first task --- */

/* A frame for the image, zeroed. */
static paddr_t take_frame(void)
{
    image_bottom -= PAGE_SIZE;
    memset(arch_phys_to_virt(image_bottom), 0, PAGE_SIZE);
    return image_bottom;
}

static void place_image(const struct machine *m, paddr_t floor)
{
    image_top = page_down(m->ram_end);
    if (m->dtb_end > image_top - (64ull << 20) && m->dtb_start > floor) /* usually at the end of RAM */
        image_top = page_down(m->dtb_start);
    if (m->initrd_end > image_top - (1ull << 20) && m->initrd_start > floor)
        image_top = page_down(m->initrd_start);
    image_bottom = image_top;
}

/* Maps [start, end) one to one, in the largest pieces that are aligned. */
static void map_identity(struct task *t, paddr_t start, paddr_t end, u32 rights)
{
    while (start < end) {
        u32 order = start ? bits_lowest(start) : 30;
        while (order > 30 || start + (1ull << order) > end)
            order--;
        check(map_memory_root(t, start, start, order, rights), "mapping memory");
        start += 1ull << order;
    }
}

static void map_devices(struct task *t, const struct machine *m)
{
    paddr_t at = 0;
    for (u32 i = 0; i < m->holes; i++) {
        map_identity(t, at, m->hole[i].start, RIGHT_R | RIGHT_W);
        at = m->hole[i].end;
    }
    map_identity(t, at, m->device_end, RIGHT_R | RIGHT_W);
}

static void map_frames(struct task *t, vaddr_t at, u64 pages, u32 rights)
{
    for (; pages; pages--, at += PAGE_SIZE)
        check(map_memory_root(t, take_frame(), at, ARCH_PAGE_SHIFT, rights), "mapping the first task");
}

/* One page of a segment: its part of the file, the rest zero. */
static void load_page(struct task *t, const struct segment *s, u64 offset)
{
    paddr_t frame = take_frame();
    u64 file = offset < s->file_size ? s->file_size - offset : 0;
    memcpy(arch_phys_to_virt(frame), s->data + offset, file < PAGE_SIZE ? file : PAGE_SIZE);
    check(map_memory_root(t, frame, s->address + offset, ARCH_PAGE_SHIFT, s->rights), "loading the first task");
    arch_code_changed();
}

/* Loads `root`; gives its entry point. */
static vaddr_t load_image(struct task *t, const struct machine *m)
{
    struct archive_member root;
    struct segment segment;
    const void *archive = arch_phys_to_virt(m->initrd_start);
    if (m->initrd_start >= m->initrd_end)
        kernel_panic("boot: no boot archive: start the machine with -initrd");
    if (!archive_find(archive, m->initrd_end - m->initrd_start, "root", &root))
        kernel_panic("boot: the boot archive has no member `root`");
    if (!elf_check(&root))
        kernel_panic("boot: `root` is no static RISC-V program for %lx", (u64)BOOT_IMAGE_BASE);
    for (u32 i = 0; elf_segment(&root, i, &segment); i++)
        for (u64 offset = 0; offset < segment.size; offset += PAGE_SIZE)
            load_page(t, &segment, offset);
    return elf_entry(&root);
}

static void add_region(paddr_t start, paddr_t end, enum boot_region_kind kind)
{
    if (start < end && info->region_count < BOOT_REGIONS_MAX)
        info->region[info->region_count++] = (struct boot_region){start, end, kind};
}

static void describe(const struct machine *m, paddr_t free)
{
    info->magic = BOOT_INFO_MAGIC;
    info->timebase_hz = m->timebase_hz;
    info->cpu_count = m->cpu_count;
    info->boot_ticks = m->boot_ticks;
    info->kernel_pool = pool_size();
    memcpy(info->command_line, m->command_line, sizeof info->command_line);
    add_region(m->initrd_start, m->initrd_end, BOOT_REGION_INITRD);
    add_region(m->dtb_start, m->dtb_end, BOOT_REGION_DTB);
    add_region(image_bottom, image_top, BOOT_REGION_IMAGE);
    for (paddr_t at = free, end; at < m->ram_end; at = end) {
        at = free_area(m, at, &end);
        if (at >= image_bottom && at < image_top)
            at = image_top, at = free_area(m, at, &end);
        if (at < image_bottom && end > image_bottom)
            end = image_bottom;
        add_region(at, end, BOOT_REGION_FREE);
    }
    for (u32 i = 0; i <= m->holes; i++)
        add_region(i ? m->hole[i - 1].end : 0, i < m->holes ? m->hole[i].start : m->device_end, BOOT_REGION_DEVICE);
}

/* --- the first task's objects --- */

static struct slot *boot_slot(struct task *t, enum boot_slot index)
{
    err_t error = E_OK;
    struct slot *s = task_slot_make(t, index, &error);
    check(error, "capabilities");
    return s;
}

static void give(struct task *t, enum boot_slot index, struct object *o)
{
    check(map_cap_first(o, t, boot_slot(t, index)), "capabilities");
}

static void give_all(struct task *t, struct thread *thread, struct sc *sc)
{
    object_init(&icu, OBJ_ICU, NULL);
    object_init(&scheduler, OBJ_SCHEDULER, NULL);
    object_init(&debug_log, OBJ_LOG, NULL);
    give(t, BOOT_SLOT_TASK, &t->object);
    give(t, BOOT_SLOT_THREAD, &thread->object);
    give(t, BOOT_SLOT_FACTORY, &factory_root.object);
    give(t, BOOT_SLOT_LOG, &debug_log);
    give(t, BOOT_SLOT_ICU, &icu);
    give(t, BOOT_SLOT_SCHEDULER, &scheduler);
    give(t, BOOT_SLOT_SC, &sc->object);
}

static struct utcb *make_utcb(struct task *t)
{
    void *page = factory_alloc_page(&factory_root);
    check(page ? E_OK : E_NOMEM, "UTCB");
    check(space_enter(&t->space, UTCB_BASE, ARCH_PAGE_SHIFT, arch_virt_to_phys(page), RIGHT_R | RIGHT_W, NULL,
                      &factory_root),
          "UTCB");
    return page;
}

static void start(struct thread *thread, struct task *task, struct sc *sc, vaddr_t entry)
{
    thread_enter_task(thread, task, make_utcb(task));
    thread->hot.pc = entry;
    thread->hot.sp = STACK_TOP;
    arch_regs_argument(thread, INFO_BASE, UTCB_BASE);
    sc->owner = thread;
    sc_give(sc, thread);
    thread->own_sc = thread->sc = sc;
    sched_ready(thread, false);
    sched_exit(thread->cpu);
}

void boot(struct machine *m)
{
    kernel_enter(cpu_self());
    paddr_t free = make_pool(m);
    kernel_clock = (struct kernel_clock){m->timebase_hz / 1000000, m->boot_ticks};
    objects_init();
    icu_init(m->line_count);
    factory_init();
    sched_init(cpu_self());
    place_image(m, free);
    struct task *task = task_create(&factory_root);
    struct thread *thread = thread_create(&factory_root);
    struct sc *sc = sc_create(&factory_root, PRIORITY_MAX);
    if (!task || !thread || !sc)
        kernel_panic("boot: no memory for the first task");
    give_all(task, thread, sc);
    vaddr_t entry = load_image(task, m);
    map_frames(task, STACK_TOP - STACK_BYTES, STACK_BYTES / PAGE_SIZE, RIGHT_R | RIGHT_W);
    paddr_t info_frame = take_frame();
    info = arch_phys_to_virt(info_frame);
    check(map_memory_root(task, info_frame, INFO_BASE, ARCH_PAGE_SHIFT, RIGHT_R), "boot information");
    map_devices(task, m);
    map_identity(task, free, image_bottom, RIGHTS_RWX);
    map_identity(task, image_top, page_down(m->ram_end), RIGHTS_RWX);
    describe(m, free);
    remote_start_all();
    start(thread, task, sc, entry);
}
