/*
 * uk: a small kernel in user mode. The program is a virtual CPU (docs/abi.md): its first thread runs, in turns, two
 * processes of its own, each in a task that it made. Their system calls, page faults and the end of their time slices
 * come back as events. Each process counts primes until it has lost the CPU some times; the second one then touches
 * memory that it does not have, and is ended.
 */
#include "apps/lib/app.h"
#include "apps/uk/call.h"
#include "apps/uk/process.h"
#include "lib/tess/rm.h"
#include "lib/tess/start.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SLICE_US   2000
#define STACK_SIZE 65536
#define LIMIT      8000 /* of the primes: fits into a process's data */
#define PROCESSES  2

void uk_entry(void);
u64 uk_thread_pointer(void);
_Noreturn void uk_event(void);

static struct vcpu_state *state;
static struct process processes[PROCESSES];
static u32 running;
static u64 slice_end; /* of the running process, as now_us */
static u8 stack[STACK_SIZE] __attribute__((aligned(16)));

/* --- scheduling --- */

static _Noreturn void report(void)
{
    int status = 0;
    for (u32 i = 0; i < PROCESSES; i++) {
        struct process *p = &processes[i];
        printf("%s: %llu primes below %u, %s, lost the CPU %s, pages on demand\n", p->name,
               (unsigned long long)p->primes, LIMIT, p->wrong ? "NOT always the same" : "always the same",
               p->preempted >= 3 ? "3 times or more" : "TOO SELDOM");
        if (p->killed_at)
            printf("%s: ended at a fault at %#llx\n", p->name, (unsigned long long)p->killed_at);
        if (p->wrong || p->preempted < 3 || !p->faults)
            status = 1;
        process_destroy(p);
    }
    exit(app_finish(status));
}

static u64 now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (u64)now.tv_sec * 1000000 + (u64)now.tv_nsec / 1000;
}

/* Runs the process whose registers are in the state page for what is left of its slice. */
static _Noreturn void run(struct process *p)
{
    u64 now = now_us();
    app_die("cannot go on: error %u",
            thread_vcpu_resume(SLOT_THREAD, p->task, slice_end > now ? (u32)(slice_end - now) : 1));
}

/* Goes on with the next process that has not ended, the running one last. */
static _Noreturn void run_next(void)
{
    slice_end = now_us() + SLICE_US;
    for (u32 i = 1; i <= PROCESSES; i++) {
        struct process *p = &processes[(running + i) % PROCESSES];
        if (p->ended)
            continue;
        running = (u32)(p - processes);
        for (u32 k = 0; k < EXC_WORDS; k++)
            state->frame[k] = p->frame[k];
        run(p);
    }
    report();
}

static _Noreturn void end(struct process *p)
{
    p->ended = true;
    run_next();
}

/* --- events --- */

static _Noreturn void system_call(struct process *p)
{
    switch (state->w[0]) {
    case UK_PREEMPTED:
        state->frame[FRAME_WORD(0)] = p->preempted;
        run(p);
    case UK_RESULT:
        p->primes = state->w[1];
        p->wrong = state->w[2];
        run(p);
    default:
        end(p);
    }
}

static _Noreturn void page_fault(struct process *p)
{
    u64 address = state->w[FAULT_WORD_ADDR];
    if (process_page(p, address, (u32)state->w[FAULT_WORD_ACCESS]))
        run(p);
    p->killed_at = address;
    end(p);
}

static _Noreturn void preempt(struct process *p)
{
    p->preempted++;
    for (u32 i = 0; i < EXC_WORDS; i++)
        p->frame[i] = state->frame[i];
    run_next();
}

_Noreturn void uk_event(void)
{
    struct process *p = &processes[running];
    switch (state->event) {
    case VCPU_EVENT_SYSCALL:
        system_call(p);
    case VCPU_EVENT_PAGE_FAULT:
        page_fault(p);
    case VCPU_EVENT_TIMEOUT:
        preempt(p);
    default:
        app_die("unexpected event %llu", (unsigned long long)state->event);
    }
}

static void become_virtual_cpu(void)
{
    vaddr_t page;
    err_t error = rm_utcb_alloc(&page);
    if (!error)
        error = thread_vcpu_control(SLOT_THREAD, page);
    if (error)
        app_die("cannot become a virtual CPU: error %u", error);
    state = (struct vcpu_state *)page;
    state->entry_pc = (u64)uk_entry;
    state->entry_tp = uk_thread_pointer();
    state->entry_sp = (u64)stack + sizeof stack;
}

int main(int argc, char **argv)
{
    app_start(argv[0]);
    become_virtual_cpu();
    if (process_create(&processes[0], "first", user_primes, LIMIT) ||
        process_create(&processes[1], "second", user_wild, LIMIT))
        app_die("no memory for the processes");
    running = PROCESSES - 1;
    run_next();
}
