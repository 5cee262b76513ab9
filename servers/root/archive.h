/* The boot archive: a cpio file in the "newc" format, whose members stand page-aligned in memory. */
#pragma once

#include "abi/types.h"

struct archive_file {
    char name[97];
    paddr_t start;
    u64 size; /* bytes */
};

/* The archive lies in [start, end). */
void archive_init(paddr_t start, paddr_t end);

/* Member number `index`; false behind the last (or where the archive is corrupt). */
bool archive_get(u64 index, struct archive_file *file);

/* The member of this name. */
bool archive_find(const char *name, struct archive_file *file);
