/*
 * POSIX programs of the system page: started through proc like any other process, with init as their parent. What they
 * use becomes sessions of their own, cloned from the services. This thread may block; it does not touch the heap.
 */
#include "lib/base/string.h"
#include "proto/file.h"
#include "proto/fs.h"
#include "proto/hw.h"
#include "proto/mem.h"
#include "proto/proc.h"
#include "servers/init/init.h"

#define START_ORDER   14
#define DESCRIPTORS   3
#define OPEN_TERMINAL (2u | 2u << 28) /* lib/posix: O_RDWR, and the type of a character device */
#define RETRY_US      1000000
#define LIVED_LONG    2000000 /* microseconds; what ends sooner has failed */
#define FAILURES_MAX  5       /* in a row, then it is given up */
#define ANY_CHILD     (-1)

static vaddr_t window;
static cap_t proc_gate;

static struct process {
    u32 pid;      /* 0 = not running */
    u32 failures; /* starts that failed, and quick ends, in a row */
    usec_t started;
} processes[INIT_PROGRAMS_MAX];

static const char *text(u32 offset)
{
    return system_text(init.page, offset);
}

static bool is_interface(const struct system_use *use, const char *name)
{
    return use->builtin == SYSTEM_SERVICE && !strcmp(text(system_service(init.page, use->service)->interface), name);
}

static bool is_root_fs(const struct system_use *use)
{
    return is_interface(use, "fs") && !*text(use->path);
}

/* The service's own gate: it keeps nothing for a client, and its gate outlives the server's restarts. */
static err_t share_gate(cap_t gate, cap_t slot)
{
    return task_map(SLOT_TASK, SLOT_TASK, FPAGE_OBJ(gate, 0, RIGHT_USE | RIGHT_PASS), (u64)slot << FPAGE_START_SHIFT);
}

/* The program's end of a service that it uses: a session of its own, where the service keeps something for it. */
static err_t open_session(const struct system_use *use, cap_t slot)
{
    cap_t gate = init.gate[use->service];
    const char *path = text(use->path);
    u32 mode;
    if (*path)
        return fs_open(gate, 0, FS_READ | FS_WRITE, 0, path, strnlen(path, FS_OPEN_PATH_MAX), &mode, slot);
    if (is_interface(use, "fs"))
        return fs_clone(gate, slot);
    if (is_interface(use, "pipe"))
        return share_gate(gate, slot);
    return file_clone(gate, slot);
}

/* Where the program finds it. */
static u32 slot_for(const struct system_program *p, u32 i)
{
    const struct system_use *use = init_use(p, i);
    return is_root_fs(use) ? SLOT_FS : is_interface(use, "pipe") ? SLOT_PIPE : SLOT_FIRST + i;
}

static err_t write_start(const struct system_program *p, cap_t dataspace, u64 *size)
{
    struct start_writer w;
    err_t error = init_map_window(dataspace, window, START_ORDER);
    if (error)
        return error;
    start_begin(&w, (void *)window, 1u << START_ORDER);
    bool terminal = p->stdio != SYSTEM_NONE;
    start_tables(&w, p->uses.count, terminal ? DESCRIPTORS : 0);
    for (u32 i = 0; i < p->uses.count; i++)
        start_put_cap(&w, i, text(init_use(p, i)->local), slot_for(p, i));
    for (u32 fd = 0; terminal && fd < DESCRIPTORS; fd++) {
        u32 slot = slot_for(p, p->stdio - p->uses.first);
        start_put_descriptor(&w, fd, (struct start_descriptor){fd, slot, FILE_FLAG_TTY, OPEN_TERMINAL});
    }
    init_put_texts(&w, p);
    start_put_folder(&w, "/");
    *size = w.block->size;
    error = start_end(&w);
    init_unmap_window(window, START_ORDER);
    return error;
}

static err_t give_uses(const struct system_program *p, u32 spawn)
{
    err_t error = E_OK;
    for (u32 i = 0; i < p->uses.count && !error; i++) {
        const struct system_use *use = init_use(p, i);
        if (use->builtin != SYSTEM_SERVICE)
            continue;
        cap_t slot = slot_alloc();
        error = open_session(use, slot);
        if (!error)
            error = proc_spawn_give(proc_gate, spawn, slot_for(p, i), wire_grant(slot));
        if (error)
            log_printf("%s: %s: error %d", text(p->name), text(use->local), error);
        slot_drop(slot);
    }
    return error;
}

