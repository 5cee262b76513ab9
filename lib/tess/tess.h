/* Everything of lib/tess that an ordinary program uses, in one include. */
#pragma once

#include "lib/tess/entry.h"
#include "lib/tess/env.h"
#include "lib/tess/heap.h"
#include "lib/tess/log.h"
#include "lib/tess/program.h"
#include "lib/tess/rm.h"
#include "lib/tess/server.h"
#include "lib/tess/slot.h"
#include "lib/tess/start.h"
#include "lib/tess/thread.h"
#include "lib/tess/time.h"
