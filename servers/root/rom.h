/* The boot archive as a service (proto/rom.idl). */
#pragma once

#include "lib/tess/server.h"

/* A session for init, who hands out capabilities for it. */
struct session *rom_open_session(void);
