/* The trace of a debug kernel as others find it in memory: gdb, and tools/trace in an image of the machine's RAM. */
#pragma once

#include "abi/types.h"

enum trace_event {
#define TRACE(name, number, a, b, text) TRACE_##name = number,
#include "abi/trace.def"
#undef TRACE
};

struct trace_record {
    u64 time;   /* ticks */
    u32 event;  /* enum trace_event */
    u32 thread; /* number of the thread that the event is about, 0 = none */
    u64 a, b;
};

#define TRACE_MAGIC     0x6563617274736574ull /* "tsetrace" */
#define TRACE_RINGS_MAX 65

/*
 * At the kernel's symbol `trace_state`. Ring i has its records at records_phys + i * ring_records * 32; record n of all
 * that were ever written stands at n % ring_records. One ring per CPU, written by that CPU alone; the last ring holds
 * names and memberships (rarely written, under the kernel's lock).
 */
struct trace_state {
    u64 magic;
    u64 hz;           /* ticks per second */
    u64 on;           /* events are written */
    u64 rings;        /* CPUs + 1 */
    u64 ring_records; /* a power of two */
    paddr_t records_phys;
    u64 head[TRACE_RINGS_MAX]; /* records written so far */
};
