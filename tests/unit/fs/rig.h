/*
 * Plays kernel and runtime for the file server on the host: gates are called directly, the arena of the cache is
 * shared memory, so that aliases are real second mappings of it, and a table knows which windows clients have, so that
 * a test can tell a revoked one from one that still stands.
 */
#pragma once

#include "tests/unit/ext4/image.h"

#include "proto/file.h"
#include "proto/fs.h"
#include "proto/mount.h"

#define CLIENT_WINDOW (1ull << 40) /* where clients say that their windows are; the rig never touches it */

/* Mounts a fresh image of `blocks` blocks behind a cache of 2^order bytes, or in memory (order 0), and serves it. */
void rig_start(u32 blocks, u32 order);

/* Ends the server: all sessions closed; e2fsck judges the image; no memory and no window is left. */
void rig_stop(void);

extern struct image rig_image;

/* Slots of the gates of the services fs and mount, and a free slot for a new session. */
cap_t rig_service(void);
cap_t rig_mount_service(void);
cap_t rig_slot(void);

/* The client in `slot` goes away. */
void rig_close(cap_t slot);

/* Flexpage that a client gives as its receive window. */
u64 rig_window(void);

/* Memory of the window that arrived last, and its number for rig_window_stands. */
u8 *rig_memory(u32 *number);
bool rig_window_stands(u32 number);
u32 rig_windows_standing(void);
