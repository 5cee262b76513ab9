/*
 * Address spaces that several CPUs use: what is taken away on one is gone on all of them when the operation returns.
 */
#include "lib/test/thread.h"

#define LEVEL   (TEST_PRIORITY - 10)
#define PAGE    4096ull
#define WRITERS 4

static volatile u64 writes[WRITERS];

/* Where writer i writes, and the same word as the test sees it. */
static volatile u64 *place(u64 i)
{
    return (volatile u64 *)(TEST_AREA + i * PAGE);
}

static volatile u64 *truth(u64 i)
{
    return (volatile u64 *)(test_ram() + i * PAGE);
}

static void write(u64 i)
{
    for (u64 n = 1;; n++) {
        *place(i) = n;
        writes[i] = n;
    }
}

/* Their pages, from the test RAM. */
static err_t map_writers(u64 first, u64 count, u32 rights)
{
    err_t error = E_OK;
    for (u64 i = first; i < first + count && !error; i++)
        error = task_map(TASK, TASK, FPAGE_MEM((vaddr_t)truth(i), 12, rights), (vaddr_t)place(i));
    return error;
}

static err_t start_writers(cap_t pager)
{
    for (u32 i = 0; i < WRITERS; i++) {
        writes[i] = 0;
        err_t error = test_thread_create(i, TASK, LEVEL, pager, 0);
        if (!error)
            error = scheduler_run_thread(SCHEDULER, TEST_THREAD(i), TEST_SC(i), (i + 1) % test_cpus());
        if (!error)
            error = test_thread_run(i, write, i);
        if (error)
            return error;
    }
    return E_OK;
}

static bool all_write(void)
{
    for (u32 i = 0; i < WRITERS; i++) {
        u64 before = writes[i];
        for (u32 k = 0; k < 2000 && writes[i] == before; k++)
            sys_sleep(500);
        if (writes[i] == before)
            return false;
    }
    return true;
}

/* Behind an unmap, not one more write arrives. */
static void no_write_arrives_behind_an_unmap(void)
{
    CHECK_OK(test_gate_create(A, THREAD, 9));
    CHECK_OK(map_writers(0, WRITERS, RIGHTS_RWX));
    CHECK_OK(start_writers(A));
    for (u32 round = 0; round < 16; round++) {
        u32 i = round % WRITERS;
        CHECK(all_write());
        CHECK_OK(task_unmap(TASK, FPAGE_MEM((vaddr_t)place(i), 12, RIGHTS_RWX), UNMAP_SELF));
        u64 last = *truth(i);
        struct msg m = {0};
        CHECK_OK(sys_wait(&m, 5000000, 0));
        CHECK_EQ(m.w[FAULT_WORD_ADDR] & ~(PAGE - 1), (vaddr_t)place(i));
        CHECK_EQ(*truth(i), last);
        CHECK_OK(map_writers(i, 1, RIGHTS_RWX));
        m = (struct msg){.tag = TAG(1, 0)};
        CHECK_OK(sys_reply(&m, 0));
    }
}

/* The same when only the right to write goes: the page can still be read. */
static void no_write_arrives_behind_a_loss_of_rights(void)
{
    CHECK_OK(test_gate_create(A, THREAD, 9));
    CHECK_OK(map_writers(0, WRITERS, RIGHTS_RWX));
    CHECK_OK(start_writers(A));
    CHECK(all_write());
    for (u32 i = 0; i < WRITERS; i++) {
        CHECK_OK(task_unmap(TASK, FPAGE_MEM((vaddr_t)place(i), 12, RIGHT_W), UNMAP_SELF));
        u64 last = *truth(i);
        struct msg m = {0};
        CHECK_OK(sys_wait(&m, 5000000, i + 32));
        CHECK_EQ(m.w[FAULT_WORD_ACCESS], RIGHT_W);
        CHECK_EQ(*place(i), last);
        CHECK_EQ(*truth(i), last);
    }
}

/* Pages come and go while others write: each fault is answered with the page, nobody is lost. */
static void pages_come_and_go_under_load(void)
{
    CHECK_OK(test_gate_create(A, THREAD, 9));
    CHECK_OK(start_writers(A));
    for (u32 round = 0; round < 40; round++) {
        struct msg m = {0};
        CHECK_OK(sys_wait(&m, 5000000, 0));
        u64 i = (m.w[FAULT_WORD_ADDR] - TEST_AREA) / PAGE;
        CHECK(i < WRITERS);
        CHECK_OK(map_writers(i, 1, RIGHTS_RWX));
        m = (struct msg){.tag = TAG(1, 0)};
        CHECK_OK(sys_reply(&m, 0));
        for (u64 n = writes[i]; writes[i] == n;)
            sys_sleep(100);
        CHECK_OK(task_unmap(TASK, FPAGE_MEM((vaddr_t)place(i), 12, RIGHTS_RWX), UNMAP_SELF));
    }
}

