/* Bytes on their way to the serial line. */
#pragma once

#include "abi/types.h"

#define SCREEN_MAX 16384 /* bytes that may wait */

/* The serial line that bytes go to. */
void screen_start(cap_t serial);

/* Appends bytes; those that do not fit are lost (callers look at screen_room first; only echo does not). */
void screen_put(const char *bytes, size_t n);

/* How many bytes fit. SCREEN_MAX: all have gone. */
size_t screen_room(void);

/* Gives the line as much as it takes. */
void screen_drain(void);
