/* The boot archive (cpio, "newc" format) and the ELF program of the first task in it. The kernel reads nothing else. */
#pragma once

#include "abi/types.h"

struct archive_member {
    const u8 *data;
    u64 size;
};

/* Finds a member by its whole name. False: not there, or no such archive. */
bool archive_find(const void *archive, u64 size, const char *name, struct archive_member *member);

/* A loadable segment. */
struct segment {
    vaddr_t address;    /* page aligned */
    const u8 *data;
    u64 file_size, size;
    u32 rights;
};

/* Whether it is a static 64-bit program for this architecture, linked behind BOOT_IMAGE_BASE. */
bool elf_check(const struct archive_member *m);
vaddr_t elf_entry(const struct archive_member *m);

/* The i-th loadable segment; false behind the last, or if it is malformed. */
bool elf_segment(const struct archive_member *m, u32 i, struct segment *s);
