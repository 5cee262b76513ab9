/*
 * Turns are some microseconds long, so threads wait by looking, and only give the processor away when a turn is late in
 * coming: the others may want this very processor. Looking for longer made two threads on a busy host five times slower
 * than one, and gained nothing on an idle one. `turn` pairs with itself: the caller's release of a new turn publishes
 * the job, a worker's release of `done` its results.
 */
#include "machine/tile/crew.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define LOOKS  2000  /* before the processor is given to others for a moment */
#define YIELDS 10000 /* before the worker sleeps: nothing happens in this machine, or in one thread only */
#define NAP_NS 20000

struct worker {
    _Alignas(64) atomic_uint done; /* the last turn that it has finished */
    struct crew *crew;
    uint32_t number;
    pthread_t thread;
};

struct crew {
    _Alignas(64) atomic_uint turn;
    void (*job)(void *context, uint32_t thread); /* NULL: the end. These two belong to the turn. */
    void *context;
    uint32_t workers;
    struct worker worker[CREW_MAX - 1];
};

/* Returns how often one has looked, for the next call. */
static uint32_t look_again(uint32_t tries)
{
    if (tries < LOOKS)
        return tries + 1;
    if (tries < LOOKS + YIELDS) {
        sched_yield();
        return tries + 1;
    }
    nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
    return tries;
}

static void *work(void *argument)
{
    struct worker *w = argument;
    struct crew *crew = w->crew;
    for (unsigned last = 0;; last++) {
        uint32_t tries = 0;
        while (atomic_load_explicit(&crew->turn, memory_order_acquire) == last)
            tries = look_again(tries);
        if (!crew->job)
            return NULL;
        crew->job(crew->context, w->number);
        atomic_store_explicit(&w->done, last + 1, memory_order_release);
    }
}

static void begin_turn(struct crew *crew, void (*job)(void *context, uint32_t thread), void *context)
{
    crew->job = job;
    crew->context = context;
    atomic_fetch_add_explicit(&crew->turn, 1, memory_order_release);
}

struct crew *crew_create(uint32_t threads)
{
    struct crew *crew = aligned_alloc(64, sizeof *crew);
    if (!crew)
        return NULL;
    *crew = (struct crew){.workers = 0};
    for (uint32_t i = 0; i + 1 < threads; i++) {
        struct worker *w = &crew->worker[i];
        w->crew = crew;
        w->number = i + 1;
        if (pthread_create(&w->thread, NULL, work, w) != 0) {
            crew_destroy(crew);
            return NULL;
        }
        crew->workers++;
    }
    return crew;
}

void crew_destroy(struct crew *crew)
{
    begin_turn(crew, NULL, NULL);
    for (uint32_t i = 0; i < crew->workers; i++)
        pthread_join(crew->worker[i].thread, NULL);
    free(crew);
}

void crew_run(struct crew *crew, void (*job)(void *context, uint32_t thread), void *context)
{
    begin_turn(crew, job, context);
    job(context, 0);
    unsigned turn = atomic_load_explicit(&crew->turn, memory_order_relaxed);
    for (uint32_t i = 0; i < crew->workers; i++) {
        uint32_t tries = 0;
        while (atomic_load_explicit(&crew->worker[i].done, memory_order_acquire) != turn)
            tries = look_again(tries);
    }
}
