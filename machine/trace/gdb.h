/*
 * The GDB remote serial protocol, so that gdb-multiarch can debug guests: registers, memory by the hart's present
 * address space, breakpoints, watchpoints, single steps; harts, of one board or of several tiles, are threads.
 */
#ifndef MACHINE_TRACE_GDB_H
#define MACHINE_TRACE_GDB_H

#include "machine/tile/system.h"

struct gdb;

/* Waits on 127.0.0.1:`port` for a debugger. Returns NULL, or a text that says why there is no connection. */
const char *gdb_open(struct gdb **gdb, struct system *s, uint16_t port);
void gdb_close(struct gdb *g);

/*
 * Obeys the debugger until it detaches or kills, or the machine ends. Returns how the machine ended; MACHINE_RUNS if
 * the debugger has detached and the machine is to go on.
 */
enum machine_stop gdb_serve(struct gdb *g);

/* Looks whether the debugger wants to stop a running machine; to be called now and then. */
void gdb_poll(struct gdb *g);

#endif
