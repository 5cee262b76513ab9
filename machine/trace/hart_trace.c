/* The trace of harts; see hart_trace.h. */
#include "machine/trace/hart_trace.h"

#include <string.h>

#include "machine/core/timing.h"

#define COUNTER_INTERVAL 10000 /* cycles */

static const char *const mode_names[] = {"user", "supervisor", "?", "machine"};

static const char *cause_name(uint64_t cause)
{
    static const char *const exceptions[16] = {"fetch misaligned",
                                               "fetch access",
                                               "illegal",
                                               "breakpoint",
                                               "load misaligned",
                                               "load access",
                                               "store misaligned",
                                               "store access",
                                               "ecall from U",
                                               "ecall from S",
                                               "?",
                                               "ecall from M",
                                               "fetch page fault",
                                               "load page fault",
                                               "?",
                                               "store page fault"};
    static const char *const interrupts[16] = {
        "?", "IPI (S)",      "?", "IPI (M)",      "?", "timer (S)", "?", "timer (M)",
        "?", "external (S)", "?", "external (M)", "?", "?",         "?", "?"};

    return (cause & RV_CAUSE_IRQ ? interrupts : exceptions)[cause & 15];
}

static void show_mode(struct hart_trace *t, struct hart *h)
{
    int *shown = &t->mode[h->id];
    int old = *shown;

    if (old == h->mode)
        return;
    if (old >= 0)
        chrome_end(&t->chrome, 0, h->id, h->cycle);
    if (h->mode > old && old >= 0)
        chrome_instant(&t->chrome, 0, h->id, cause_name(h->mode == RV_M ? h->mcause : h->scause), h->cycle);
    chrome_begin(&t->chrome, 0, h->id, mode_names[h->mode], h->cycle);
    *shown = h->mode;
}

static void show_counter(struct hart_trace *t, struct hart *h, const char *name, unsigned i, uint64_t now)
{
    char full[64];

    snprintf(full, sizeof full, "hart %u %s", h->id, name);
    chrome_counter(&t->chrome, 0, full, now - t->last[h->id][i], h->cycle);
    t->last[h->id][i] = now;
}

static void show_counters(struct hart_trace *t, struct hart *h)
{
    t->next_counters[h->id] = h->cycle + COUNTER_INTERVAL;
    show_counter(t, h, "instructions", 0, h->instret);
    if (!h->timing)
        return;
    show_counter(t, h, "l1i misses", 1, timing_count(h->timing, TIMING_l1i_miss));
    show_counter(t, h, "l1d misses", 2, timing_count(h->timing, TIMING_l1d_miss));
    show_counter(t, h, "l2 misses", 3, timing_count(h->timing, TIMING_l2_miss));
    show_counter(t, h, "mispredictions", 4, timing_count(h->timing, TIMING_mispredict));
}

static bool before(struct observer *ob, struct hart *h, uint64_t pc, const struct op *o, const struct op_info *info)
{
    struct hart_trace *t = (struct hart_trace *)ob;

    show_mode(t, h);
    if (h->cycle >= t->next_counters[h->id])
        show_counters(t, h);
    return true;
}

bool hart_trace_open(struct hart_trace *t, struct machine *m, const char *path)
{
    char name[32];

    *t = (struct hart_trace){.observer = {.before = before}, .machine = m};
    if (!chrome_open(&t->chrome, path, m->clock.hz))
        return false;
    for (unsigned i = 0; i < m->config.harts; i++) {
        snprintf(name, sizeof name, "hart %u", i);
        chrome_name(&t->chrome, 0, i, name);
        t->mode[i] = -1;
    }
    return true;
}

bool hart_trace_close(struct hart_trace *t)
{
    for (unsigned i = 0; i < t->machine->config.harts; i++)
        if (t->mode[i] >= 0)
            chrome_end(&t->chrome, 0, i, t->machine->harts[i]->cycle);
    return chrome_close(&t->chrome);
}