/* The executable, from the first file system that the program uses. */
static err_t open_image(const struct system_program *p, cap_t slot)
{
    const char *path = text(p->image);
    for (u32 i = 0; i < p->uses.count; i++) {
        const struct system_use *use = init_use(p, i);
        u32 mode;
        if (is_root_fs(use))
            return fs_open(init.gate[use->service], 0, FS_READ, 0, path, strnlen(path, FS_OPEN_PATH_MAX), &mode, slot);
    }
    return E_NOENT;
}

static err_t spawn(const struct system_program *p, cap_t image, cap_t start, u32 *pid)
{
    const char *name = text(p->name);
    u64 size;
    u32 id;
    err_t error = mem_alloc(SLOT_MEM, 1ull << START_ORDER, MEM_CONTIGUOUS, start);
    if (!error)
        error = write_start(p, start, &size);
    if (!error)
        error = open_image(p, image);
    if (!error)
        error = proc_spawn_begin(proc_gate, wire_grant(image), wire_grant(start), size, PROC_SPAWN_SETPGROUP, 0, name,
                                 strnlen(name, PROC_SPAWN_BEGIN_NAME_MAX), &id);
    if (error)
        return error;
    error = give_uses(p, id);
    if (!error)
        return proc_spawn_go(proc_gate, id, pid);
    proc_spawn_cancel(proc_gate, id);
    return error;
}

static void start(u32 index)
{
    const struct system_program *p = system_program(init.page, index);
    struct process *process = &processes[index];
    cap_t image = slot_alloc(), start_block = slot_alloc();
    process->started = time_now();
    err_t error = spawn(p, image, start_block, &process->pid);
    if (error) {
        process->pid = 0;
        process->failures++;
        log_printf("%s cannot be started: error %d", text(p->name), error);
    }
    slot_drop(image);
    slot_drop(start_block);
}

static bool is_posix(u32 i)
{
    return system_program(init.page, i)->flags & SYSTEM_VIA_PROC;
}

static bool wanted(u32 i)
{
    u32 restart = system_program(init.page, i)->restart;
    return is_posix(i) && !processes[i].pid && restart == SYSTEM_RESTART_ALWAYS && processes[i].failures < FAILURES_MAX;
}

static void program_ended(u32 i, u32 status)
{
    struct process *process = &processes[i];
    process->pid = 0;
    process->failures = time_now() - process->started < LIVED_LONG ? process->failures + 1 : 0;
    if (process->failures == FAILURES_MAX)
        log_printf("%s ends again and again: not started any more", text(system_program(init.page, i)->name));
    if (system_program(init.page, i)->restart == SYSTEM_RESTART_POWER_OFF)
        hw_power_off(init.hw, status ? 1 : 0);
}

static void child_ended(u32 pid, u32 status)
{
    for (u32 i = 0; i < init.page->programs.count; i++)
        if (processes[i].pid == pid)
            program_ended(i, status);
}

static bool find_proc(void)
{
    for (u32 i = 0; i < init.page->services.count; i++)
        if (!strcmp(text(system_service(init.page, i)->interface), "proc"))
            proc_gate = init.gate[i];
    return proc_gate != 0;
}

/* Starts all, then starts again what has ended. A start that fails is tried again later: the disk may be slow. */
void posix_run(void *argument)
{
    if (!find_proc() || init_reserve_window(&window, START_ORDER))
        return;
    for (u32 i = 0; i < init.page->programs.count; i++)
        if (is_posix(i))
            start(i);
    for (;;) {
        u32 pid, status;
        u64 time, memory;
        if (proc_wait(proc_gate, ANY_CHILD, 0, &pid, &status, &time, &memory))
            sys_sleep(RETRY_US);
        else
            child_ended(pid, status);
        for (u32 i = 0; i < init.page->programs.count; i++)
            if (wanted(i))
                start(i);
    }
}
