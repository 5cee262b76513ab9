/* A kernel of a few lines: carries a stub's message to a dispatcher in the same process and the answer back. */
#pragma once

#include "lib/sys/wire.h"

/* The server behind every gate: serves the request in m; returns as NAME_dispatch does. */
extern bool (*loopback_server)(struct msg *m);

/* Calls that reached the server since loopback_reset. */
extern int loopback_calls;

/* Slots that arriving capabilities get on the server's side: the first item of a request gets this one. */
#define LOOPBACK_SLOT 100

void loopback_reset(bool (*server)(struct msg *m));
