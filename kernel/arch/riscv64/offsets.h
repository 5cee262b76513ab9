/* Where assembly finds fields of struct thread; trap.c asserts that they are there. */
#pragma once

#define THREAD_PC     0
#define THREAD_SP     8
#define THREAD_GP     16
#define THREAD_TP     24
#define THREAD_S0     32
#define THREAD_STATUS 40
#define THREAD_CPU    64
#define THREAD_MAP_DONE 1064
#define THREAD_FPU    1152
#define CPU_FPU_OWNER 80
#define CPU_NEWS      96
#define COLD_MR       136
#define COLD_TAG      200
#define COLD_A0       208
#define COLD_RA       272
#define COLD_KIND     352

#define SSTATUS_FS_MASK  (3 << 13)
#define SSTATUS_FS_DIRT  (1 << 13) /* what dirty has and clean has not */
#define SSTATUS_SPP_MASK (1 << 8)

/* Selectors that the entry looks at. */
#define SEL_SLOT_BITS  15
#define SEL_REPLY_WAIT (1 << 20)
#define SEL_TIMED_BIT  24
#define TAG_NO_ENTRY   0x20800 /* an error: E_NOENT */
#define TAG_DONE       5       /* an operation's results: OPERATION_WORDS */

/* enum arch_regs_kind */
#define KIND_ALL  1
#define KIND_DONE 2
#define KIND_SIGNAL 3

#define STACK_SIZE 8192 /* ARCH_CPU_OFFSET */
#define STARTED_MAX 64 /* CPUS_MAX */
