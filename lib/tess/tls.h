/* Thread-local storage of native programs (POSIX programs leave it to musl). */
#pragma once

#include "abi/invoke.h"
#include "abi/types.h"

/* Bytes that a thread's storage needs. */
size_t tls_size(void);

/* Fills `area` (tls_size() bytes, 16-byte aligned) and makes it the calling thread's, with its UTCB at `utcb`. */
void tls_start(void *area, vaddr_t utcb);
