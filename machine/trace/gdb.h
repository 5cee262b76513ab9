/*
 * The GDB remote serial protocol, so that gdb-multiarch can debug guests: registers, memory by the hart's present
 * address space, breakpoints, watchpoints, single steps, several harts as threads.
 */
#ifndef MACHINE_TRACE_GDB_H
#define MACHINE_TRACE_GDB_H

#include "machine/board/machine.h"

/*
 * Waits on 127.0.0.1:`port` for a debugger and obeys it until it detaches or kills, or the machine ends. Sets *stop
 * to how the machine ended; MACHINE_RUNS if the debugger has detached and the machine is to go on. Returns NULL, or a
 * text that says why there is no connection.
 */
const char *gdb_serve(struct machine *m, uint16_t port, enum machine_stop *stop);

#endif
