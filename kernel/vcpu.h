/* Virtual CPUs: threads that are entered by events instead of waiting for them. abi/vcpu.h has the model. */
#pragma once

#include "kernel/cpu.h"

/* Once, at boot. */
void vcpu_init(void);

/*
 * A page fault or exception of t, its words in t->fault_words: enters if t is a virtual CPU that takes it. False: it is
 * for pager or handler.
 */
bool vcpu_takes_fault(struct thread *t, enum call_kind kind, u64 cause, u64 value);

/* An invocation in virtual user mode. */
void vcpu_system_call(struct thread *t);

/* t, about to run, takes a message or signal that waits for it, if its flags allow. */
void vcpu_poll(struct thread *t);

/* The time limit of virtual user mode has passed; false: t is not in it. */
bool vcpu_expired(struct thread *t);

/* The task is destroyed: those in virtual user mode there come back. False: interrupted, call again. */
bool vcpu_task_gone(struct task *task);

/* t is in its own mode again, with registers to be set by the caller; harmless if it is already. */
void vcpu_leave(struct thread *t);

/* t is no virtual CPU any longer. */
void vcpu_end(struct thread *t);

/* Somebody queues at r. */
static inline void vcpu_notify(struct thread *r)
{
    r->vcpu_poll = r->vcpu != NULL;
    cpu_self()->news = true;
}
