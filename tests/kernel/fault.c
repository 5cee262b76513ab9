/* Page faults and exceptions as messages: what they tell, and what each kind of answer does. */
#include "lib/test/thread.h"

#define ABOVE (TEST_PRIORITY + 10)
#define PAGER (TEST_PRIORITY + 20)
#define ODD   (TEST_AREA + 0x123450)

enum { FAULTER = 0, PAGER_THREAD = 1, HANDLER_THREAD = 2 };

/* What the pager and the handler saw, and what they shall answer. */
static volatile struct {
    u64 faults, address, access, pc;
    u64 exceptions, cause, tval, a0;
    u64 refuse;     /* pager: word 0 of its answer */
    u64 item, base; /* pager: what it maps */
    u64 skip;       /* handler: bytes to go on behind, 0: kills */
    u64 new_a0;
    u64 done, value;
} now;

static void serve_faults(u64 unused)
{
    struct msg m = {0};
    for (;;) {
        sys_wait(&m, TIMEOUT_NEVER, 0);
        now.faults++;
        now.address = m.w[FAULT_WORD_ADDR];
        now.access = m.w[FAULT_WORD_ACCESS];
        now.pc = m.w[FAULT_WORD_PC];
        sys_utcb->item[0] = (struct map_item){now.item, now.base};
        m = (struct msg){.tag = TAG(1, now.item != 0), .w = {now.refuse}};
        sys_reply(&m, 0);
    }
}

/* Answers with all registers as they came, but pc and a0. */
static void serve_exceptions(u64 unused)
{
    struct msg m = {0};
    for (;;) {
        sys_wait(&m, TIMEOUT_NEVER, 0);
        now.exceptions++;
        now.cause = m.w[EXC_WORD_CAUSE];
        now.tval = m.w[EXC_WORD_TVAL];
        now.pc = m.w[EXC_WORD_PC];
        now.a0 = sys_utcb->mr[EXC_WORD_REGS + 9]; /* x10 */
        sys_utcb->mr[EXC_WORD_REGS + 9] = now.new_a0;
        m.tag = TAG(EXC_WORDS, 0);
        m.w[EXC_WORD_OP] = now.skip == 0;
        m.w[EXC_WORD_PC] += now.skip;
        sys_reply(&m, 0);
    }
}

static err_t start_servers(cap_t task)
{
    now.faults = now.exceptions = now.refuse = now.item = now.base = now.skip = now.done = 0;
    err_t error = test_thread_start(PAGER_THREAD, PAGER, serve_faults, 0);
    if (!error)
        error = test_gate_create(A, TEST_THREAD(PAGER_THREAD), 1);
    if (!error)
        error = test_thread_start(HANDLER_THREAD, PAGER, serve_exceptions, 0);
    if (!error)
        error = test_gate_create(B, TEST_THREAD(HANDLER_THREAD), 2);
    return error ? error : test_thread_create(FAULTER, task, ABOVE, A, B);
}

static u64 state_of(u32 i)
{
    u64 cpu, state = ~0ull, priority;
    thread_stats(TEST_THREAD(i), &cpu, &state, &priority);
    return state;
}

static void load(u64 address)
{
    now.value = *(volatile u64 *)address;
    now.done = 1;
}

static void store(u64 address)
{
    *(volatile u64 *)address = 4711;
    now.done = 1;
}

static void jump(u64 address)
{
    ((void (*)(void))address)();
    now.done = 1;
}

static void pager_resolves_a_load(void)
{
    volatile u64 *ram = (volatile u64 *)(test_ram() + 0x450);
    CHECK_OK(start_servers(TASK));
    *ram = 815;
    now.item = FPAGE_MEM(test_ram(), 12, RIGHT_R);
    now.base = ODD & ~0xfffull;
    CHECK_OK(test_thread_run(FAULTER, load, ODD));
    CHECK_EQ(now.faults, 1);
    CHECK_EQ(now.address, ODD);
    CHECK_EQ(now.access, RIGHT_R);
    CHECK(now.done);
    CHECK_EQ(now.value, 815);
}

