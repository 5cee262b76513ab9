/*
 * Changes of metadata. Each operation that changes the disk is a transaction: txn_begin, then txn_change before bytes
 * of a metadata block are written, then txn_end with the operation's error. If that is not E_OK every byte gets its
 * old value back: an operation can fail half way and leaves nothing behind. This is also where a journal will stand:
 * between begin and end it sees all blocks that belong together.
 */
#pragma once

#include "servers/fs/ext4/core.h"

/* Starts a transaction. ROFS if the file system may not be changed. Transactions do not nest. */
err_t txn_begin(struct fs *fs);

/* `size` bytes at `at`, within the run's blocks, are about to change. NOMEM: the transaction is too large. */
err_t txn_change(struct fs *fs, const struct fs_run *run, void *at, u32 size);

/* A block that was free gets new metadata: pins it, zeroed and dirty. */
err_t txn_fresh(struct fs *fs, u32 block, struct fs_run *run);

/*
 * These blocks are free if the transaction succeeds; so a transaction that frees blocks must not allocate any.
 * NOMEM: too many runs in one transaction.
 */
err_t txn_note_freed(struct fs *fs, u32 block, u32 count);

/* Bytes that changes may still have. */
u32 txn_room(const struct fs *fs);

/* Ends the transaction, undoing it unless error is E_OK. Returns error. */
err_t txn_end(struct fs *fs, err_t error);
