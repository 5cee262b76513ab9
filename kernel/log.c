/* The debug console as an object, for first programs and last words. */
#include "kernel/cpu.h"
#include "kernel/object.h"

#define TEXT_MAX ((MSG_REGS - 2) * 8)

err_t op_LOG_WRITE(struct thread *caller, struct object *object, u64 *w)
{
    u64 length = w[1];
    if (length > TEXT_MAX)
        return E_RANGE;
    u64 *done = thread_progress(caller, OP_LOG_WRITE);
    while (*done < length) {
        arch_console_put(w[2 + *done / 8] >> (*done % 8 * 8));
        if (++*done < length && kernel_preempted()) /* the firmware takes its time */
            return INVOKE_RESTART;
    }
    *done = 0;
    return E_OK;
}

err_t op_LOG_READ(struct thread *caller, struct object *object, u64 *w)
{
    int c = arch_console_get();
    if (c < 0)
        return E_AGAIN;
    w[1] = c;
    return E_OK;
}
