/* Progress; see progress.h. Host time decides only what is printed. */
#include "machine/cli/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 2.0

static double host_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void progress_tell(struct progress *p)
{
    double now = p->system ? host_seconds() : 0;

    if (now - p->told < SECONDS || !p->system)
        return;
    p->told = now;
    fprintf(stderr, "\rmosaic: %.3f s simulated, %.0f MIPS ",
            (double)system_now(p->system) / (double)p->system->clock_hz,
            (double)(system_instructions(p->system) - p->before) / (now - p->started) / 1e6);
}

void progress_start(struct progress *p, struct system *s)
{
    bool wanted = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
    double now = host_seconds();

    *p = (struct progress){.system = wanted ? s : NULL, .before = system_instructions(s), .started = now, .told = now};
}

void progress_end(struct progress *p)
{
    if (p->told > p->started)
        fprintf(stderr, "\r%60s\r", "");
    p->system = NULL;
}
