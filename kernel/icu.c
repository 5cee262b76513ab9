/*
 * The interrupt controller as an object: which line signals which Irq. A line that has fired stays claimed, and so
 * silent, until the driver unmasks its Irq; in edge mode it is completed at once.
 */
#include "kernel/cold.h"
#include "kernel/cpu.h"
#include "kernel/debug.h"
#include "kernel/irq.h"

#define LINES 128

static struct irq *lines[LINES];
static u32 line_count;

/* Line numbers start with 1. */
static bool line_valid(u64 line)
{
    return line > 0 && line < line_count;
}

void icu_init(u32 count)
{
    line_count = count < LINES ? count : LINES;
    for (u32 i = 0; i < LINES; i++)
        lines[i] = NULL;
}

struct irq *icu_irq(u32 line)
{
    return line < LINES ? lines[line] : NULL;
}

/* A line that signals no Irq. */
static COLD void silence(u32 line)
{
    arch_line_complete(cpu_self()->id, line); /* before it is disabled: the controller ignores it afterwards */
    arch_line_enable(cpu_self()->id, line, false);
}

void icu_fire(u32 line)
{
    struct irq *irq = icu_irq(line);
    trace(IRQ, NULL, line, 0);
    if (!irq) {
        silence(line);
        return;
    }
    if (irq->edge)
        arch_line_complete(cpu_self()->id, line);
    else
        irq->masked = true;
    irq_trigger(irq);
}

static void enable(struct irq *irq, bool on)
{
    irq->enabled = on;
    arch_line_enable(irq->cpu, irq->line, on);
}

void irq_route(struct irq *irq)
{
    u32 cpu = irq->thread == &thread_nobody ? irq->cpu : irq->thread->home;
    bool enabled = irq->enabled;
    if (cpu == irq->cpu)
        return;
    if (enabled)
        enable(irq, false);
    irq->cpu = cpu;
    if (enabled)
        enable(irq, true);
}

void irq_route_all(struct thread *t)
{
    struct irq *irq;
    list_for_each(irq, &t->irqs, of_thread)
        irq_route(irq);
}

void icu_release(struct irq *irq)
{
    if (irq->line == IRQ_NO_LINE)
        return;
    if (irq->masked)
        arch_line_complete(irq->cpu, irq->line);
    enable(irq, false);
    lines[irq->line] = NULL;
    irq->line = IRQ_NO_LINE;
    irq->masked = false;
}

err_t op_ICU_BIND(struct thread *caller, struct object *object, u64 *w)
{
    err_t error;
    struct object *o = invocation_object(caller, 0, OBJ_IRQ, RIGHT_CONTROL, &error);
    if (!o)
        return error;
    u64 line = w[1];
    if (!line_valid(line))
        return E_RANGE;
    if (lines[line])
        return E_BUSY;
    struct irq *irq = irq_of(o);

    /* point of no return */
    icu_release(irq);
    lines[line] = irq;
    irq->line = line;
    enable(irq, true);
    return E_OK;
}

err_t op_ICU_UNBIND(struct thread *caller, struct object *object, u64 *w)
{
    if (!line_valid(w[1]))
        return E_RANGE;
    if (!lines[w[1]])
        return E_NOENT;
    icu_release(lines[w[1]]);
    return E_OK;
}

err_t op_ICU_INFO(struct thread *caller, struct object *object, u64 *w)
{
    w[1] = line_count;
    w[2] = 0; /* no message-signalled interrupts */
    return E_OK;
}

err_t op_ICU_MSI_INFO(struct thread *caller, struct object *object, u64 *w)
{
    return E_RANGE;
}

err_t op_ICU_SET_MODE(struct thread *caller, struct object *object, u64 *w)
{
    if (!line_valid(w[1]))
        return E_RANGE;
    if (w[2] != ICU_LEVEL && w[2] != ICU_EDGE)
        return E_INVAL;
    struct irq *irq = lines[w[1]];
    if (!irq)
        return E_NOENT;
    irq->edge = w[2] == ICU_EDGE;
    return E_OK;
}

static err_t set_enabled(u64 line, bool on)
{
    if (!line_valid(line))
        return E_RANGE;
    if (!lines[line])
        return E_NOENT;
    enable(lines[line], on);
    return E_OK;
}

err_t op_ICU_MASK(struct thread *caller, struct object *object, u64 *w)
{
    return set_enabled(w[1], false);
}

err_t op_ICU_UNMASK(struct thread *caller, struct object *object, u64 *w)
{
    return set_enabled(w[1], true);
}
