/* Progress; see progress.h. Host time decides only what is printed. */
#include "machine/cli/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define CHECK_CYCLES 20000000
#define SECONDS      2.0

static double host_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void tell(void *ctx)
{
    struct progress *p = ctx;
    struct machine *m = p->machine;
    double now = host_seconds();

    event_schedule(&m->events, &p->event, m->now + CHECK_CYCLES);
    if (now - p->told < SECONDS)
        return;
    p->told = now;
    fprintf(stderr, "\rmosaic: %.3f s simulated, %.0f MIPS ", (double)m->now / (double)m->clock.hz,
            (double)machine_instructions(m) / (now - p->started) / 1e6);
}

void progress_start(struct progress *p, struct machine *m)
{
    double now = host_seconds();

    *p = (struct progress){.machine = m, .started = now, .told = now};
    event_init(&p->event, tell, p);
    if (isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO))
        event_schedule(&m->events, &p->event, m->now + CHECK_CYCLES);
}

void progress_end(struct progress *p)
{
    if (p->told > p->started)
        fprintf(stderr, "\r%60s\r", "");
    event_cancel(&p->machine->events, &p->event);
}
