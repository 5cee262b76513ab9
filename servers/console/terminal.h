/* The terminal's sessions, and what the serial line does to them. */
#pragma once

#include "lib/tess/server.h"

/* The console's service: file sessions come from it by clone. */
extern struct session terminal_service;

/* Takes over the serial line and the process server's gate. */
err_t terminal_start(cap_t serial, cap_t proc, cap_t irq);
