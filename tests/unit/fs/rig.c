/* Kernel and runtime for the file server's test: see rig.h. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/fs/rig.h"

#include "lib/tess/tess.h"
#include "servers/fs/server.h"

#define SLOTS_MAX   4096
#define WINDOWS_MAX 65536

/* A mapping that went to a client. */
struct given {
    u64 base, size;
    bool stands;
};

struct image rig_image;
struct fs *server_fs;
__thread struct utcb *sys_utcb;

static struct utcb utcb;
static struct session *sessions[SLOTS_MAX]; /* by client's slot; the server's gates have the same numbers */
static cap_t next_slot = 100;
static struct given given[WINDOWS_MAX];
static u32 given_count;
static int arena_fd = -1;
static u8 *arena;
static size_t arena_size;

/* --- What lib/tess does -------------------------------------------------------------------------------------- */

struct session *session_create(const struct session_type *type)
{
    struct session *s = calloc(1, type->size);
    s->type = type;
    s->gate = next_slot++;
    sessions[s->gate] = s;
    return s;
}

struct map_item session_item(const struct session *session)
{
    return wire_cap(session->gate);
}

void session_destroy(struct session *session)
{
    if (session->type->close)
        session->type->close(session);
    for (u32 i = 0; i < SLOTS_MAX; i++)
        if (sessions[i] == session)
            sessions[i] = NULL;
    free(session);
}

void *heap_alloc(size_t size)
{
    return calloc(1, size);
}

void heap_free(void *memory, size_t size)
{
    free(memory);
}

