/* Windows between two addresses; see window.h. */
#include "machine/trace/window.h"

#include <string.h>

#include "machine/core/timing.h"

#define CODE_LINE (UINT64_C(1) << 63)

/* Whether a line is touched for the first time in this window. A full table counts lines again: an upper bound. */
static bool is_new_line(struct window *w, uint64_t key)
{
    uint64_t slot = (key * UINT64_C(0x9e3779b97f4a7c15)) >> 52;

    for (unsigned n = 0; n < WINDOW_LINES; n++, slot = (slot + 1) % WINDOW_LINES) {
        if (w->lines[slot] == key)
            return false;
        if (w->lines[slot] == 0) {
            w->lines[slot] = key;
            return true;
        }
    }
    return true;
}

static void finish(struct window *w)
{
    for (unsigned m = 0; m < 4; m++) {
        if (!w->windows)
            w->first[m] = w->now[m];
        w->sum[m].instructions += w->now[m].instructions;
        w->sum[m].cycles += w->now[m].cycles;
        w->sum[m].code_lines += w->now[m].code_lines;
        w->sum[m].data_lines += w->now[m].data_lines;
        w->sum[m].l1i_misses += w->now[m].l1i_misses;
        w->sum[m].l1d_misses += w->now[m].l1d_misses;
    }
    w->windows++;
    w->hart = NULL;
}

static void note_misses(struct window *w, struct hart *h, uint64_t now[2])
{
    now[0] = h->timing ? timing_count(h->timing, TIMING_l1i_miss) : 0;
    now[1] = h->timing ? timing_count(h->timing, TIMING_l1d_miss) : 0;
}

static void begin(struct window *w, struct hart *h)
{
    w->hart = h;
    memset(w->now, 0, sizeof w->now);
    memset(w->lines, 0, sizeof w->lines);
}

static bool before(struct observer *ob, struct hart *h, uint64_t pc, const struct op *o, const struct op_info *info)
{
    struct window *w = (struct window *)ob;

    if (w->hart == h && pc == w->end)
        finish(w);
    if (!w->hart && pc == w->start)
        begin(w, h);
    if (w->hart != h)
        return true;
    struct window_counts *c = &w->now[h->mode];
    w->since = h->cycle;
    note_misses(w, h, w->misses);
    c->code_lines += is_new_line(w, CODE_LINE | (h->page->pa + (pc & ~RV_PAGE_MASK)) >> 6 << 1 | 1);
    c->instructions++;
    return true;
}

/* The mode is that of the instruction if it did not trap or return; those count for where they lead. */
static void after(struct observer *ob, struct hart *h, uint64_t pc, const struct op *o, const struct op_info *info)
{
    struct window *w = (struct window *)ob;
    uint64_t misses[2];

    if (w->hart != h)
        return;
    struct window_counts *c = &w->now[h->mode];
    note_misses(w, h, misses);
    c->cycles += h->cycle - w->since;
    c->l1i_misses += misses[0] - w->misses[0];
    c->l1d_misses += misses[1] - w->misses[1];
    if (h->access.host)
        c->data_lines += is_new_line(w, ((uintptr_t)h->access.host >> 6 << 1 | 1) & ~CODE_LINE);
}

void window_init(struct window *w, uint64_t start, uint64_t end)
{
    *w = (struct window){.observer = {.before = before, .after = after}, .start = start, .end = end};
}

static void print_row(const char *mode, const struct window_counts *c, double n, FILE *out)
{
    fprintf(out, "  %-12s %12.1f %12.1f %10.1f %10.1f %10.1f %10.1f\n", mode, (double)c->instructions / n,
            (double)c->cycles / n, (double)c->code_lines / n, (double)c->data_lines / n, (double)c->l1i_misses / n,
            (double)c->l1d_misses / n);
}

void window_print(const struct window *w, FILE *out)
{
    static const char *const modes[] = {"user", "supervisor", "", "machine"};

    fprintf(out, "window %#llx to %#llx: passed %llu times\n", (unsigned long long)w->start, (unsigned long long)w->end,
            (unsigned long long)w->windows);
    fprintf(out, "  %-12s %12s %12s %10s %10s %10s %10s\n", "", "instructions", "cycles", "code lines", "data lines",
            "L1I misses", "L1D misses");
    for (unsigned m = 0; w->windows && m < 4; m++) {
        if (!w->sum[m].instructions)
            continue;
        print_row(modes[m], &w->sum[m], (double)w->windows, out);
        print_row("  first time", &w->first[m], 1, out);
    }
}
