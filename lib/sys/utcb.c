/* Where a thread finds its UTCB: a thread-local variable, set by whoever starts the thread. */
#include "lib/sys/invoke.h"

__thread struct utcb *sys_utcb;
