/* The one system call, in full: everything that the fast path leaves. */
#pragma once

#include "kernel/thread.h"

/* Executes the invocation in t's registers. */
void invoke(struct thread *t);

/* The same, known to be a call through s, which is not empty. */
void invoke_call(struct thread *t, struct slot *s);
