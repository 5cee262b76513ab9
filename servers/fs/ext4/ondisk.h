/*
 * The ext4 disk format, as far as Tessera uses it: the structures as they stand in 4 KiB blocks, little-endian.
 * Names follow the Linux documentation ("ext4 Data Structures and Algorithms"); nothing here has behaviour.
 */
#pragma once

#include "abi/types.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "structures are used in place");

#define EXT4_BLOCK_SIZE   4096u
#define EXT4_BLOCK_SHIFT  12
#define EXT4_BLOCK_BITS   (8 * EXT4_BLOCK_SIZE)
#define EXT4_SUPER_OFFSET 1024
#define EXT4_SUPER_MAGIC  0xef53
#define EXT4_ROOT_INO     2
#define EXT4_NAME_MAX     255
#define EXT4_LINK_MAX     65000

/* s_state */
#define EXT4_STATE_CLEAN 0x1
#define EXT4_STATE_ERROR 0x2

/* s_feature_compat */
#define EXT4_COMPAT_HAS_JOURNAL 0x4

/* s_feature_incompat: what we understand, and what deserves a message of its own */
#define EXT4_INCOMPAT_FILETYPE 0x2
#define EXT4_INCOMPAT_RECOVER  0x4
#define EXT4_INCOMPAT_EXTENTS  0x40
#define EXT4_INCOMPAT_FLEX_BG  0x200
#define EXT4_INCOMPAT_KNOWN    (EXT4_INCOMPAT_FILETYPE | EXT4_INCOMPAT_EXTENTS | EXT4_INCOMPAT_FLEX_BG)

/* s_feature_ro_compat: what we keep right when writing */
#define EXT4_RO_SPARSE_SUPER 0x1
#define EXT4_RO_LARGE_FILE   0x2
#define EXT4_RO_HUGE_FILE    0x8
#define EXT4_RO_DIR_NLINK    0x20
#define EXT4_RO_EXTRA_ISIZE  0x40
#define EXT4_RO_KNOWN                                                                                                  \
    (EXT4_RO_SPARSE_SUPER | EXT4_RO_LARGE_FILE | EXT4_RO_HUGE_FILE | EXT4_RO_DIR_NLINK | EXT4_RO_EXTRA_ISIZE)

struct ext4_super {
    u32 inodes_count, blocks_count, r_blocks_count, free_blocks_count;
    u32 free_inodes_count, first_data_block, log_block_size, log_cluster_size;
    u32 blocks_per_group, clusters_per_group, inodes_per_group, mtime;
    u32 wtime;
    u16 mnt_count, max_mnt_count, magic, state, errors, minor_rev_level;
    u32 lastcheck, checkinterval, creator_os, rev_level;
    u16 def_resuid, def_resgid;
    u32 first_ino;
    u16 inode_size, block_group_nr;
    u32 feature_compat, feature_incompat, feature_ro_compat;
    u8 uuid[16];
    char volume_name[16], last_mounted[64];
    u32 algorithm_usage_bitmap;
    u8 prealloc_blocks, prealloc_dir_blocks;
    u16 reserved_gdt_blocks;
    u8 journal_uuid[16];
    u32 journal_inum, journal_dev, last_orphan, hash_seed[4];
    u8 def_hash_version, jnl_backup_type;
    u16 desc_size;
    u32 default_mount_opts, first_meta_bg, mkfs_time, jnl_blocks[17];
    u32 blocks_count_hi, r_blocks_count_hi, free_blocks_count_hi;
    u16 min_extra_isize, want_extra_isize;
    u32 flags;
    u8 rest[1024 - 0x164];
};
_Static_assert(offsetof(struct ext4_super, magic) == 0x38, "ext4 layout");
_Static_assert(offsetof(struct ext4_super, last_orphan) == 0xe8, "ext4 layout");
_Static_assert(offsetof(struct ext4_super, flags) == 0x160, "ext4 layout");
_Static_assert(sizeof(struct ext4_super) == 1024, "ext4 layout");

