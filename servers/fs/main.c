/*
 * The file server: mounts an ext4 file system from its block device, or with argument "archive=NAME" read-only from
 * an image in the boot archive, and serves it. If there is nothing to mount it says why and answers E_NODEV.
 * "cache=SIZE" (with K or M) sets the size of the block cache.
 */
#include "lib/base/string.h"
#include "lib/tess/tess.h"
#include "proto/mem.h"
#include "proto/rom.h"
#include "servers/fs/disk.h"
#include "servers/fs/ext4/ondisk.h"
#include "servers/fs/server.h"

#define CACHE_ORDER_MIN 20 /* the block cache is 2^order bytes */
#define CACHE_ORDER_MAX 26
#define SYNC_DELAY      5000000 /* changes are written after so many microseconds at the latest */

struct fs *server_fs;

static u8 zeros[4 * EXT4_BLOCK_SIZE] __attribute__((aligned(4 * EXT4_BLOCK_SIZE)));
static u64 clock_base; /* nanoseconds since 1970 at boot; 0 = not known */

/* --- What the library needs ---------------------------------------------------------------------------------- */

static void *env_alloc(void *context, size_t size)
{
    return heap_alloc(size);
}

static void env_free(void *context, void *memory, size_t size)
{
    heap_free(memory, size);
}

static u64 env_now(void *context)
{
    return clock_base + time_now() * 1000;
}

static void env_log(void *context, const char *what, u64 value)
{
    log_printf("%s %llu", what, (unsigned long long)value);
}

static void env_conceal(void *context, void *memory, size_t size)
{
    window_conceal(memory, size);
}

static const struct fs_env fs_env = {.alloc = env_alloc,
                                     .free = env_free,
                                     .now = env_now,
                                     .log = env_log,
                                     .revoke = transfer_revoke,
                                     .pressure = transfer_pressure,
                                     .conceal = env_conceal};

/* --- Writing back -------------------------------------------------------------------------------------------- */

static bool sync_pending;

static void sync_expired(void)
{
    sync_pending = false;
    if (ext4_sync(server_fs))
        log_printf("changes could not be written");
}

void server_changed(void)
{
    if (sync_pending)
        return;
    sync_pending = true;
    serve_set_timer(SYNC_DELAY, sync_expired);
}

/* --- Memory and devices -------------------------------------------------------------------------------------- */

/* The value of argument `name` ("name=value"), NULL if there is none. */
static const char *argument(const char *name)
{
    size_t length = strlen(name);
    for (u32 i = 1; env_arg(i); i++)
        if (!strncmp(env_arg(i), name, length) && env_arg(i)[length] == '=')
            return env_arg(i) + length + 1;
    return NULL;
}

/* Bytes: a number with or without K or M behind it. */
static u64 parse_size(const char *text)
{
    u64 size = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        size = size * 10 + (u64)(*text - '0');
    return *text == 'K' ? size << 10 : *text == 'M' ? size << 20 : size;
}

/* The largest order whose size does not exceed what the argument says, or else an eighth of the memory quota. */
static u32 cache_order(void)
{
    const char *wanted = argument("cache");
    u64 quota = 0, used, kernel_quota, kernel_used, size = 0;
    if (wanted)
        size = parse_size(wanted);
    else if (!mem_info(SLOT_MEM, &quota, &used, &kernel_quota, &kernel_used))
        size = quota / 8;
    u32 order = CACHE_ORDER_MIN;
    while (order < CACHE_ORDER_MAX && 2ull << order <= size)
        order++;
    return order;
}

/* Memory for the cache, 2^*order bytes so aligned: less if there is not as much in one run. */
static err_t cache_alloc(u32 *order, cap_t *memory, vaddr_t *base)
{
    err_t error = E_NOMEM;
    *memory = slot_alloc();
    for (*order = cache_order(); error && *order >= CACHE_ORDER_MIN; --*order)
        error = mem_alloc(SLOT_MEM, 1ull << *order, MEM_CONTIGUOUS | MEM_EAGER, *memory);
    if (error)
        return error;
    ++*order;
    *base = 0;
    error = rm_reserve(base, 1ull << *order, 1ull << *order);
    if (error)
        return error;
    /* executable, because programs are mapped from it */
    return rm_attach_shared(base, 1ull << *order, *memory, 0, RIGHTS_RWX, RM_FIXED | RM_REPLACE | RM_POPULATE);
}

static err_t open_disk(struct fs_options *options, struct fs_device **device)
{
    u32 order;
    cap_t memory;
    vaddr_t base;
    err_t error = cache_alloc(&order, &memory, &base);
    if (error)
        return error;
    options->arena = (void *)base;
    options->arena_size = 1ull << order;
    windows_init(options->arena, order, transfer_steal);
    return disk_open(env_cap("blk"), memory, options->arena, device);
}

static err_t open_archive(const char *name, struct fs_device **device)
{
    static struct fs_device image = {.read_only = true};
    cap_t memory = slot_alloc();
    u64 size = 0;
    vaddr_t base = 0;
    err_t error = rom_open(env_cap("rom"), name, strlen(name), memory, &size);
    if (!error)
        error = rm_attach(&base, size & ~0xfffull, memory, 0, RIGHT_R | RIGHT_X, RM_POPULATE);
    image.image = (void *)base;
    image.block_count = size / EXT4_BLOCK_SIZE;
    *device = &image;
    return error;
}

static err_t mount(void)
{
    struct fs_options options = {.zeros = memset(zeros, 0, sizeof zeros), .zeros_size = sizeof zeros};
    struct fs_device *device;
    struct fs_info info;
    clock_base = env_start->epoch_us * 1000;
    const char *archive = argument("archive");
    err_t error = archive ? open_archive(archive, &device) : open_disk(&options, &device);
    if (!error)
        error = ext4_mount(&fs_env, device, &options, &server_fs);
    if (error)
        return error;
    ext4_get_info(server_fs, &info);
    if (!clock_base) /* no clock: time goes on where it ended */
        clock_base = info.written * 1000000000;
    return E_OK;
}

int main(void)
{
    err_t error = serve_init(0, 0);
    if (!error)
        error = mount();
    if (error)
        log_printf("no file system: error %d", error);
    error = serve_service(names_service(), "fs");
    if (!error && env_cap("mount"))
        error = serve_service(mount_service(), "mount");
    if (error)
        log_panic("cannot serve: error %d", error);
    serve_run();
}
