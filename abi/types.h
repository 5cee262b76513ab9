/*
 * Scalar types shared by the kernel, user programs and the simulator. Distinct names keep apart what the compiler
 * cannot: a slot in an object space is a cap_t, never an address.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t i8;
typedef int16_t i16;
typedef int32_t i32;
typedef int64_t i64;

typedef u32 cap_t;   /* index of a slot in an object space; 0 names no capability */
typedef u64 paddr_t; /* physical address */
typedef u64 vaddr_t; /* virtual address */
typedef u64 usec_t;  /* time in microseconds, since boot where it is a point in time */
typedef i32 err_t;   /* 0 or an error code of abi/error.def, never negative */