static void pager_resolves_a_store_in_another_task(void)
{
    volatile u64 *ram = (volatile u64 *)(test_ram() + 0x450);
    CHECK_OK(test_task_create(C));
    CHECK_OK(start_servers(C));
    *ram = 0;
    now.item = FPAGE_MEM(test_ram(), 12, RIGHT_R); /* first readable only: it faults again */
    now.base = ODD & ~0xfffull;
    CHECK_OK(test_thread_run(FAULTER, load, ODD));
    CHECK_EQ(now.faults, 1);
    CHECK_OK(task_unmap(C, FPAGE_MEM(ODD & ~0xfffull, 12, RIGHTS_RWX), UNMAP_SELF));
    now.item = FPAGE_MEM(test_ram(), 12, RIGHT_R | RIGHT_W);
    CHECK_OK(thread_ex_regs(TEST_THREAD(FAULTER), EX_REGS_STOP, 0, 0, 0, 0));
    CHECK_OK(test_thread_run(FAULTER, store, ODD));
    CHECK_EQ(now.access, RIGHT_W);
    CHECK_EQ(*ram, 4711);
}

static void store_to_readable_memory_faults(void)
{
    CHECK_OK(start_servers(TASK));
    CHECK_OK(task_map(TASK, TASK, FPAGE_MEM(test_ram(), 12, RIGHT_R), ODD & ~0xfffull));
    now.refuse = 1;
    CHECK_OK(test_thread_run(FAULTER, store, ODD));
    CHECK_EQ(now.access, RIGHT_W);
    CHECK_EQ(now.exceptions, 1);
    CHECK_EQ(now.cause, 15); /* store page fault */
    CHECK_EQ(now.tval, ODD);
    CHECK(!now.done);
    CHECK_EQ(state_of(FAULTER), THREAD_STATE_STOPPED);
}

static void memory_without_x_does_not_execute(void)
{
    CHECK_OK(start_servers(TASK));
    CHECK_OK(task_map(TASK, TASK, FPAGE_MEM(test_ram(), 12, RIGHT_R | RIGHT_W), ODD & ~0xfffull));
    now.refuse = 1;
    CHECK_OK(test_thread_run(FAULTER, jump, ODD));
    CHECK_EQ(now.access, RIGHT_X);
    CHECK_EQ(now.address, ODD);
    CHECK_EQ(now.pc, ODD);
}

static void answer_without_item_retries(void)
{
    volatile u64 *ram = (volatile u64 *)test_ram();
    CHECK_OK(start_servers(TASK));
    CHECK_OK(thread_ex_regs(TEST_THREAD(PAGER_THREAD), EX_REGS_STOP, 0, 0, 0, 0));
    CHECK_OK(test_thread_run(FAULTER, load, TEST_AREA)); /* waits for its pager */
    CHECK_EQ(state_of(FAULTER), THREAD_STATE_SENDING);
    *ram = 5;
    CHECK_OK(task_map(TASK, TASK, FPAGE_MEM(ram, 12, RIGHT_R), TEST_AREA)); /* somebody else was faster */
    CHECK_OK(test_thread_run(PAGER_THREAD, serve_faults, 0));
    CHECK(now.done);
    CHECK_EQ(now.value, 5);
    CHECK_EQ(now.faults, 1);
}

static void kernel_addresses_are_no_memory(void)
{
    const u64 address[] = {1ull << 38, 0xffffffc080200000ull, ~7ull, 1ull << 63, 0x4000000000000ull};
    for (u32 i = 0; i < sizeof address / sizeof *address; i++) {
        CHECK_OK(start_servers(TASK));
        now.refuse = 1;
        CHECK_OK(test_thread_run(FAULTER, i % 2 ? store : load, address[i]));
        CHECK_EQ(now.faults + now.exceptions, 2);
        CHECK_EQ(now.tval, address[i]);
        CHECK_EQ(state_of(FAULTER), THREAD_STATE_STOPPED);
        for (u32 k = 0; k < 3; k++) {
            CHECK_OK(test_delete(TEST_THREAD(k)));
            CHECK_OK(test_delete(TEST_SC(k)));
        }
        CHECK_OK(test_delete(A));
        CHECK_OK(test_delete(B));
    }
}

