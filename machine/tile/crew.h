/*
 * Host threads that work together in short turns: the caller and its workers each do their share of a job, and the turn
 * ends when all are done. What is shared within a turn must be nothing; between turns everything is visible to all.
 */
#ifndef MACHINE_TILE_CREW_H
#define MACHINE_TILE_CREW_H

#include <stdint.h>

#define CREW_MAX 16 /* threads, with the caller */

struct crew;

/* Starts threads - 1 workers. NULL if the host gives none. Free with crew_destroy, which waits for their end. */
struct crew *crew_create(uint32_t threads);
void crew_destroy(struct crew *crew);

/* Calls job(context, 0) in this thread and job(context, 1) ... in the workers; returns when all have returned. */
void crew_run(struct crew *crew, void (*job)(void *context, uint32_t thread), void *context);

#endif