/* B's address space goes while its threads write in it on other CPUs; its tables and identifier are used again. */
static void spaces_go_while_others_are_in_them(void)
{
    for (u32 round = 0; round < 8; round++) {
        CHECK_OK(test_task_create(B));
        CHECK_OK(task_map(B, TASK, FPAGE_MEM((vaddr_t)truth(0), 14, RIGHTS_RWX), (vaddr_t)place(0)));
        for (u32 i = 0; i < WRITERS; i++) {
            writes[i] = 0;
            CHECK_OK(test_thread_create(i, B, LEVEL, 0, 0));
            CHECK_OK(scheduler_run_thread(SCHEDULER, TEST_THREAD(i), TEST_SC(i), (i + round) % test_cpus()));
            CHECK_OK(test_thread_run(i, write, i));
        }
        CHECK(all_write());
        CHECK_OK(test_delete(B));
        u64 last[WRITERS];
        for (u32 i = 0; i < WRITERS; i++)
            last[i] = *truth(i);
        sys_sleep(500);
        for (u32 i = 0; i < WRITERS; i++) {
            CHECK_EQ(*truth(i), last[i]);
            CHECK_OK(test_delete(TEST_THREAD(i)));
            CHECK_OK(test_delete(TEST_SC(i)));
        }
    }
}

/* A capability that is taken away while others call through it: behind the unmap, no call arrives. */
static volatile u64 arrived;

static void count_calls(u64 unused)
{
    struct msg m = {0};
    err_t error = sys_wait(&m, TIMEOUT_NEVER, 0);
    while (!error) {
        arrived++;
        error = sys_reply_wait(&m, 0);
    }
}

static void call_whenever_possible(u64 gate)
{
    for (;;) {
        struct msg m = {.tag = TAG(1, 0)};
        sys_call(&m, (cap_t)gate);
    }
}

/* Whether thread i receives, at the latest after some time. */
static bool waits(u32 i)
{
    u64 us, state = 0, priority;
    for (u32 k = 0; k < 10000 && state != THREAD_STATE_RECEIVING; k++) {
        if (thread_stats(TEST_THREAD(i), &us, &state, &priority))
            return false;
        sys_sleep(100);
    }
    return state == THREAD_STATE_RECEIVING;
}

static void no_call_arrives_behind_an_unmap(void)
{
    for (u32 cpu = 0; cpu < test_cpus() && cpu < 4; cpu++) {
        CHECK_OK(test_thread_start_on(0, cpu, TEST_PRIORITY + 1, count_calls, 0));
        CHECK_OK(test_thread_start_on(1, cpu, LEVEL, call_whenever_possible, C));
        CHECK_OK(test_gate_create(A, TEST_THREAD(0), 9));
        for (u32 round = 0; round < 8; round++) {
            u64 before = arrived;
            CHECK_OK(task_map(TASK, TASK, FPAGE_OBJ(A, 0, RIGHTS_ALL), (u64)C << FPAGE_START_SHIFT));
            for (u32 k = 0; k < 5000 && arrived == before; k++)
                sys_sleep(100);
            CHECK(arrived != before);
            CHECK_OK(task_unmap(TASK, FPAGE_OBJ(C, 0, RIGHTS_ALL), UNMAP_SELF));
            CHECK(waits(0)); /* the server is through with those that it had got by then */
            u64 last = arrived;
            sys_sleep(500);
            CHECK_EQ(arrived, last);
        }
        CHECK_OK(test_delete(A));
        for (u32 i = 0; i < 2; i++) {
            CHECK_OK(test_delete(TEST_THREAD(i)));
            CHECK_OK(test_delete(TEST_SC(i)));
        }
    }
}

TESTS(TEST(no_write_arrives_behind_an_unmap), TEST(no_write_arrives_behind_a_loss_of_rights),
      TEST(pages_come_and_go_under_load), TEST(spaces_go_while_others_are_in_them),
      TEST(no_call_arrives_behind_an_unmap));
