/*
 * Execution: the loops that call one handler after the other, and the outer loop that deals with what ends them.
 *
 * The fast loop counts instructions in a register and leaves hart.cycle alone until it ends. Whatever needs exact
 * time in between (counters, devices, wfi) leaves the loop and is executed again alone, with hart.synced set.
 */
#include "machine/core/exec.h"
#include "machine/core/observer.h"
#include "machine/core/timing.h"

void hart_reset(struct hart *h, uint64_t pc)
{
    memset(h->x, 0, sizeof h->x);
    memset(h->f, 0, sizeof h->f);
    h->pc = pc;
    h->fflags = h->frm = 0;
    h->waiting = h->synced = false;
    h->reserved = 0;
    h->irq_lines = 0;
    isa_reset(h);
    hart_set_mode(h, RV_M);
    mmu_flush(h);
}

struct hart *hart_find(const struct hart *h, uint64_t id)
{
    return id < h->code->hart_count ? h->code->harts[id] : NULL;
}

void hart_set_view(struct hart *h, uint64_t view)
{
    h->view = view;
    mmu_select(h);
}

/* How many instructions the loop has retired; hart.pc and hart.leave tell where and why it ended. */
static uint64_t loop_fast(struct hart *h, const struct op *o, uint64_t budget)
{
    uint64_t left = budget;

    do {
        o = o->fn(h, o);
        left--;
    } while (likely(o != NULL) && likely(left != 0));
    if (o)
        op_leave(h, op_pc(h, o), HART_LEFT_RETIRED);
    return budget - left - (h->leave != HART_LEFT_RETIRED);
}

static void run_fast(struct hart *h, const struct op *o, uint64_t until)
{
    uint64_t retired = loop_fast(h, o, h->synced ? 1 : until - h->cycle);

    h->cycle += retired + (h->leave == HART_LEFT_TRAPPED);
    h->instret += retired;
}

/* Executes `o` and charges its time. Returns the next op; NULL if the loop is to be left. */
static always_inline const struct op *step_timed(struct hart *h, const struct op *o, uint64_t pc)
{
    struct code_page *page = h->page;

    h->access.host = NULL;
    h->leave = HART_LEFT_RETIRED;
    const struct op *next = o->fn(h, o);
    if (next)
        h->leave = HART_LEFT_RETIRED;
    else if (h->leave == HART_LEFT_SYNC)
        return NULL;
    h->instret += h->leave == HART_LEFT_RETIRED;
    if (h->timing)
        timing_charge(h->timing, h, page, o, pc, next ? op_pc(h, next) : h->pc);
    else
        h->cycle++;
    return next;
}

static void run_timed(struct hart *h, const struct op *o, uint64_t until)
{
    do {
        if (unlikely(h->page->info[o - h->page_ops].cls == OP_UNDECODED) && !(o = code_resolve(h, o)))
            return;
        o = step_timed(h, o, op_pc(h, o));
    } while (o && h->cycle < until && !h->synced);
    if (o)
        op_leave(h, op_pc(h, o), HART_LEFT_RETIRED);
}

static bool ask_observers(struct hart *h, uint64_t pc, const struct op *o, const struct op_info *info)
{
    bool go_on = true;

    for (struct observer *ob = h->observer; ob; ob = ob->next)
        if (ob->before)
            go_on &= ob->before(ob, h, pc, o, info);
    return go_on;
}

/* The same with observers. An instruction that asked to run alone is shown to them only when it does. */
static void run_observed(struct hart *h, const struct op *o, uint64_t until)
{
    do {
        if (!(o = code_resolve(h, o)))
            return;
        const struct op *current = o;
        const struct op_info *info = &h->page->info[o - h->page_ops];
        uint64_t pc = op_pc(h, o);
        if (!h->synced && !ask_observers(h, pc, o, info)) {
            op_leave(h, pc, HART_LEFT_RETIRED);
            return;
        }
        o = step_timed(h, o, pc);
        if (!o && h->leave == HART_LEFT_SYNC)
            return;
        for (struct observer *ob = h->observer; ob; ob = ob->next)
            if (ob->after)
                ob->after(ob, h, pc, current, info);
    } while (o && h->cycle < until && !h->synced);
    if (o)
        op_leave(h, op_pc(h, o), HART_LEFT_RETIRED);
}

/* Runs the hart until its loop ends. A fetch that fails takes time too, or a bad trap vector would hang us. */
static void run_once(struct hart *h, uint64_t until)
{
    const struct op *o = code_fetch(h);

    if (!o)
        h->cycle++;
    else if (h->observer)
        run_observed(h, o, until);
    else if (h->timing)
        run_timed(h, o, until);
    else
        run_fast(h, o, until);
}

void hart_run(struct hart *h, uint64_t until)
{
    h->until = until;
    while (h->cycle < h->until && !h->waiting && !*h->stop) {
        if (hart_take_interrupt(h)) {
            if (h->timing)
                timing_interrupt(h->timing, h);
            else
                h->cycle++;
            continue;
        }
        h->leave = HART_LEFT_RETIRED;
        run_once(h, h->until);
        if (h->leave == HART_LEFT_SYNC) {
            h->synced = true;
            run_once(h, h->until);
            h->synced = false;
        }
    }
}

void hart_step(struct hart *h)
{
    uint64_t budget = h->cycle + 1;

    h->waiting = false;
    if (hart_take_interrupt(h))
        return;
    h->synced = true;
    run_once(h, budget);
    h->synced = false;
}
