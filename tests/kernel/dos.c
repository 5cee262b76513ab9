/*
 * Denial of service: a task with a quota of its own does its worst to the kernel - threads, queues, deep trees, timers,
 * calls that nobody answers - until the quota ends. What a message between two others costs does not change by more
 * than one in a hundred, and when the task's factory goes, kernel memory is as it was, to the byte.
 */
#include "lib/base/format.h"
#include "lib/test/thread.h"

#define PAIR    (TEST_PRIORITY + 20)
#define ATTACK  (TEST_PRIORITY - 20)
#define QUOTA   (512 * ARCH_PAGE_SIZE)
#define CALLS   12000 /* timeouts that the attacker left behind expire among them: a bounded number */

/* Slots of the attacker. */
enum { ITS_TASK = 1, ITS_FACTORY, ITS_SCHEDULER, DEAF_GATE, ITS_IRQ, FIRST_FREE = 16 };

static volatile u64 least, mean, finished;

/* --- the pair --- */

/* Round trips through gate A of its task. */
static void measure(u64 unused)
{
    u64 low = ~0ull, all = test_instructions();
    for (u32 i = 0; i < CALLS; i++) {
        u64 start = test_instructions();
        struct msg m = {0};
        sys_call(&m, A);
        u64 spent = test_instructions() - start;
        low = spent < low ? spent : low;
    }
    mean = (test_instructions() - all) / CALLS;
    least = low;
    finished++;
}

static err_t make_pair(void)
{
    err_t error = test_task_create(B);
    if (!error)
        error = test_task_create(C);
    if (!error)
        error = test_thread_start_in(0, B, PAIR, test_serve, 0);
    if (!error)
        error = test_gate_create(A, TEST_THREAD(0), 1);
    if (!error)
        error = task_map(C, TASK, FPAGE_OBJ(A, 0, RIGHT_USE), (u64)A << FPAGE_START_SHIFT);
    return error ? error : test_thread_create(1, C, PAIR, 0, 0);
}

/* --- the attacker: thread 2, in task D with factory E --- */

static volatile u64 threads, mapped, objects, ended;

static err_t create(enum object_number kind, u64 parameter, cap_t slot)
{
    return factory_create(ITS_FACTORY, slot, kind, parameter, 0);
}

/* A thread that runs `entry`, which needs neither stack nor data: its registers are all it has. */
static err_t fork_thread(u32 n, void (*entry)(void), u64 argument)
{
    cap_t thread = (cap_t)(FIRST_FREE + 2 * n), sc = thread + 1;
    vaddr_t utcb = TEST_AREA + n * ARCH_PAGE_SIZE;
    err_t error = create(OBJ_THREAD, 0, thread);
    if (!error)
        error = create(OBJ_SC, ATTACK, sc);
    if (!error)
        error = task_add_ku_mem(ITS_TASK, FPAGE_MEM(utcb, ARCH_PAGE_SHIFT, 0));
    if (!error)
        error = thread_control(thread, ITS_TASK, utcb, 0, 0);
    if (!error)
        error = scheduler_run_thread(ITS_SCHEDULER, thread, sc, 0);
    return error ? error : thread_ex_regs(thread, EX_REGS_PC | EX_REGS_SP, (vaddr_t)entry, argument, 0, 0);
}

/* In assembly, below: they call a gate that nobody serves, for ever or until a timeout, again and again. */
void dos_wait_for_ever(void);
void dos_wait_and_retry(void);
__asm__(".text\n"
        "dos_wait_for_ever:\n"
        "    li s1, 1\n"
        "    li a0, 4\n" /* SEL(DEAF_GATE, SEL_OP_CALL) */
        "    ecall\n"
        "    j dos_wait_for_ever\n"
        "dos_wait_and_retry:\n"
        "    li s1, 1\n"
        "    li a0, 4 + (1 << 24)\n" /* SEL_TIMED */
        "    li a2, 0\n"
        "    mv a3, sp\n" /* timeouts */
        "    ecall\n"
        "    j dos_wait_and_retry\n");
_Static_assert(SEL(DEAF_GATE, SEL_OP_CALL) == 4 && SEL_TIMED == 1 << 24, "dos_wait_for_ever");

/* Half of the quota: threads that queue and arm timers, at times that all differ. */
static void fork_threads(void)
{
    u32 n = 0;
    for (; n < 60; n++) {
        bool retry = n % 2;
        if (fork_thread(n, retry ? dos_wait_and_retry : dos_wait_for_ever, TIMEOUTS(1000 + 13 * n, 0)))
            break;
    }
    threads = n;
}

/* A page mapped on from place to place: a tree as deep as memory goes. Then wide. */
static void map_deeply(void)
{
    u64 n = 0, place = TEST_AREA + (64ull << 20);
    for (; n < 5000; n++, place += ARCH_PAGE_SIZE)
        if (task_map(ITS_TASK, ITS_TASK, FPAGE_MEM(n ? place - ARCH_PAGE_SIZE : TEST_AREA + (32 << 20), 12, RIGHTS_RWX),
                     place))
            break;
    mapped = n;
}

