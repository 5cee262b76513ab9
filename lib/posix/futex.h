/* Sleeping until another thread of the program says so: what locks of musl and of this library are made of. */
#pragma once

#include "abi/types.h"

/*
 * Sleeps if *word is still `expected`, until futex_wake on it or for at most `timeout` microseconds (FUTEX_FOREVER).
 * Errors: AGAIN (*word is different), TIMEDOUT, NOMEM; INTR if the thread may be interrupted.
 */
err_t futex_wait(u32 *word, u32 expected, u64 timeout, bool may_be_interrupted);
#define FUTEX_FOREVER (~0ull)

/* Wakes at most `count` sleepers on `word`; returns how many. */
u32 futex_wake(u32 *word, u32 count);
