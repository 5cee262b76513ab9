/* The system calls of uk's processes: word 0 of an invocation is the number, word 0 of the answer the result. */
#pragma once

enum uk_call {
    UK_EXIT = 1,      /* w1 status */
    UK_RESULT = 2,    /* w1 primes found, w2 rounds that found another number */
    UK_PREEMPTED = 3, /* -> how often the process has lost the CPU */
};

/* Address of a process's own memory: two pages of data, then its stack. */
#define UK_DATA       0x2000000000ull
#define UK_DATA_SIZE  0x2000ull
#define UK_STACK      (UK_DATA + UK_DATA_SIZE)
#define UK_STACK_SIZE 0x1000ull
#define UK_MEMORY     (UK_DATA_SIZE + UK_STACK_SIZE)

#define UK_NOWHERE 0x10 /* no process has anything there */

/* The programs; they run in tasks of their own and share nothing but this text. */
void user_primes(unsigned long limit);
void user_wild(unsigned long limit);
