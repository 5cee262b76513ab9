/*
 * Checkpoints: the state of a machine as a stream of bytes. One function per part names its state once, and the
 * direction decides whether it is written or read, so that saving and restoring cannot disagree.
 */
#ifndef MACHINE_DEV_SNAPSHOT_H
#define MACHINE_DEV_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct snapshot {
    FILE *file;
    bool saving;
    bool failed;  /* sticky: a read or write failed, or the stream does not belong to this machine */
    uint64_t sum; /* of all bytes so far: see snapshot_seal() */
};

/* Saves or restores `size` bytes. */
void snapshot_bytes(struct snapshot *s, void *data, size_t size);

/* Ends a stream that was written with a sum of all that came before. */
void snapshot_seal(struct snapshot *s);

/*
 * Whether a file is a sealed stream with not a bit changed, to be asked before anything is restored from it. Leaves
 * the file at its beginning.
 */
bool snapshot_is_intact(FILE *file);

/* Marks the beginning of a part; on restoring, a different name or size is a failure. */
void snapshot_section(struct snapshot *s, const char *name, size_t size);

/* One number, of whatever width: snapshot_number(s, packet->size). */
#define snapshot_number(s, lvalue)                                                                                     \
    do {                                                                                                               \
        uint64_t number_ = (uint64_t)(lvalue);                                                                         \
        snapshot_bytes(s, &number_, sizeof number_);                                                                   \
        (lvalue) = (__typeof__(lvalue))number_;                                                                        \
    } while (0)

/* One flat struct: snapshot_state(s, "plic", &p->state). */
#define snapshot_state(s, name, ptr)                                                                                   \
    do {                                                                                                               \
        snapshot_section(s, name, sizeof *(ptr));                                                                      \
        snapshot_bytes(s, ptr, sizeof *(ptr));                                                                         \
    } while (0)

#endif
