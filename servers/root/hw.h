/* Devices as a service (proto/hw.idl). */
#pragma once

#include "lib/tess/server.h"

/* Reads the device tree at `blob`. */
void hw_init(const void *blob);

/* A session that sees all devices and may power off. */
struct session *hw_open_all(void);

/* Microseconds since 1970 by the machine's clock, 0 if it has none. */
u64 hw_read_clock(void);

/* Ends the machine: exit status for simulators. Never returns where there is a way to power off. */
void hw_end_machine(u32 status);
