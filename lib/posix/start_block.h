/* The start block of a child, written from a table of descriptors. */
#pragma once

#include "lib/posix/file.h"
#include "lib/posix/program_file.h"

/* True if descriptor i is handed on with a session, and is the first one with this file. */
bool start_block_first(const struct descriptor_table *table, size_t i);

/* The child's slot for the session of descriptor i, which is handed on; 0 for virtual files. */
u32 start_block_slot(const struct descriptor_table *table, size_t i);

/* How a file's flags travel (start.c undoes it). */
u32 start_flags(const struct file *file);

/*
 * Makes a dataspace with the start block in *block, a slot of the caller's; *size in bytes. Errors: 2BIG, NOMEM.
 */
err_t start_block_make(const struct descriptor_table *table, const struct program_file *program,
                       char *const environment[], const char *folder, cap_t *block, u64 *size);
