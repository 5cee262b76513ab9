/* The lists behind /proc/tasks and /proc/memory: text, a header line and one line a row. */
#pragma once

#include "abi/types.h"

/* Native programs have no process; in the list their number is this and init's row (above all process ids). */
#define REPORT_PROGRAM_PID 40000

/*
 * Copies up to `room` bytes from `offset` of the list to `text`; returns how many. Offset 0 makes the list anew; later
 * pieces are of the same list.
 */
size_t report_tasks(u64 offset, char *text, size_t room);
size_t report_memory(u64 offset, char *text, size_t room);
