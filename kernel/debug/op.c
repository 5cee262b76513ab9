/* Debugging as an operation of the debug console, for programs: dumps, the trace, names, and a panic to look at. */
#include "kernel/debug.h"
#include "kernel/object.h"
#include "kernel/panic.h"
#include "kernel/task.h"

extern struct trace_state trace_state;

/* Record w3 of ring w2 -> w1 to w4: its words, as in struct trace_record. E_NOENT: not written, or lost. */
static err_t read_record(u64 *w)
{
    u64 ring = w[2], n = w[3];
    if (ring >= trace_state.rings)
        return E_RANGE;
    u64 head = trace_state.head[ring], size = trace_state.ring_records;
    if (n >= head || n + size < head)
        return E_NOENT;
    const u64 *words = arch_phys_to_virt(trace_state.records_phys);
    words += (ring * size + (n & (size - 1))) * (sizeof(struct trace_record) / 8);
    for (u32 i = 0; i < sizeof(struct trace_record) / 8; i++)
        w[1 + i] = words[i];
    return E_OK;
}

static err_t name_task(struct thread *caller, const u64 *w)
{
    err_t error = E_OK;
    struct object *o = invocation_object(caller, 0, OBJ_TASK, RIGHT_USE, &error);
    if (o)
        debug_name(task_of(o), w[2], w[3]);
    return error;
}

static err_t end(struct thread *caller, const u64 *w)
{
    if (!(slot_rights(task_slot(caller->task, caller->cold.selector & SEL_SLOT_MASK)) & RIGHT_CONTROL))
        return E_PERM;
    if (w[2])
        debug_trap();
    kernel_panic("asked for by a program");
}

err_t op_LOG_DEBUG(struct thread *caller, struct object *object, u64 *w)
{
    switch (w[1]) {
    case DEBUG_DUMP:
        debug_dump(w[2]);
        return E_OK;
    case DEBUG_TRACE:
        trace_switch(w[2]);
        return E_OK;
    case DEBUG_RECORD:
        return read_record(w);
    case DEBUG_NAME:
        return name_task(caller, w);
    case DEBUG_PANIC:
        return end(caller, w);
    default:
        return E_INVAL;
    }
}
