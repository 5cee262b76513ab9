/* Statistics; see stats.h. */
#include "machine/board/stats.h"

void stats_add_board(struct stats *s, const struct machine *m)
{
    s->device_accesses += m->bus.accesses;
    if (m->hierarchy) {
        s->dram_reads += m->hierarchy->dram.reads;
        s->dram_row_hits += m->hierarchy->dram.row_hits;
    }
    for (unsigned i = 0; i < m->config.harts && s->harts < MACHINE_MAX_HARTS; i++, s->harts++) {
        s->number[s->harts] = m->harts[i]->number;
        s->instructions[s->harts] = m->harts[i]->instret;
        for (unsigned e = 1; m->harts[i]->timing && e < TIMING_EVENTS; e++)
            s->events[s->harts][e] = timing_count(m->harts[i]->timing, e);
    }
}

void stats_take(const struct machine *m, struct stats *s)
{
    *s = (struct stats){.cycles = machine_now(m)};
    stats_add_board(s, m);
}

/* to += sign * from, field by field */
static void combine(struct stats *to, const struct stats *from, uint64_t sign)
{
    to->cycles += sign * from->cycles;
    to->device_accesses += sign * from->device_accesses;
    to->dram_reads += sign * from->dram_reads;
    to->dram_row_hits += sign * from->dram_row_hits;
    to->harts = from->harts;
    for (unsigned i = 0; i < from->harts; i++) {
        to->number[i] = from->number[i];
        to->instructions[i] += sign * from->instructions[i];
        for (unsigned e = 1; e < TIMING_EVENTS; e++)
            to->events[i][e] += sign * from->events[i][e];
    }
}

void stats_subtract(struct stats *to, const struct stats *from)
{
    combine(to, from, (uint64_t)-1);
}

void stats_add(struct stats *sum, const struct stats *more)
{
    combine(sum, more, 1);
}

static uint64_t all_instructions(const struct stats *s)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < s->harts; i++)
        sum += s->instructions[i];
    return sum;
}

static unsigned long long ull(uint64_t v)
{
    return v;
}

void stats_print(const struct stats *s, double seconds, FILE *out)
{
    uint64_t instructions = all_instructions(s);

    fprintf(out, "cycles %llu, instructions %llu", ull(s->cycles), ull(instructions));
    if (instructions)
        fprintf(out, ", cycles per instruction %.2f", (double)s->cycles * s->harts / (double)instructions);
    if (seconds > 0)
        fprintf(out, ", %.2f s, %.1f MIPS", seconds, (double)instructions / seconds / 1e6);
    fprintf(out, "\ndevice accesses %llu, DRAM reads %llu, row hits %llu\n", ull(s->device_accesses),
            ull(s->dram_reads), ull(s->dram_row_hits));
    for (unsigned i = 0; i < s->harts; i++) {
        fprintf(out, "hart %u: instructions %llu", s->number[i], ull(s->instructions[i]));
        for (unsigned e = 1; e < TIMING_EVENTS; e++)
            if (s->events[i][e])
                fprintf(out, ", %s %llu", timing_event_names[e], ull(s->events[i][e]));
        fprintf(out, "\n");
    }
}

void stats_print_json(const struct stats *s, double seconds, FILE *out)
{
    fprintf(out, "{\"cycles\": %llu, \"instructions\": %llu, \"seconds\": %.3f, \"device_accesses\": %llu,\n",
            ull(s->cycles), ull(all_instructions(s)), seconds, ull(s->device_accesses));
    fprintf(out, " \"dram_reads\": %llu, \"dram_row_hits\": %llu, \"harts\": [", ull(s->dram_reads),
            ull(s->dram_row_hits));
    for (unsigned i = 0; i < s->harts; i++) {
        fprintf(out, "%s\n  {\"hart\": %u, \"instructions\": %llu", i ? "," : "", s->number[i],
                ull(s->instructions[i]));
        for (unsigned e = 1; e < TIMING_EVENTS; e++)
            fprintf(out, ", \"%s\": %llu", timing_event_names[e], ull(s->events[i][e]));
        fprintf(out, "}");
    }
    fprintf(out, "]");
}
