/*
 * A load made to keep the kernel from looking for interrupts: deep and wide trees, full queues, a gibibyte unmapped,
 * hundreds who wait for what is deleted. All the while a thread sleeps a few microseconds at a time, so that there are
 * interrupts to be seen. Mosaic measures the longest stretch (`mosaic run --stretch`, tools/bench). Runs as the first
 * task, on nothing but the kernel; the machine's command line may name one test, which is run alone.
 */
#include "lib/test/thread.h"

#define URGENT 250
#define CROWD  200 /* threads */
#define MANY   600 /* capabilities, pages, gates */
#define PAGE   ARCH_PAGE_SIZE

#define QUOTA  (8 << 20)
#define SLOTS  1024             /* of the crowd's threads and SCs, then of others */
#define GATES  (SLOTS + 2 * CROWD)
#define PLACES (TEST_AREA + (256ull << 20))
#define UTCBS  0x3900000000ull /* of the crowd, in task B */

/* --- the load --- */

static void sleep_briefly(u64 unused)
{
    for (;;)
        sys_sleep(2 + test_random() % 11);
}

static bool equal(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

/* Makes what most tests need: task B and factory E. False: this test is not to run. */
static bool begin(const char *name)
{
    const char *only = test_boot->command_line;
    if (only[0] && !equal(only, name))
        return false;
    return !factory_create_factory(FACTORY, E, QUOTA) && !test_task_create(B) &&
           !test_thread_start(0, URGENT, sleep_briefly, 0);
}
#define BEGIN                                                                                                          \
    if (!begin(__func__))                                                                                              \
    return

/*
 * Threads without stack, which then sleep. latency_invoke executes the invocation with selector sp and word 0 = tp;
 * latency_wait_until calls with selector sp until the time a0; its UTCB is at tp.
 */
void latency_invoke(void);
void latency_wait_until(void);
__asm__(".text\n"
        "latency_invoke:\n"
        "    li s1, 1\n"
        "    mv s2, tp\n"
        "    mv a0, sp\n"
        "    ecall\n"
        "    j 1f\n"
        "latency_wait_until:\n"
        "    sd a0, 960(tp)\n" /* utcb.deadline */
        "    sd a0, 968(tp)\n"
        "    li s1, 0\n"
        "    mv a0, sp\n"
        "    li a2, 0\n"
        "    li a3, 0x80000000\n"
        "    slli t0, a3, 32\n"
        "    or a3, a3, t0\n"
        "    ecall\n"
        "1:  li a0, 3 << 20\n" /* sleeps */
        "    ecall\n"
        "    j 1b\n");

static vaddr_t utcb_of(u32 i)
{
    return UTCBS + i * UTCB_SIZE;
}

/* Member i of the crowd, of task B and factory E. */
static err_t make_member(u32 i, u32 priority, void (*entry)(void), u64 sp, u64 a0, u64 tp)
{
    cap_t thread = (cap_t)(SLOTS + 2 * i), sc = thread + 1;
    err_t error = factory_create_thread(E, thread);
    if (!error)
        error = thread_control(thread, B, utcb_of(i), 0, 0);
    if (!error)
        error = factory_create_sc(E, sc, priority);
    if (!error)
        error = scheduler_run_thread(SCHEDULER, thread, sc, 0);
    const u64 flags = EX_REGS_PC | EX_REGS_SP | EX_REGS_ARG | EX_REGS_TP;
    return error ? error : thread_ex_regs(thread, flags, (vaddr_t)entry, sp, a0, tp);
}

static err_t make_utcbs(void)
{
    err_t error = E_OK;
    for (u32 i = 0; i * UTCB_SIZE < CROWD * UTCB_SIZE + PAGE && !error; i += 4)
        error = task_add_ku_mem(B, FPAGE_MEM(utcb_of(i), ARCH_PAGE_SHIFT, 0));
    return error;
}

static err_t give(cap_t slot)
{
    return task_map(B, TASK, FPAGE_OBJ(slot, 0, RIGHTS_ALL), (u64)slot << FPAGE_START_SHIFT);
}

/* All of the crowd invoke what is in `slot`; word 0 is `op`. */
static err_t crowd_invokes(cap_t slot, u64 op)
{
    err_t error = make_utcbs();
    if (!error)
        error = give(slot);
    for (u32 i = 0; i < CROWD && !error; i++)
        error = make_member(i, TEST_PRIORITY + 1 + i % 100, latency_invoke, SEL(slot, SEL_OP_CALL), 0, op);
    return error;
}

/* Thread i of the test's, which never receives. */
static err_t make_deaf(u32 i)
{
    return test_thread_create(i, TASK, 0, 0, 0);
}

/* --- trees --- */

static err_t map_slots(u32 count, bool deep)
{
    err_t error = test_gate_create(A, THREAD, 1);
    for (u32 i = 0; i < count && !error; i++)
        error = task_map(TASK, TASK, FPAGE_OBJ(i && deep ? GATES + i - 1 : A, 0, RIGHTS_ALL),
                         (u64)(GATES + i) << FPAGE_START_SHIFT);
    return error;
}

static void deep_capabilities(void)
{
    BEGIN;
    CHECK_OK(map_slots(MANY, true));
    CHECK_OK(task_unmap(TASK, FPAGE_OBJ(A, 0, RIGHT_PASS), 0));
    CHECK_OK(task_unmap(TASK, FPAGE_OBJ(A, 0, RIGHTS_ALL), UNMAP_SELF));
}

static void wide_capabilities(void)
{
    BEGIN;
    CHECK_OK(map_slots(MANY, false));
    CHECK_OK(task_unmap(TASK, FPAGE_OBJ(A, 0, RIGHT_PASS), 0));
    CHECK_OK(task_unmap(TASK, FPAGE_OBJ(A, 0, RIGHTS_ALL), UNMAP_SELF));
}

static err_t map_pages(u32 count, bool deep)
{
    err_t error = E_OK;
    for (u32 i = 0; i < count && !error; i++) {
        vaddr_t from = i && deep ? PLACES + (i - 1) * PAGE : (vaddr_t)test_ram();
        error = task_map(TASK, TASK, FPAGE_MEM(from, 12, RIGHTS_RWX), PLACES + i * PAGE);
    }
    return error;
}

static void deep_memory(void)
{
    BEGIN;
    CHECK_OK(map_pages(MANY, true));
    CHECK_OK(task_unmap(TASK, FPAGE_MEM(PLACES, 12, RIGHT_W), UNMAP_SELF));
    CHECK_OK(task_unmap(TASK, FPAGE_MEM(PLACES, 12, RIGHTS_RWX), UNMAP_SELF));
}

static void wide_memory(void)
{
    BEGIN;
    CHECK_OK(map_pages(MANY, false));
    CHECK_OK(task_unmap(TASK, FPAGE_MEM((vaddr_t)test_ram(), 12, RIGHT_W), 0));
    CHECK_OK(task_unmap(TASK, FPAGE_MEM((vaddr_t)test_ram(), 12, RIGHTS_RWX), 0));
}

/* --- large areas --- */

/* A gibibyte of memory, aligned to one. */
static u64 find_gibibyte(void)
{
    const u64 size = 1ull << 30;
    for (u64 i = 0; i < test_boot->region_count; i++) {
        const struct boot_region *region = &test_boot->region[i];
        u64 start = (region->start + size - 1) & ~(size - 1);
        if (region->kind == BOOT_REGION_FREE && start + size <= region->end)
            return start;
    }
    return 0;
}

/* The gibibyte as one mapping, as mappings of 2 MiB, and 32 MiB of it as pages. */
static void gibibyte(void)
{
    BEGIN;
    u64 from = find_gibibyte(), to = 1ull << 35;
    CHECK(from);
    CHECK_OK(task_map(B, TASK, FPAGE_MEM(from, 30, RIGHTS_RWX), to));
    CHECK_OK(task_unmap(TASK, FPAGE_MEM(from, 30, RIGHT_W), 0));
    CHECK_OK(task_unmap(TASK, FPAGE_MEM(from, 30, RIGHTS_RWX), 0));
    CHECK_OK(task_map(B, TASK, FPAGE_MEM(from, 29, RIGHTS_RWX), to + (1ull << 29)));
    CHECK_OK(task_unmap(B, FPAGE_MEM(to, 30, RIGHTS_RWX), UNMAP_SELF));
    CHECK_OK(task_map(B, TASK, FPAGE_MEM(from, 30, RIGHTS_RWX), to + (2ull << 20)));
    CHECK_OK(task_unmap(B, FPAGE_MEM(to, 31, RIGHT_W), UNMAP_SELF));
    CHECK_OK(task_unmap(TASK, FPAGE_MEM(from, 30, RIGHTS_RWX), 0));
    CHECK_OK(task_map(B, TASK, FPAGE_MEM(from, 25, RIGHTS_RWX), to + PAGE));
    CHECK_OK(task_unmap(B, FPAGE_MEM(to, 26, RIGHT_W), UNMAP_SELF));
    CHECK_OK(task_unmap(B, FPAGE_MEM(to, 26, RIGHTS_RWX), UNMAP_SELF));
}

/* Pages far from each other, each the last one of its tables. */
static void scattered_pages(void)
{
    BEGIN;
    for (u64 i = 0; i < 64; i++)
        CHECK_OK(task_map(B, TASK, FPAGE_MEM((vaddr_t)test_ram(), 12, RIGHTS_RWX), ((i + 65) << 30) - PAGE));
    CHECK_EQ(task_map(TASK, B, FPAGE_MEM(32ull << 30, 35, RIGHTS_RWX), 0), E_FAULT);
    CHECK_OK(task_unmap(B, FPAGE_MEM(64ull << 30, 36, RIGHTS_RWX), UNMAP_SELF));
}

static void kernel_user_memory(void)
{
    BEGIN;
    CHECK_OK(task_add_ku_mem(B, FPAGE_MEM(UTCBS, 16, 0)));
    CHECK_OK(task_reserve(B, 0, 15));
}

/* --- messages --- */

static void open_windows(vaddr_t first)
{
    for (u64 i = 0; i < MSG_ITEMS_MAX; i++)
        sys_utcb->window[i] = FPAGE_MEM(first + (i << 18), 18, RIGHTS_RWX);
}

/* Each item an area of 2^order bytes, aligned so that it is mapped in single pages. */
static void put_items(vaddr_t first, u32 order)
{
    for (u64 i = 0; i < MSG_ITEMS_MAX; i++)
        sys_utcb->item[i] = (struct map_item){.what = FPAGE_MEM(first + (i << 18), order, RIGHTS_RWX)};
}

/* Answers with the areas at `first`. */
static void serve(u64 first)
{
    open_windows(PLACES);
    for (u64 i = 2; i < MSG_ITEMS_MAX; i++)
        sys_window_cap((u32)i, (cap_t)(SLOTS + i));
    struct msg m = {0};
    sys_wait(&m, TIMEOUT_NEVER, 0); /* for what is too much, */
    sys_wait(&m, TIMEOUT_NEVER, 0); /* and what is not */
    put_items(first, 18);
    m = (struct msg){.tag = TAG(MSG_WORDS_MAX, MSG_ITEMS_MAX)};
    sys_reply_wait(&m, 0);
}

/* As many items as may be: areas, too much for a request, then pages and capabilities, answered with areas. */
static void full_message(void)
{
    BEGIN;
    const vaddr_t areas = TEST_AREA + (1ull << 18), answers = TEST_AREA + (64ull << 20);
    const vaddr_t there = 1ull << 35; /* in B */
    CHECK_OK(task_map(TASK, TASK, FPAGE_MEM((vaddr_t)test_ram(), 21, RIGHTS_RWX), TEST_AREA + PAGE));
    CHECK_OK(task_map(B, TASK, FPAGE_MEM((vaddr_t)test_ram(), 21, RIGHTS_RWX), there + PAGE));
    CHECK_OK(test_thread_start_in(1, B, URGENT - 1, serve, there + (1ull << 18)));
    CHECK_OK(test_gate_create(A, TEST_THREAD(1), 1));
    open_windows(answers);
    put_items(areas, 18);
    struct msg m = {.tag = TAG(MSG_WORDS_MAX, MSG_ITEMS_MAX)};
    CHECK_EQ(sys_call(&m, A), E_MSGSIZE);
    CHECK_OK(task_unmap(TASK, FPAGE_MEM(TEST_AREA, 22, RIGHTS_RWX), 0));
    put_items(areas, ARCH_PAGE_SHIFT);
    for (u64 i = 2; i < MSG_ITEMS_MAX; i++)
        sys_put_cap((u32)i, A);
    m = (struct msg){.tag = TAG(MSG_WORDS_MAX, MSG_ITEMS_MAX)};
    CHECK_OK(sys_call(&m, A));
    CHECK_OK(task_unmap(TASK, FPAGE_MEM(answers, 21, RIGHTS_RWX), UNMAP_SELF));
}

/* --- crowds --- */

static void gate_bound_anew(void)
{
    BEGIN;
    CHECK_OK(make_deaf(1));
    CHECK_OK(make_deaf(2));
    CHECK_OK(test_gate_create(A, TEST_THREAD(1), 1));
    CHECK_OK(crowd_invokes(A, 0));
    u64 changed;
    bool more;
    CHECK_OK(thread_modify_senders(TEST_THREAD(1), 0, 0, 0, 2, &changed, &more));
    CHECK_OK(gate_bind(A, TEST_THREAD(2), 2));
    CHECK_OK(gate_bind(A, TEST_THREAD(1), 3));
}

static void gate_deleted(void)
{
    BEGIN;
    CHECK_OK(make_deaf(1));
    CHECK_OK(test_gate_create(A, TEST_THREAD(1), 1));
    CHECK_OK(crowd_invokes(A, 0));
    CHECK_OK(test_delete(A));
}

static void server_deleted(void)
{
    BEGIN;
    CHECK_OK(make_deaf(1));
    CHECK_OK(test_gate_create(A, TEST_THREAD(1), 1));
    CHECK_OK(crowd_invokes(A, 0));
    CHECK_OK(test_delete(TEST_THREAD(1)));
}

static void semaphore_deleted(void)
{
    BEGIN;
    CHECK_OK(factory_create_semaphore(FACTORY, A, 0));
    CHECK_OK(crowd_invokes(A, OP_SEMAPHORE_DOWN));
    CHECK_OK(test_delete(A));
}

static void keep_all(u64 unused)
{
    for (cap_t slot = GATES; slot < GATES + CROWD; slot++) {
        struct msg m = {0};
        sys_wait(&m, TIMEOUT_NEVER, slot);
    }
    sys_sleep(TIMEOUT_NEVER);
}

/* Task C has a server that has kept all calls. */
static void kept_replies_lost(void)
{
    BEGIN;
    CHECK_OK(test_task_create(C));
    CHECK_OK(task_reserve(C, GATES & ~511u, 10));
    CHECK_OK(test_thread_start_in(1, C, TEST_PRIORITY + 120, keep_all, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(1), 1));
    CHECK_OK(crowd_invokes(A, 0));
    CHECK_OK(test_delete(C));
}

static void task_deleted(void)
{
    BEGIN;
    CHECK_OK(make_deaf(1));
    CHECK_OK(test_gate_create(A, TEST_THREAD(1), 1));
    CHECK_OK(crowd_invokes(A, 0));
    struct task_info info;
    CHECK_OK(task_get_info(B, &info));
    CHECK_OK(test_delete(B));
}

static void factory_deleted(void)
{
    BEGIN;
    CHECK_OK(make_deaf(1));
    CHECK_OK(test_gate_create(A, TEST_THREAD(1), 1));
    CHECK_OK(crowd_invokes(A, 0));
    CHECK_OK(test_delete(E));
}

/* All wait until the same moment. */
static void timeouts_together(void)
{
    BEGIN;
    CHECK_OK(make_deaf(1));
    CHECK_OK(test_gate_create(A, TEST_THREAD(1), 1));
    CHECK_OK(make_utcbs());
    CHECK_OK(give(A));
    u64 now;
    __asm__ volatile("rdtime %0" : "=r"(now));
    u64 until = now / 10 + 20000; /* at 10 MHz */
    for (u32 i = 0; i < CROWD; i++)
        CHECK_OK(make_member(i, TEST_PRIORITY + 1 + i % 100, latency_wait_until, SEL(A, SEL_OP_CALL) | SEL_TIMED, until,
                             utcb_of(i)));
    sys_sleep(40000);
}

/* Gates and Irqs by the hundred, bound to one thread. */
static err_t bind_many(cap_t thread)
{
    err_t error = E_OK;
    for (u32 i = 0; i < MANY && !error; i++) {
        cap_t slot = (cap_t)(GATES + i);
        error = i % 2 ? factory_create_irq(E, slot) : factory_create_gate(E, slot);
        if (!error)
            error = i % 2 ? irq_bind(slot, thread, i) : gate_bind(slot, thread, i);
    }
    return error;
}

static void bound_thread_deleted(void)
{
    BEGIN;
    CHECK_OK(make_deaf(1));
    CHECK_OK(bind_many(TEST_THREAD(1)));
    CHECK_OK(test_delete(TEST_THREAD(1)));
    CHECK_OK(test_delete(E));
}

/* Each calls the one before it, which calls in turn; then somebody urgent, and all give up. */
static void long_chain(void)
{
    BEGIN;
    CHECK_OK(make_utcbs());
    CHECK_OK(make_deaf(1));
    CHECK_OK(test_gate_create(A, TEST_THREAD(1), 1));
    CHECK_OK(give(A));
    for (u32 i = 0; i < 100; i++) {
        cap_t before = i ? (cap_t)(GATES + i - 1) : A, own = (cap_t)(GATES + i);
        CHECK_OK(make_member(i, TEST_PRIORITY + 1 + i, latency_invoke, SEL(before, SEL_OP_CALL), 0, 0));
        CHECK_OK(factory_create_gate(E, own));
        CHECK_OK(gate_bind(own, (cap_t)(SLOTS + 2 * i), i));
        CHECK_OK(give(own));
    }
    CHECK_OK(test_delete((cap_t)(SLOTS + 2 * 99)));
    CHECK_OK(test_delete(TEST_THREAD(1)));
}

TESTS(TEST(deep_capabilities), TEST(wide_capabilities), TEST(deep_memory), TEST(wide_memory), TEST(gibibyte),
      TEST(scattered_pages), TEST(kernel_user_memory), TEST(full_message), TEST(gate_bound_anew), TEST(gate_deleted),
      TEST(server_deleted), TEST(semaphore_deleted), TEST(kept_replies_lost), TEST(task_deleted), TEST(factory_deleted),
      TEST(timeouts_together), TEST(bound_thread_deleted), TEST(long_chain));
