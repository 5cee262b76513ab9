/*
 * Entries of folders, as file.readdir of proto/file.idl packs them into its answer: each a head and the name behind it,
 * without NUL, one after the other.
 */
#pragma once

#include "abi/types.h"

struct folder_entry {
    u64 ino, next; /* `next`: the cookie of the entry behind this one */
    u8 type;       /* the file type bits of a mode, shifted down by 12 (DT_* of POSIX) */
    u8 length;     /* of the name */
} __attribute__((packed));

/* Adds an entry to the *done bytes that stand in `text`; false: there is no room for it. */
bool entry_put(char *text, size_t room, size_t *done, const struct folder_entry *entry, const char *name);

/* Takes the entry at *at, and moves *at behind it; NULL at the end, or where the text is not well-formed. */
const char *entry_get(const char *text, size_t length, size_t *at, struct folder_entry *entry);
