/* The runner of kernel test programs: see test.h. */
#include "lib/test/test.h"

#include "hw/sifive_test.h"
#include "lib/test/thread.h"

#define SLOTS_ORDER    7 /* slots up to 128 are the tests' */
#define LEAK_POLLS_MAX 200
#define FINISHER       0x100000ull /* physical address on the machines that these programs are for */

const struct boot_info *test_boot;
u64 test_started;
u64 test_tls[(TEST_THREADS + 1) * 8]; /* thread-local storage: eight words a thread, the first thread's first */

static struct {
    bool failed, skipped;
} now;
static u32 failures;

/* --- output: one line at a time, so that nothing gets between its parts --- */

static char line[240];
static u32 line_length;

static void put_text(const char *text)
{
    while (*text && line_length < sizeof line - 1)
        line[line_length++] = *text++;
}

static void put_number(u64 value, u32 base)
{
    char digits[24];
    u32 n = sizeof digits;
    digits[--n] = 0;
    do
        digits[--n] = "0123456789abcdef"[value % base];
    while (value /= base);
    put_text(base == 16 ? "0x" : "");
    put_text(digits + n);
}

static void put_end(void)
{
    line[line_length++] = '\n';
    log_write(LOG, line, line_length);
    line_length = 0;
}

static void put_place(const char *file, int number, const char *text)
{
    put_text("# ");
    put_text(file);
    put_text(":");
    put_number((u64)number, 10);
    put_text(": ");
    put_text(text);
}

void test_fail(const char *file, int number, const char *text)
{
    now.failed = true;
    put_place(file, number, text);
    put_end();
}

void test_fail_equal(const char *file, int number, const char *text, u64 actual, u64 expected)
{
    now.failed = true;
    put_place(file, number, text);
    put_text(" is ");
    put_number(actual, actual < 4096 ? 10 : 16);
    put_text(", not ");
    put_number(expected, expected < 4096 ? 10 : 16);
    put_end();
}

void test_skip(const char *reason)
{
    now.skipped = true;
    put_text("# ");
    put_text(reason);
    put_end();
}

/* --- running --- */

/* Empties the slots and addresses that are the tests'; kills what threads they started. */
static void clean_up(void)
{
    for (u32 order = 3; order < SLOTS_ORDER; order++) /* 8-15, 16-31, 32-63, 64-127 */
        task_unmap(TASK, FPAGE_OBJ(1u << order, order, RIGHTS_ALL), UNMAP_SELF);
    task_unmap(TASK, FPAGE_MEM(TEST_AREA, TEST_AREA_ORDER, RIGHTS_RWX), UNMAP_SELF);
    test_no_windows(MSG_ITEMS_MAX);
}

static bool run_once(const struct test *test)
{
    test->run();
    clean_up();
    return !now.failed && !now.skipped;
}

struct holdings {
    u64 used, caps;
};

static struct holdings take_stock(void)
{
    struct task_info info = {0};
    task_get_info(TASK, &info);
    return (struct holdings){test_used(FACTORY), info.caps};
}

/* Dead objects are taken apart when the kernel has time: waits until what is held does not change any longer. */
static struct holdings settle(void)
{
    struct holdings last, next = take_stock();
    do {
        last = next;
        sys_sleep(1000);
        next = take_stock();
    } while (next.used != last.used || next.caps != last.caps);
    return next;
}

static void check_leaks(struct holdings before)
{
    struct holdings after = take_stock();
    for (u32 i = 0; i < LEAK_POLLS_MAX && (after.used != before.used || after.caps != before.caps); i++) {
        sys_sleep(1000);
        after = take_stock();
    }
    if (after.used != before.used)
        test_fail_equal("leak", 0, "kernel memory in use", after.used, before.used);
    if (after.caps != before.caps)
        test_fail_equal("leak", 0, "number of capabilities", after.caps, before.caps);
}

static void report(u32 number, const char *name)
{
    put_text(now.failed ? "not ok " : "ok ");
    put_number(number, 10);
    put_text(" - ");
    put_text(name);
    put_text(now.skipped ? " # SKIP" : "");
    put_end();
    failures += now.failed;
}

static void run_test(u32 number, const struct test *test)
{
    now.failed = now.skipped = false;
    if (run_once(test)) {
        struct holdings before = settle();
        if (run_once(test))
            check_leaks(before);
    }
    report(number, test->name);
}

/* Unless the machine's command line says `hold`: then somebody wants to look at it with this task's space in force. */
static void power_off(bool ok)
{
    const char *option = test_boot->command_line;
    while (option[0] == 'h' && option[1] == 'o' && option[2] == 'l' && option[3] == 'd')
        __asm__ volatile("" ::: "memory");
    *(volatile u32 *)(FINISHER + SIFIVE_TEST_FINISH) = ok ? SIFIVE_TEST_PASS : SIFIVE_TEST_FAIL | 1u << 16;
}

void test_start(const struct boot_info *boot, struct utcb *utcb);
void test_start(const struct boot_info *boot, struct utcb *utcb)
{
    sys_utcb = utcb;
    __asm__ volatile("rdtime %0" : "=r"(test_started));
    test_boot = boot;
    sc_configure(SC, TEST_PRIORITY, 0, 0, 0);
    task_add_ku_mem(TASK, FPAGE_MEM(TEST_UTCBS, TEST_UTCBS_ORDER, 0));
    put_text("1..");
    put_number(test_count, 10);
    put_end();
    for (u32 i = 0; i < test_count; i++)
        run_test(i + 1, &tests[i]);
    power_off(failures == 0);
    for (;;)
        sys_sleep(TIMEOUT_NEVER);
}

/* --- helpers --- */

err_t test_invoke(cap_t slot, u64 op, u32 words, u64 w1, u64 w2, u64 w3)
{
    struct msg m = {.tag = TAG(words, 0), .w = {op, w1, w2, w3}};
    return sys_object_call(slot, &m);
}

err_t test_invoke_caps(cap_t slot, u64 op, u32 words, u64 w1, u64 w2, cap_t item0, cap_t item1)
{
    u32 items = item1 ? 2 : item0 ? 1 : 0;
    struct msg m = {.tag = TAG(words, items), .w = {op, w1, w2}};
    sys_put_cap(0, item0);
    sys_put_cap(1, item1);
    return sys_object_call(slot, &m);
}

err_t test_delete(cap_t slot)
{
    return task_unmap(TASK, FPAGE_OBJ(slot, 0, RIGHTS_ALL), UNMAP_SELF);
}

void test_no_windows(u32 count)
{
    for (u32 i = 0; i < count; i++)
        sys_utcb->window[i] = FPAGE_NONE;
}

u64 test_used(cap_t factory)
{
    u64 quota, used = 0, pool, pool_free;
    factory_info(factory, &quota, &used, &pool, &pool_free);
    return used;
}

u64 test_kind(cap_t task, cap_t slot)
{
    u64 kind = 0, rights;
    task_cap_valid(task, slot, &kind, &rights);
    return kind;
}

u8 *test_ram(void)
{
    const u64 size = 1ull << TEST_RAM_ORDER;
    for (u64 i = 0; i < test_boot->region_count; i++) {
        const struct boot_region *region = &test_boot->region[i];
        u64 start = (region->start + size - 1) & ~(size - 1);
        if (region->kind == BOOT_REGION_FREE && start + size <= region->end)
            return (u8 *)start;
    }
    return NULL;
}

u64 test_random(void)
{
    static u64 state = 88172645463325252ull; /* xorshift64 */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}
