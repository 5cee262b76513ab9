/* Faults as messages. The faulting thread's registers and UTCB stay as they are: the words are made here. */
#include "kernel/cold.h"
#include "kernel/fault.h"
#include "kernel/debug.h"
#include "kernel/ipc.h"
#include "kernel/sched.h"
#include "kernel/vcpu.h"

void fault_page(struct thread *t, vaddr_t address, u32 access, u64 cause, u64 value)
{
    trace(FAULT, t, address, access);
    struct thread *pager = t->vcpu ? NULL : ipc_fast_fault(t);
    u64 *w = pager ? pager->cold.mr : t->fault_words;
    words_clear(w);
    w[FAULT_WORD_OP] = FAULT_PAGE;
    w[FAULT_WORD_ADDR] = address;
    w[FAULT_WORD_ACCESS] = access;
    w[FAULT_WORD_PC] = t->hot.pc;
    t->fault_cause = cause;
    t->fault_value = value;
    if (pager)
        return;
    if (vcpu_takes_fault(t, CALL_PAGE_FAULT, cause, value))
        return;
    if (!ipc_fault(t, &t->pager, CALL_PAGE_FAULT))
        fault_exception(t, cause, value);
}

COLD void fault_exception(struct thread *t, u64 cause, u64 value)
{
    u64 words[EXC_WORDS];
    trace(EXCEPTION, t, cause, value);
    arch_exception_read(t, words);
    words[EXC_WORD_OP] = FAULT_EXCEPTION;
    words[EXC_WORD_CAUSE] = cause;
    words[EXC_WORD_TVAL] = value;
    words_copy(t->fault_words, words);
    if (vcpu_takes_fault(t, CALL_EXCEPTION, cause, value))
        return;
    if (!ipc_fault(t, &t->handler, CALL_EXCEPTION))
        thread_stop(t);
}

void fault_unresolved(struct thread *t)
{
    t->state = THREAD_READY;
    fault_exception(t, t->fault_cause, t->fault_value);
    if (t->state == THREAD_READY) /* a virtual CPU has taken it */
        sched_ready(t, true);
}
