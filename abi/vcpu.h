/*
 * The state page of a virtual CPU: a thread whose events - messages, interrupts, faults, exceptions - enter at an
 * address of its choice, with what it did before saved here. 1 KiB of kernel-user memory, aligned like a UTCB.
 *
 *                             event: frame and saved_flags = what was, flags = 0
 *    own mode, or            ---------------------------------------------------->   own mode, at entry_pc
 *    virtual user mode       <----------------------------------------------------   handles the event
 *                             Thread.vcpu_resume: what was saved goes on
 *
 * In virtual user mode the thread runs in the address space of another task and holds no capabilities: every system
 * call, fault and exception there is an event, whatever the flags say. EXC_WORDS comes from abi/arch.
 */
#pragma once

#include "abi/invoke.h"

/* What may enter while the thread runs; an event takes all of them away. */
#define VCPU_EVENTS     0x1 /* the virtual interrupt flag: messages through its gates, signals of its Irqs */
#define VCPU_FAULTS     0x2 /* page faults in own mode; without it they go to the pager */
#define VCPU_EXCEPTIONS 0x4 /* exceptions in own mode; without it they go to the handler */
#define VCPU_FLAGS      0x7

enum vcpu_event {
    VCPU_EVENT_MESSAGE = 1,    /* tag, label, w: as from a wait; a call is answered from the implicit place */
    VCPU_EVENT_PAGE_FAULT = 2, /* tag and w as a pager gets them */
    VCPU_EVENT_EXCEPTION = 3,  /* frame[EXC_WORD_CAUSE], [EXC_WORD_TVAL] */
    VCPU_EVENT_SYSCALL = 4,    /* in virtual user mode: tag, label (the selector) and w of its invocation */
    VCPU_EVENT_TIMEOUT = 5,    /* the receive timeout of vcpu_resume has passed */
    VCPU_EVENT_GONE = 6,       /* the task of virtual user mode was destroyed */
};

struct vcpu_state {
    u64 flags;       /* the program's; read by the kernel when something would enter */
    u64 saved_flags; /* what they were; vcpu_resume brings them back */
    u64 pending;     /* 1: a message or signal waits until vcpu_resume, or a receive; the program clears it */
    u64 entry_pc;    /* where events enter ... */
    u64 entry_tp;    /* ... with this thread pointer ... */
    u64 entry_sp;    /* ... and, from virtual user mode, this stack; from own mode it goes on on the present one */
    u64 event;       /* enum vcpu_event */
    u64 user;        /* 1: it came from virtual user mode */
    u64 tag, label;
    u64 w[MSG_REGS];
    u64 frame[EXC_WORDS]; /* registers, laid out as in the message of an exception */
};
#define VCPU_STATE_SIZE UTCB_SIZE