static void create_until_the_end(void)
{
    cap_t slot = 200;
    while (!create(OBJ_SEMAPHORE, 0, slot) || !create(OBJ_IRQ, 0, slot))
        slot++;
    if (slot - 200 > objects)
        objects = slot - 200;
}

static void attack(u64 unused)
{
    fork_threads();
    map_deeply();
    create_until_the_end();
    ended = 1;
    for (;;) { /* what fails costs time, too */
        create_until_the_end();
        struct msg m = {.tag = TAG(1, 0)};
        sys_send(&m, DEAF_GATE, 10);
    }
}

static err_t give(cap_t slot, u32 rights, cap_t to)
{
    return task_map(D, TASK, FPAGE_OBJ(slot, 0, rights), (u64)to << FPAGE_START_SHIFT);
}

/* Gate F is bound to thread 3, which never waits. */
static err_t make_attacker(void)
{
    err_t error = factory_create_limited(FACTORY, E, QUOTA, ATTACK);
    if (!error)
        error = factory_create_task(E, D);
    if (!error)
        error = task_map(D, TASK, FPAGE_MEM(BOOT_IMAGE_BASE, 20, RIGHTS_RWX), BOOT_IMAGE_BASE);
    if (!error)
        error = task_map(D, TASK, FPAGE_MEM(test_ram(), 12, RIGHTS_RWX), TEST_AREA + (32 << 20));
    if (!error)
        error = task_add_ku_mem(D, FPAGE_MEM(TEST_UTCBS, TEST_UTCBS_ORDER, 0));
    if (!error)
        error = test_thread_create(3, TASK, 0, 0, 0);
    if (!error)
        error = test_gate_create(F, TEST_THREAD(3), 2);
    if (!error)
        error = give(D, RIGHTS_ALL & ~RIGHT_DELETE, ITS_TASK);
    if (!error)
        error = give(E, RIGHTS_ALL & ~RIGHT_DELETE, ITS_FACTORY);
    if (!error)
        error = give(SCHEDULER, RIGHTS_ALL, ITS_SCHEDULER);
    return error ? error : give(F, RIGHT_USE, DEAF_GATE);
}

static err_t start_attacker(void)
{
    err_t error = factory_create_thread(E, TEST_THREAD(2));
    if (!error)
        error = thread_control(TEST_THREAD(2), D, TEST_UTCBS + 2 * UTCB_SIZE, 0, 0);
    if (!error)
        error = factory_create_sc(E, TEST_SC(2), ATTACK);
    if (!error)
        error = scheduler_run_thread(SCHEDULER, TEST_THREAD(2), TEST_SC(2), 0);
    return error ? error : test_thread_run(2, attack, 0);
}

/* --- the test --- */

static void measured(u64 *low, u64 *average)
{
    u64 before = finished;
    CHECK_OK(thread_ex_regs(TEST_THREAD(1), EX_REGS_STOP, 0, 0, 0, 0));
    CHECK_OK(test_thread_run(1, measure, 0));
    for (u32 i = 0; i < 1000 && finished == before; i++)
        sys_sleep(1000);
    CHECK(finished > before);
    *low = least;
    *average = mean;
}

static void report(u64 low, u64 average, u64 low_then, u64 average_then)
{
    char line[120];
    size_t length = format_buffer(line, sizeof line, "# a call: %lu, %lu on average; under attack %lu, %lu\n", low,
                                  average, low_then, average_then);
    log_write(LOG, line, length);
}

static void others_pay_nothing(void)
{
    u64 low = 0, average = 0, low_then = 0, average_then = 0;
    ended = threads = mapped = objects = 0;
    CHECK_OK(make_pair());
    measured(&low, &average);
    measured(&low, &average); /* warm */
    u64 used = test_used(FACTORY);
    CHECK_OK(make_attacker());
    CHECK_OK(start_attacker());
    for (u32 i = 0; i < 2000 && !ended; i++)
        sys_sleep(1000);
    CHECK(ended);
    CHECK(threads > 20);
    CHECK(mapped > 1000);
    CHECK(objects > 50);
    u64 its_quota, its_use, pool, pool_free;
    CHECK_OK(factory_info(E, &its_quota, &its_use, &pool, &pool_free));
    CHECK(its_use + ARCH_PAGE_SIZE > its_quota); /* it has used all it may */
    for (u32 i = 0; i < 3; i++) {
        measured(&low_then, &average_then);
        report(low, average, low_then, average_then);
        CHECK(low_then <= low + low / 100);
        CHECK(average_then <= average + average / 100);
    }
    CHECK_OK(test_delete(E)); /* all ends with it */
    CHECK_OK(test_delete(F));
    CHECK_OK(test_delete(TEST_THREAD(3)));
    for (u32 i = 0; i < 1000 && test_used(FACTORY) != used; i++)
        sys_sleep(1000);
    CHECK_EQ(test_used(FACTORY), used);
    CHECK_EQ(test_kind(TASK, D), 0);
    measured(&low_then, &average_then);
    CHECK(low_then <= low + low / 100);
}

TESTS(TEST(others_pay_nothing));
