/*
 * Test programs that run as the first task of a system, on nothing but the kernel. A program is a table of functions;
 * each runs twice, once to warm up (tables that are made on first use), once to be watched for leaks: kernel memory and
 * capabilities must be as before. Output, on the debug console, is TAP (testanything.org); then the machine is switched
 * off. A failed check leaves the function; what it made is removed for it.
 */
#pragma once

#include "abi/boot_info.h"
#include "lib/sys/object.h"

struct test {
    const char *name;
    void (*run)(void);
};
#define TEST(function)                                                                                                 \
    {                                                                                                                  \
#function, function                                                                                            \
    }

/* The program's table. */
extern const struct test tests[];
extern const u32 test_count;
#define TESTS(...)                                                                                                     \
    const struct test tests[] = {__VA_ARGS__};                                                                         \
    const u32 test_count = sizeof tests / sizeof *tests

extern const struct boot_info *test_boot;

/* Time source at the program's first instructions, in ticks. */
extern u64 test_started;

/* The kernel's capabilities for the first task. */
enum {
    TASK = BOOT_SLOT_TASK,
    THREAD = BOOT_SLOT_THREAD,
    FACTORY = BOOT_SLOT_FACTORY,
    LOG = BOOT_SLOT_LOG,
    ICU = BOOT_SLOT_ICU,
    SCHEDULER = BOOT_SLOT_SCHEDULER,
    SC = BOOT_SLOT_SC,
};

/* Slots for tests, empty at the start of each, emptied behind it: A, B, C ... and from SLOT_FREE to SLOT_END. */
enum { A = BOOT_SLOT_FREE, B, C, D, E, F, G, H, SLOT_FREE, SLOT_END = 64, SLOT_NONE = 4000 };

/* Addresses for tests, empty at the start of each, emptied behind it. */
#define TEST_AREA       0x3000000000ull
#define TEST_AREA_ORDER 31

/* Priority of the thread that runs the tests. */
#define TEST_PRIORITY 100

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            test_fail(__FILE__, __LINE__, #condition);                                                                 \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

#define CHECK_EQ(actual, expected)                                                                                     \
    do {                                                                                                               \
        u64 test_actual = (u64)(actual), test_expected = (u64)(expected);                                              \
        if (test_actual != test_expected) {                                                                            \
            test_fail_equal(__FILE__, __LINE__, #actual, test_actual, test_expected);                                  \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

#define CHECK_OK(call) CHECK_EQ(call, E_OK)

void test_fail(const char *file, int line, const char *text);
void test_fail_equal(const char *file, int line, const char *text, u64 actual, u64 expected);

/* Says why a test checks nothing on this machine; call before returning from it. */
void test_skip(const char *reason);

/* Invocation of `slot` with a bare message: operation `op` and up to three words. Returns the answer's error. */
err_t test_invoke(cap_t slot, u64 op, u32 words, u64 w1, u64 w2, u64 w3);

/* The same with capabilities as items 0 and 1 (0: none). */
err_t test_invoke_caps(cap_t slot, u64 op, u32 words, u64 w1, u64 w2, cap_t item0, cap_t item1);

/* Deletes a capability, and with the first one of an object the object. */
err_t test_delete(cap_t slot);

/* Empties the first `count` receive windows. */
void test_no_windows(u32 count);

/* Kernel memory that the factory has given away, in bytes. */
u64 test_used(cap_t factory);

/* Object number of what is in the slot of a task, 0 if nothing. */
u64 test_kind(cap_t task, cap_t slot);

/* RAM that is nobody else's: 4 MiB, aligned to 4 MiB, identity-mapped, contents as the last test left them. */
#define TEST_RAM_ORDER 22
u8 *test_ram(void);

/* Pseudo-random numbers, the same in every run. */
u64 test_random(void);

/*
 * Instructions of this hart so far, user and kernel together, in units that depend on the machine: with -icount shift=3
 * QEMU counts 8 for each.
 */
static inline u64 test_instructions(void)
{
    u64 count;
    __asm__ volatile("csrr %0, instret" : "=r"(count)::"memory");
    return count;
}
