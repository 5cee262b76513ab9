/* What init tells of the programs that it supervises (proto/init.idl). */
#include "lib/base/string.h"
#include "proto/init.h"
#include "proto/mem.h"
#include "servers/init/init.h"

/* All memory that root has given out or can give out, and the kernel's pool. */
static err_t describe_machine(struct init_program_result *r, char *name, size_t *length)
{
    u64 quota, used;
    err_t error = mem_info(SLOT_MEM, &r->memory_limit, &r->memory, &quota, &used);
    u64 pool_free = 0;
    if (!error)
        error = factory_info(SLOT_FACTORY, &quota, &used, &r->kernel_limit, &pool_free);
    r->kernel = r->kernel_limit - pool_free;
    r->running = 1;
    *length = strlen("machine");
    memcpy(name, "machine", *length);
    return error;
}

/* Index of the native program that row 1, 2 ... stands for, SYSTEM_NONE behind the last. */
static u32 program_of(u32 row)
{
    for (u32 i = 0; i < init.page->programs.count; i++)
        if (!(system_program(init.page, i)->flags & SYSTEM_VIA_PROC) && --row == 0)
            return i;
    return SYSTEM_NONE;
}

static err_t describe(void *self, u32 row, struct init_program_result *r, char *name, size_t *length)
{
    if (row == 0)
        return describe_machine(r, name, length);
    u32 index = program_of(row);
    if (index == SYSTEM_NONE)
        return E_NOENT;
    struct native_state s;
    native_describe(index, &s);
    *r = (struct init_program_result){s.running,      s.threads, s.cpu_us,      s.memory,
                                      s.memory_limit, s.kernel,  s.kernel_limit};
    *length = strnlen(s.name, INIT_PROGRAM_NAME_MAX);
    memcpy(name, s.name, *length);
    return E_OK;
}

static err_t end(void *self, u32 row)
{
    u32 index = row ? program_of(row) : SYSTEM_NONE;
    return index == SYSTEM_NONE ? E_SRCH : native_end(index);
}

static const struct init_handlers handlers = {.program = describe, .end = end};

static bool dispatch(struct session *session, struct msg *m)
{
    return init_dispatch(&handlers, session, m);
}

static const struct session_type report_type = {.name = "report", .size = sizeof(struct session), .dispatch = dispatch};

/* Init keeps a capability of its own beside those of the programs, so that the session outlives them. */
struct session *report_open(void)
{
    struct session *s = session_create(&report_type);
    cap_t own = s ? slot_alloc() : 0;
    if (!own)
        return NULL;
    return task_map(SLOT_TASK, SLOT_TASK, session_item(s).what, (u64)own << FPAGE_START_SHIFT) ? NULL : s;
}
