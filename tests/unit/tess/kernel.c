/* The kernel that plays back messages: see kernel.h. */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>

#include "lib/tess/arch.h"
#include "lib/tess/env.h"
#include "lib/tess/heap.h"
#include "lib/tess/server.h"
#include "sys_arch.h"

struct script_answer script_answers[SCRIPT_MAX];
u32 script_answer_count;
cap_t script_deleted[SCRIPT_MAX];
u32 script_deleted_count;
u64 script_unheld, script_irq;
bool script_no_memory;

static struct utcb utcb;
static struct start_block start = {.magic = START_MAGIC, .timebase_hz = 10000000};
static const struct script_step *next_step, *last_step;
static jmp_buf script_end;

u64 arch_time(void)
{
    return 0;
}

void *heap_pages_alloc(size_t count)
{
    return calloc(count, 4096);
}

void heap_pages_free(void *pages, size_t count)
{
    free(pages);
}

static err_t serve_unheld(u64 w[])
{
    w[1] = script_unheld;
    script_unheld = 0;
    return w[1] ? E_OK : E_NOENT;
}

static void call_object(cap_t slot, u64 w[])
{
    u64 op = w[0];
    w[0] = E_OK;
    if (slot == SLOT_FACTORY && op == OP_FACTORY_CREATE && script_no_memory)
        w[0] = E_NOMEM;
    if (slot == SLOT_TASK && op == OP_TASK_UNMAP && script_deleted_count < SCRIPT_MAX)
        script_deleted[script_deleted_count++] = (cap_t)(w[1] >> FPAGE_START_SHIFT);
    if (slot >= SLOT_FIRST && op == OP_IRQ_BIND && sys_utcb->item[0].what == FPAGE_OBJ(SLOT_THREAD, 0, RIGHTS_ALL))
        script_irq = w[1];
    if (slot == SLOT_THREAD && op == OP_THREAD_UNHELD)
        w[0] = (u64)serve_unheld(w);
}

static void note_answer(u64 tag, const u64 w[], cap_t reply)
{
    struct script_answer *a = &script_answers[script_answer_count++];
    *a = (struct script_answer){.tag = tag, .reply = reply};
    memcpy(a->w, w, sizeof a->w);
    if (tag >> TAG_ITEMS_SHIFT & TAG_ITEMS_MASK)
        a->item = utcb.item[0];
}

static void receive(u64 *tag, u64 *label, u64 w[])
{
    if (next_step == last_step)
        longjmp(script_end, 1);
    const struct script_step *s = next_step++;
    memset(w, 0, MSG_REGS * sizeof *w);
    memcpy(w, s->w, sizeof s->w);
    *label = (u64)s->label;
    *tag = s->error ? TAG_ERROR | (u64)s->error << TAG_CODE_SHIFT : s->tag;
    if (s->capability)
        utcb.item[0] = (struct map_item){.what = utcb.window[0]};
}

void sys_arch_invoke(u64 *tag, u64 *label, u64 w[MSG_REGS], u64 selector)
{
    u64 op = selector & SEL_OP_MASK;
    cap_t slot = (cap_t)(selector & SEL_SLOT_MASK);
    if (op == SEL_OP_REPLY || op == SEL_OP_REPLY_WAIT)
        note_answer(*tag, w, slot);
    else if (op == SEL_OP_CALL)
        call_object(slot, w);
    if (op == SEL_OP_WAIT || op == SEL_OP_SEND_WAIT || op == SEL_OP_REPLY_WAIT)
        receive(tag, label, w);
    else
        *tag = TAG(1, 0);
}

void script_run(const struct script_step *steps, u32 count)
{
    next_step = steps;
    last_step = steps + count;
    if (!setjmp(script_end))
        serve_run();
}

void script_reset(void)
{
    sys_utcb = &utcb;
    env_start = &start;
    script_answer_count = script_deleted_count = 0;
    script_unheld = 0;
    script_no_memory = false;
}