struct ext4_group {
    u32 block_bitmap, inode_bitmap, inode_table;
    u16 free_blocks, free_inodes, used_dirs, flags;
    u32 exclude_bitmap;
    u16 block_bitmap_csum, inode_bitmap_csum, itable_unused, checksum;
};
_Static_assert(sizeof(struct ext4_group) == 32, "ext4 layout");

/* mode: type in the upper four bits, permissions below */
#define EXT4_MODE_TYPE  0xf000
#define EXT4_MODE_FIFO  0x1000
#define EXT4_MODE_CHAR  0x2000
#define EXT4_MODE_DIR   0x4000
#define EXT4_MODE_BLOCK 0x6000
#define EXT4_MODE_FILE  0x8000
#define EXT4_MODE_LINK  0xa000
#define EXT4_MODE_SOCK  0xc000

/* inode flags */
#define EXT4_INODE_INDEX     0x1000  /* hashed directory */
#define EXT4_INODE_HUGE_FILE 0x40000 /* i_blocks counts blocks, not sectors */
#define EXT4_INODE_EXTENTS   0x80000
#define EXT4_INODE_REFUSED   0x10100800 /* inline data, verity, encrypted: never legal without their features */

#define EXT4_INODE_BASE_SIZE  128 /* an inode without the extra fields */
#define EXT4_INODE_EXTRA_SIZE 32  /* extra fields that we write */

struct ext4_inode {
    u16 mode, uid;
    u32 size_lo, atime, ctime, mtime, dtime;
    u16 gid, links;
    u32 blocks_lo, flags, version;
    u8 block[60]; /* extent root, or the text of a short symbolic link */
    u32 generation, file_acl, size_hi, obsolete_faddr;
    u16 blocks_hi, file_acl_hi, uid_hi, gid_hi, checksum_lo, reserved;
    /* the extra fields: present if the inode is large enough and extra_isize says so */
    u16 extra_isize, checksum_hi;
    u32 ctime_extra, mtime_extra, atime_extra, crtime, crtime_extra, version_hi, project;
};
_Static_assert(offsetof(struct ext4_inode, block) == 0x28, "ext4 layout");
_Static_assert(offsetof(struct ext4_inode, extra_isize) == 128, "ext4 layout");
_Static_assert(sizeof(struct ext4_inode) == 160, "ext4 layout");

/*
 * Extent tree: a root of 60 bytes in the inode, below it blocks. Each node is a header and `entries` entries: indexes
 * if depth > 0, else extents. Both kinds have 12 bytes and begin with the first file block that they cover.
 */
#define EXT4_EXTENT_MAGIC   0xf30a
#define EXT4_EXTENT_DEPTH   5
#define EXT4_EXTENT_LEN_MAX 32768 /* of written extents; longer values stand for unwritten ones of length - 32768 */

struct ext4_extent_header {
    u16 magic, entries, max, depth;
    u32 generation;
};

struct ext4_extent_index {
    u32 block, child;
    u16 child_hi, unused;
};

struct ext4_extent {
    u32 block;
    u16 length, start_hi;
    u32 start;
};

/*
 * Directory entry: rec_len leads to the next one and the last ends with the block; inode 0 = free. A hashed directory
 * hides its index nodes in free space of such entries, so every directory can be read as a list.
 */
struct ext4_dirent {
    u32 inode;
    u16 rec_len;
    u8 name_len, type;
    char name[];
};
#define EXT4_DIRENT_HEAD 8

/* file types in directory entries */
#define EXT4_FT_UNKNOWN 0
#define EXT4_FT_FILE    1
#define EXT4_FT_DIR     2
#define EXT4_FT_CHAR    3
#define EXT4_FT_BLOCK   4
#define EXT4_FT_FIFO    5
#define EXT4_FT_SOCK    6
#define EXT4_FT_LINK    7

/* block with extended attributes, shared by `refs` inodes */
#define EXT4_XATTR_MAGIC 0xea020000
struct ext4_xattr_header {
    u32 magic, refs, blocks, hash, checksum;
};
