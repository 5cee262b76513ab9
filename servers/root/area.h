/* Dataspaces of memory that is there anyhow: files of the boot archive, registers of devices. */
#pragma once

#include "lib/tess/server.h"

/* A session for [start, start + size), of which whole pages are mapped with at most these rights. Errors: NOMEM. */
err_t area_open(paddr_t start, u64 size, u32 rights, struct map_item *dataspace);