err_t rm_reserve(vaddr_t *address, u64 size, u64 align)
{
    u8 *at = mmap(NULL, size + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(at != MAP_FAILED);
    *address = ((u64)at + align - 1) & ~(align - 1);
    return E_OK;
}

void server_changed(void)
{
}

/* --- What the kernel does ------------------------------------------------------------------------------------ */

static u64 fpage_start(u64 what)
{
    return what & ~0xfffull;
}

static u64 fpage_size(u64 what)
{
    return 1ull << (what >> FPAGE_ORDER_SHIFT & FPAGE_ORDER_MASK);
}

static void task_map_alias(u64 what, u64 base)
{
    u64 offset = fpage_start(what) - (u64)arena;
    assert_true(offset + fpage_size(what) <= arena_size);
    void *at =
        mmap((void *)base, fpage_size(what), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, arena_fd, (off_t)offset);
    assert_ptr_equal(at, (void *)base);
}

static void task_unmap_given(u64 what)
{
    u64 start = fpage_start(what), end = start + fpage_size(what);
    for (u32 i = 0; i < given_count; i++)
        if (given[i].base < end && start < given[i].base + given[i].size)
            given[i].stands = false;
}

static void invoke_task(u64 w[MSG_REGS])
{
    if (w[0] == OP_TASK_MAP)
        task_map_alias(w[1], w[2]);
    else if (w[0] == OP_TASK_UNMAP)
        task_unmap_given(w[1]);
    else
        fail_msg("task operation %llu", (unsigned long long)w[0]);
    w[0] = E_OK;
}

/* What arrived: a session in the slot that the client named, or memory. */
static void take_item(u64 window)
{
    struct map_item *item = &sys_utcb->item[0];
    bool fits = (item->what >> FPAGE_TYPE_SHIFT & 3) == (window >> FPAGE_TYPE_SHIFT & 3);
    if ((item->what >> FPAGE_TYPE_SHIFT & 3) == FPAGE_OBJECT) {
        if (!fits) { /* nobody holds the new session */
            session_destroy(sessions[item->what >> FPAGE_START_SHIFT]);
            return;
        }
        cap_t slot = (cap_t)(window >> FPAGE_START_SHIFT);
        sessions[slot] = sessions[item->what >> FPAGE_START_SHIFT];
        item->what = window;
        return;
    }
    if (!fits)
        return;
    assert_true(given_count < WINDOWS_MAX);
    assert_int_equal(fpage_start(item->what) % fpage_size(item->what), 0);
    given[given_count++] = (struct given){fpage_start(item->what), fpage_size(item->what), true};
}

void sys_arch_invoke(u64 *tag, u64 *label, u64 w[MSG_REGS], u64 selector)
{
    cap_t slot = (cap_t)(selector & SEL_SLOT_MASK);
    if (slot == SLOT_TASK) {
        invoke_task(w);
        return;
    }
    struct session *session = slot < SLOTS_MAX ? sessions[slot] : NULL;
    struct msg m = {.tag = *tag};
    u64 window = sys_utcb->window[0];
    memcpy(m.w, w, sizeof m.w);
    if (!session) {
        *tag = TAG_ERROR | (u64)E_NOENT << TAG_CODE_SHIFT;
        return;
    }
    assert_true(session->type->dispatch(session, &m));
    if (WIRE_ITEMS(m.tag))
        take_item(window);
    *tag = m.tag;
    memcpy(w, m.w, sizeof m.w);
}

/* --- The rig ------------------------------------------------------------------------------------------------- */

static void conceal(void *context, void *memory, size_t size)
{
    window_conceal(memory, size);
}

/* The arena is made once: windows stay aliases of it for ever. */
static void make_arena(u32 order)
{
    vaddr_t base;
    if (arena)
        return;
    arena_size = 1ull << order;
    arena_fd = memfd_create("arena", 0);
    assert_true(arena_fd >= 0 && !ftruncate(arena_fd, (off_t)arena_size));
    rm_reserve(&base, arena_size, arena_size);
    arena = mmap((void *)base, arena_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, arena_fd, 0);
    windows_init(arena, order, transfer_steal);
}

void rig_start(u32 blocks, u32 order)
{
    sys_utcb = &utcb;
    given_count = 0;
    next_slot = 100;
    image_make(&rig_image, blocks, "-N 256", 0);
    if (order) {
        make_arena(order);
        rig_image.device.image = NULL;
        rig_image.options.arena = arena;
        rig_image.options.arena_size = arena_size;
    }
    rig_image.env.revoke = transfer_revoke;
    rig_image.env.pressure = transfer_pressure;
    rig_image.env.conceal = conceal;
    image_mount(&rig_image);
    server_fs = rig_image.fs;
    sessions[1 + SLOT_TASK] = names_service();
    sessions[2 + SLOT_TASK] = mount_service();
}

void rig_stop(void)
{
    for (cap_t i = 100; i < SLOTS_MAX; i++)
        rig_close(i);
    for (u32 dir = 1; dir <= 32; dir++) /* the service's own session stays */
        fs_close_dir(rig_service(), dir);
    assert_int_equal(rig_windows_standing(), 0);
    image_unmount(&rig_image);
    image_check(&rig_image);
    rig_image.options.arena = NULL; /* the rig's */
    image_free(&rig_image);
}

cap_t rig_service(void)
{
    return 1 + SLOT_TASK;
}

cap_t rig_mount_service(void)
{
    return 2 + SLOT_TASK;
}

cap_t rig_slot(void)
{
    return next_slot++;
}

void rig_close(cap_t slot)
{
    if (sessions[slot])
        session_destroy(sessions[slot]);
}

u64 rig_window(void)
{
    return FPAGE_MEM(CLIENT_WINDOW, WINDOW_ORDER, RIGHTS_RWX);
}

u8 *rig_memory(u32 *number)
{
    assert_true(given_count > 0);
    *number = given_count - 1;
    return (u8 *)given[given_count - 1].base;
}

bool rig_window_stands(u32 number)
{
    return given[number].stands;
}

u32 rig_windows_standing(void)
{
    u32 n = 0;
    for (u32 i = 0; i < given_count; i++)
        n += given[i].stands;
    return n;
}
