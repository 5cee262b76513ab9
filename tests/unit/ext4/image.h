/*
 * What the ext4 tests stand on: images made by mke2fs in a temporary file that is mapped, a device over it that keeps
 * transfers waiting and can be told to fail, and helpers that read and write whole files through pieces.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "servers/fs/ext4/fs.h"
#include "servers/fs/ext4/ondisk.h"

#define PATH(text)     ((struct fs_path){NULL, text, sizeof(text) - 1})
#define MKE2FS_OPTIONS "-t ext4 -b 4096 -O ^has_journal,^64bit,^metadata_csum"

struct image {
    struct fs_device device; /* first: the device operations find the image by it */
    struct fs_env env;
    struct fs_options options;
    struct fs *fs; /* while mounted */
    u8 *bytes;
    size_t size;
    char file[64];
    bool quiet;       /* the library's messages are not printed */
    u32 messages;     /* that it wrote */
    u32 io_budget;    /* transfers until they begin to fail; 0 = never */
    u32 alloc_budget; /* the same for memory */
    bool failing;     /* a budget is used up */
    size_t allocated; /* bytes that the library holds */
    u64 clock;        /* nanoseconds */
    struct fs_io *waiting[512];
    u32 waiting_count;
    u32 reads, writes;           /* blocks */
    struct fs_piece *pieces[64]; /* for pressure: what may be revoked */
    u32 revoked;
    size_t concealed; /* bytes */
};

/* Makes an image of `blocks` blocks with additional mke2fs options, and a cache of `frames` frames; 0 = image in
 * memory. */
void image_make(struct image *image, u32 blocks, const char *options, u32 frames);
void image_free(struct image *image);

void image_mount(struct image *image);
void image_unmount(struct image *image);

/* Runs e2fsck -fn; fails the test, with its output, if that finds anything. */
void image_check(struct image *image);

/* The exit status of a shell command in which %s stands for the image's file; its output is in build/tmp. */
int image_command(struct image *image, const char *format, char *output, size_t size);

struct fs_path path_of(const char *text);

/* Opens or makes a file; fails the test on an error. */
struct fs_inode *file_get(struct fs *fs, const char *path, u32 flags);

/* Writes at a position, in pieces of at most `piece` bytes. */
err_t file_write(struct fs_inode *inode, u64 position, const void *data, size_t size, u32 piece);
err_t file_append(struct fs_inode *inode, const void *data, size_t size);

/* Reads up to size bytes; *got tells how many. */
err_t file_read(struct fs_inode *inode, u64 position, void *data, size_t size, size_t *got);

/* The same byte for a file and an offset, whoever asks. */
u8 pattern_byte(u32 seed, u64 offset);

/* Writes and checks `size` bytes of a pattern from `position` on. */
void pattern_write(struct fs_inode *inode, u32 seed, u64 position, size_t size);
void pattern_check(struct fs_inode *inode, u32 seed, u64 position, size_t size);
