/* Processes of the small kernel: a task, memory of its own that is mapped page by page, and registers. */
#pragma once

#include "lib/sys/object.h"
#include "abi/vcpu.h"
#include "uk_arch.h"

struct process {
    const char *name;
    cap_t task;
    u8 *memory;            /* UK_MEMORY bytes, at UK_DATA in the task */
    u64 frame[EXC_WORDS];  /* registers while another one runs */
    bool ended;
    u64 preempted, faults; /* how often it lost the CPU, and asked for a page */
    u64 primes, wrong;     /* its result */
    u64 killed_at;         /* address of the fault that ended it, 0: it ended by itself */
};

/* Makes a process that will run program(argument). */
err_t process_create(struct process *p, const char *name, void (*program)(unsigned long), u64 argument);

/* Shows it the page that it misses; false: it has none there, or not with this access (RIGHT_*). */
bool process_page(struct process *p, vaddr_t address, u32 access);

/* Its task goes. */
void process_destroy(struct process *p);
