/*
 * RISC-V's part of debugging (debug builds; nothing in release builds): the key on the serial line, and traps inside
 * the kernel. These have an entry of their own, in stvec while the kernel runs, that can rely on no register.
 */
#pragma once

#ifdef __ASSEMBLER__

/* stvec = entry; changes the register. */
    .macro debug_vector register, entry
#ifdef DEBUG
    lla     \register, \entry
    csrw    stvec, \register
#endif
    .endm

/* All operations end in trap_operated, which looks at what the short way out relies on. */
    .macro debug_operated
#ifdef DEBUG
    j       operated
#endif
    .endm

#elif defined(DEBUG)

#include "kernel/arch/riscv64/fdt.h"

/* Finds the serial line in the device tree: called for each property. */
void debug_visit(const struct fdt_property *p);

/* The trap vector is set: until the first thread runs, too, traps are the kernel's own. */
void debug_boot(void);

/* Serves the debug key, a break on the serial line and then a letter. Called at each interrupt. */
void debug_poll(void);

#else

#define debug_visit(p) ((void)0)
#define debug_boot()   ((void)0)
#define debug_poll()   ((void)0)

#endif
