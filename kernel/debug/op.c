/* Debugging as an operation of the debug console, for programs: dumps, the trace, names, and a panic to look at. */
#include "kernel/debug.h"
#include "kernel/object.h"
#include "kernel/panic.h"
#include "kernel/task.h"

extern struct trace_state trace_state;

/* Record w3 of ring w2 -> w1 to w4: its words, as in struct trace_record. E_NOENT: not written, or lost. */
static err_t read_record(struct invocation *inv)
{
    u64 ring = inv->w[2], n = inv->w[3];
    if (ring >= trace_state.rings)
        return E_RANGE;
    u64 head = trace_state.head[ring], size = trace_state.ring_records;
    if (n >= head || n + size < head)
        return E_NOENT;
    const u64 *words = arch_phys_to_virt(trace_state.records_phys);
    words += (ring * size + (n & (size - 1))) * (sizeof(struct trace_record) / 8);
    for (u32 i = 0; i < sizeof(struct trace_record) / 8; i++)
        inv->w[1 + i] = words[i];
    return E_OK;
}

static err_t name_task(struct invocation *inv)
{
    err_t error;
    struct object *o = invocation_object(inv, 0, OBJ_TASK, RIGHT_USE, &error);
    if (o)
        debug_name(task_of(o), inv->w[2], inv->w[3]);
    return error;
}

static err_t end(struct invocation *inv)
{
    if (!(inv->rights & RIGHT_CONTROL))
        return E_PERM;
    if (inv->w[2])
        debug_trap();
    kernel_panic("asked for by a program");
}

err_t op_LOG_DEBUG(struct invocation *inv)
{
    switch (inv->w[1]) {
    case DEBUG_DUMP:
        debug_dump(inv->w[2]);
        return E_OK;
    case DEBUG_TRACE:
        trace_switch(inv->w[2]);
        return E_OK;
    case DEBUG_RECORD:
        return read_record(inv);
    case DEBUG_NAME:
        return name_task(inv);
    case DEBUG_PANIC:
        return end(inv);
    default:
        return E_INVAL;
    }
}
