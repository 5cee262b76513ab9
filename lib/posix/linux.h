/*
 * The system calls that musl makes, with Linux' numbers and structures for riscv64 as musl's headers have them. Each is
 * a function linux_NAME, listed in syscall.def; it returns a result >= 0 or a negative error number. Arguments have the
 * width of a register, whatever type the call has in C. What a call does is in its manual page, section 2; the
 * definitions say where ours is different.
 */
#pragma once

#include "abi/error.h"
#include "abi/types.h"

#define CALL(name) long linux_##name(long a, long b, long c, long d, long e, long f);
#include "lib/posix/syscall.def"
#undef CALL

/* Result of a system call that returns nothing but an error. */
static inline long linux_error(err_t error)
{
    return -(long)error;
}

/* What fstat fills in: not musl's struct stat, which musl makes of it. */
struct linux_stat {
    u64 st_dev, st_ino;
    u32 st_mode, st_nlink, st_uid, st_gid;
    u64 st_rdev, pad1;
    i64 st_size;
    i32 st_blksize, pad2;
    i64 st_blocks;
    struct {
        i64 seconds, nanoseconds;
    } st_atime_, st_mtime_, st_ctime_;
    u32 unused[2];
};

/* An entry of getdents64; d_name follows, with NUL, up to d_reclen bytes in all. */
struct linux_dirent {
    u64 d_ino;
    i64 d_off;
    u16 d_reclen;
    u8 d_type;
    char d_name[];
};
