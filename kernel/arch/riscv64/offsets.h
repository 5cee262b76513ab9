/* Where assembly finds fields of struct thread; trap.c asserts that they are there. */
#pragma once

#define THREAD_PC     0
#define THREAD_SP     8
#define THREAD_GP     16
#define THREAD_TP     24
#define THREAD_S0     32
#define THREAD_STATUS 40
#define THREAD_CPU    64
#define COLD_MR       128
#define COLD_A0       192
#define COLD_RA       256
#define COLD_TRAPPED  344

#define STACK_SIZE 8192 /* ARCH_CPU_OFFSET */
