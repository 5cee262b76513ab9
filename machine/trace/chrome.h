/*
 * Traces in Chrome's JSON format, which Perfetto and chrome://tracing show: slices, instants, counters and arrows on
 * tracks. A track is a part of a machine (a hart, an accelerator, a router), named by process and thread numbers.
 */
#ifndef MACHINE_TRACE_CHROME_H
#define MACHINE_TRACE_CHROME_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct chrome {
    FILE *out;
    double us_per_cycle;
    uint64_t events, limit; /* no more than `limit` are written: traces grow fast */
};

/* Opens a trace. Returns false if the file cannot be written. */
bool chrome_open(struct chrome *c, const char *path, uint64_t clock_hz);

/* Ends it. Returns false if not everything could be written. */
bool chrome_close(struct chrome *c);

/* Names a track. `process` and `thread` are any numbers, the same in all calls about that track. */
void chrome_name(struct chrome *c, unsigned process, unsigned thread, const char *name);

void chrome_begin(struct chrome *c, unsigned process, unsigned thread, const char *name, uint64_t cycle);
void chrome_end(struct chrome *c, unsigned process, unsigned thread, uint64_t cycle);
void chrome_instant(struct chrome *c, unsigned process, unsigned thread, const char *name, uint64_t cycle);
void chrome_counter(struct chrome *c, unsigned process, const char *name, uint64_t value, uint64_t cycle);

/* An arrow from one track to another; both ends name the same `id`. They bind to the slices they stand in. */
void chrome_arrow(struct chrome *c, unsigned process, unsigned thread, uint64_t id, bool is_end, uint64_t cycle);

#endif
