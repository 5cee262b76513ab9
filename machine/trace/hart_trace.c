/* The trace of harts; see hart_trace.h. */
#include "machine/trace/hart_trace.h"

#include <string.h>

#include "machine/core/timing.h"

#define COUNTER_INTERVAL 10000 /* cycles */
#define TRACK_HART       3     /* of a core tile; the others are tile_trace.c's */

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

static unsigned process_of(const struct hart_trace *t, const struct hart *h)
{
    return t->system->mesh ? h->number : 0;
}

static unsigned thread_of(const struct hart_trace *t, const struct hart *h)
{
    return t->system->mesh ? TRACK_HART : h->number;
}

/* A trap has brought the hart here: what it was, and in which function. */
static void show_trap(struct hart_trace *t, struct hart *h)
{
    bool machine = h->mode == RV_M;
    const struct symbol *in = symbols_find(t->symbols, h->number, machine ? h->mepc : h->sepc);
    char text[160];

    snprintf(text, sizeof text, "%s%s%s", cause_name(machine ? h->mcause : h->scause), in ? " in " : "",
             in ? in->name : "");
    chrome_instant(t->chrome, process_of(t, h), thread_of(t, h), text, h->cycle);
}

static void show_mode(struct hart_trace *t, struct hart *h)
{
    int *shown = &t->mode[h->number];
    int old = *shown;

    if (old == h->mode)
        return;
    if (old >= 0)
        chrome_end(t->chrome, process_of(t, h), thread_of(t, h), h->cycle);
    if (h->mode > old && old >= 0)
        show_trap(t, h);
    chrome_begin(t->chrome, process_of(t, h), thread_of(t, h), mode_names[h->mode], h->cycle);
    *shown = h->mode;
}

static void show_counter(struct hart_trace *t, struct hart *h, const char *name, unsigned i, uint64_t now)
{
    char full[64];

    snprintf(full, sizeof full, "hart %u %s", h->number, name);
    chrome_counter(t->chrome, process_of(t, h), full, now - t->last[h->number][i], h->cycle);
    t->last[h->number][i] = now;
}

static void show_counters(struct hart_trace *t, struct hart *h)
{
    t->next_counters[h->number] = h->cycle + COUNTER_INTERVAL;
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
    if (h->cycle >= t->next_counters[h->number])
        show_counters(t, h);
    return true;
}

void hart_trace_begin(struct hart_trace *t, const struct system *s, const struct symbols *symbols,
                      struct chrome *chrome)
{
    char name[32];

    *t = (struct hart_trace){.observer = {.before = before}, .system = s, .symbols = symbols, .chrome = chrome};
    for (uint32_t i = 0; i < SYSTEM_MAX_HARTS; i++) {
        const struct hart *h = system_hart(s, i);
        t->mode[i] = -1;
        if (!h)
            continue;
        snprintf(name, sizeof name, "hart %u", h->number);
        chrome_name(chrome, process_of(t, h), thread_of(t, h), name);
    }
}

void hart_trace_end(struct hart_trace *t)
{
    for (uint32_t i = 0; i < SYSTEM_MAX_HARTS; i++) {
        const struct hart *h = system_hart(t->system, i);
        if (h && t->mode[i] >= 0)
            chrome_end(t->chrome, process_of(t, h), thread_of(t, h), h->cycle);
    }
}
