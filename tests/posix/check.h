/* What the POSIX test programs share: a check that tells where it failed, and goes on. */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int check_count, check_failures;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        check_count++;                                                                                                 \
        if (!(condition)) {                                                                                            \
            check_failures++;                                                                                          \
            printf("%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno);                                   \
        }                                                                                                              \
    } while (0)

/* The call must fail with this errno. */
#define CHECK_ERROR(call, number)                                                                                      \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        long check_result = (long)(call);                                                                              \
        check_count++;                                                                                                 \
        if (check_result != -1 || errno != (number)) {                                                                 \
            check_failures++;                                                                                          \
            printf("%s:%d: %s gives %ld, errno %d\n", __FILE__, __LINE__, #call, check_result, errno);                 \
        }                                                                                                              \
    } while (0)

/* main's last line: tells how many checks there were. */
static inline int check_finish(void)
{
    printf("%d checks, %d failures\n", check_count, check_failures);
    return check_failures != 0;
}
