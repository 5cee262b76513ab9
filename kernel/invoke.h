/* The one system call, in full: everything that the fast path leaves. */
#pragma once

#include "kernel/thread.h"

/* Executes the invocation in t's registers. */
void invoke(struct thread *t);