static void thread_without_pager_stops(void)
{
    CHECK_OK(test_thread_start(FAULTER, ABOVE, load, ODD));
    CHECK_EQ(state_of(FAULTER), THREAD_STATE_STOPPED);
}

static void pager_that_dies_stops_its_thread(void)
{
    CHECK_OK(start_servers(TASK));
    CHECK_OK(thread_ex_regs(TEST_THREAD(PAGER_THREAD), EX_REGS_STOP, 0, 0, 0, 0));
    CHECK_OK(test_thread_run(FAULTER, load, ODD));
    CHECK_OK(test_delete(TEST_THREAD(PAGER_THREAD)));
    CHECK(!now.done);
    CHECK_EQ(state_of(FAULTER), THREAD_STATE_STOPPED);
}

/* --- exceptions --- */

static void execute_illegal(u64 unused)
{
    register u64 a0 __asm__("a0") = 12345;
    __asm__ volatile(".4byte 0" : "+r"(a0));
    now.value = a0;
    now.done = 1;
}

static void execute_ebreak(u64 unused)
{
    __asm__ volatile(".option push\n.option norvc\nebreak\n.option pop");
    now.done = 1;
}

static void execute_privileged(u64 unused)
{
    __asm__ volatile("csrw sstatus, zero");
    now.done = 1;
}

static void handler_sees_and_sets_registers(void)
{
    CHECK_OK(start_servers(TASK));
    now.skip = 4;
    now.new_a0 = 54321;
    CHECK_OK(test_thread_run(FAULTER, execute_illegal, 0));
    CHECK_EQ(now.exceptions, 1);
    CHECK_EQ(now.cause, 2); /* illegal instruction */
    CHECK_EQ(now.a0, 12345);
    CHECK(now.done);
    CHECK_EQ(now.value, 54321);
    CHECK_EQ(now.faults, 0);
}

static void breakpoints_and_privileged_instructions_are_exceptions(void)
{
    CHECK_OK(start_servers(TASK));
    now.skip = 4;
    CHECK_OK(test_thread_run(FAULTER, execute_ebreak, 0));
    CHECK_EQ(now.cause, 3);
    CHECK(now.done);
    now.done = 0;
    CHECK_OK(thread_ex_regs(TEST_THREAD(FAULTER), EX_REGS_STOP, 0, 0, 0, 0));
    CHECK_OK(test_thread_run(FAULTER, execute_privileged, 0));
    CHECK_EQ(now.cause, 2);
    CHECK(now.done);
}

static void handler_may_kill(void)
{
    CHECK_OK(start_servers(TASK));
    CHECK_OK(test_thread_run(FAULTER, execute_ebreak, 0));
    CHECK_EQ(now.exceptions, 1);
    CHECK(!now.done);
    CHECK_EQ(state_of(FAULTER), THREAD_STATE_STOPPED);
}

static void spin(u64 unused)
{
    while (!*(volatile u64 *)&now.done)
        ;
    now.value = 1;
}

static void exceptions_can_be_forced(void)
{
    CHECK_OK(start_servers(TASK));
    CHECK_OK(sc_configure(TEST_SC(FAULTER), TEST_PRIORITY - 10, 0, 0, 0));
    CHECK_OK(test_thread_run(FAULTER, spin, 0));
    sys_sleep(2000); /* let it spin */
    CHECK_OK(thread_ex_regs(TEST_THREAD(FAULTER), EX_REGS_FORCE, 0, 0, 0, 0));
    CHECK_EQ(now.exceptions, 1);
    CHECK_EQ(now.cause, EXC_FORCED);
    CHECK_EQ(state_of(FAULTER), THREAD_STATE_STOPPED);
}

TESTS(TEST(pager_resolves_a_load), TEST(pager_resolves_a_store_in_another_task), TEST(store_to_readable_memory_faults),
      TEST(memory_without_x_does_not_execute), TEST(answer_without_item_retries), TEST(kernel_addresses_are_no_memory),
      TEST(thread_without_pager_stops), TEST(pager_that_dies_stops_its_thread), TEST(handler_sees_and_sets_registers),
      TEST(breakpoints_and_privileged_instructions_are_exceptions), TEST(handler_may_kill),
      TEST(exceptions_can_be_forced));
