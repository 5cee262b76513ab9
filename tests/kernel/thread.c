/* Threads: control, registers, stopping, statistics, and floating-point state that stays each thread's own. */
#include "lib/test/thread.h"

#define ABOVE    (TEST_PRIORITY + 10)
#define BELOW    (TEST_PRIORITY - 10)
#define AT(slot) ((u64)(slot) << FPAGE_START_SHIFT)

static volatile struct {
    u64 argument, runs, stop;
    double result[TEST_THREADS];
} now;

static void note_argument(u64 argument)
{
    now.argument = argument;
    now.runs++;
}

static u64 state_of(u32 i)
{
    u64 cpu, state = ~0ull, priority;
    thread_stats(TEST_THREAD(i), &cpu, &state, &priority);
    return state;
}

static void starts_with_its_registers(void)
{
    now.runs = 0;
    CHECK_OK(test_thread_start(0, ABOVE, note_argument, 0xfeedfacecafebeefull));
    CHECK_EQ(now.argument, 0xfeedfacecafebeefull);
    CHECK_EQ(now.runs, 1);
    CHECK_EQ(state_of(0), THREAD_STATE_RECEIVING);
}

static void control_is_checked(void)
{
    CHECK_OK(factory_create_thread(FACTORY, A));
    CHECK_OK(factory_create_gate(FACTORY, B));
    CHECK_EQ(test_invoke(A, OP_THREAD_CONTROL, 3, 8, 0, 0), E_INVAL);
    CHECK_EQ(test_invoke(A, OP_THREAD_CONTROL, 3, ~0ull, 0, 0), E_INVAL);
    CHECK_EQ(test_invoke(A, OP_THREAD_CONTROL, 3, THREAD_SET_TASK, TEST_UTCBS, 0), E_MSGSIZE);
    CHECK_EQ(thread_control(A, THREAD, TEST_UTCBS, 0, 0), E_INVAL); /* no task */
    CHECK_EQ(thread_control(A, SLOT_NONE, TEST_UTCBS, 0, 0), E_NOENT);
    CHECK_EQ(thread_control(A, TASK, TEST_UTCBS, TASK, 0), E_INVAL); /* no gate */
    CHECK_EQ(thread_control(A, TASK, TEST_UTCBS, 0, THREAD), E_INVAL);
    CHECK_EQ(thread_control(A, TASK, TEST_UTCBS + 8, 0, 0), E_FAULT);
    CHECK_EQ(thread_control(A, TASK, TEST_AREA, 0, 0), E_FAULT);
    CHECK_EQ(thread_control(A, TASK, (vaddr_t)test_ram(), 0, 0), E_FAULT); /* not kernel-user memory */
    CHECK_EQ(thread_control(A, TASK, ~1023ull, 0, 0), E_FAULT);
    CHECK_EQ(thread_control(A, TASK, 0xffffffc080200000ull, 0, 0), E_FAULT);
    CHECK_OK(thread_control(A, TASK, TEST_UTCBS, 0, 0));
    CHECK_EQ(thread_control(A, TASK, TEST_UTCBS, 0, 0), E_BUSY); /* once */
    CHECK_OK(thread_control(A, 0, 0, B, B));
    CHECK_OK(thread_control(A, 0, 0, B, 0)); /* another pager */
}

static void ex_regs_is_checked(void)
{
    CHECK_OK(factory_create_thread(FACTORY, A));
    CHECK_EQ(thread_ex_regs(A, EX_REGS_PC, 0x1000, 0, 0, 0), E_INVAL); /* it is in no task */
    CHECK_OK(thread_control(A, TASK, TEST_UTCBS, 0, 0));
    CHECK_EQ(thread_ex_regs(A, 0x100, 0, 0, 0, 0), E_INVAL);
    CHECK_EQ(thread_ex_regs(A, ~0ull, 0, 0, 0, 0), E_INVAL);
    CHECK_EQ(test_invoke(A, OP_THREAD_EX_REGS, 4, 0, 0, 0), E_MSGSIZE);
    CHECK_EQ(test_invoke(A, OP_THREAD_EX_REGS, 5, EX_REGS_TP, 0, 0), E_MSGSIZE);
    CHECK_EQ(thread_ex_regs(THREAD, EX_REGS_WAIT, 0, 0, 0, 0), E_BUSY); /* that is us */
    CHECK_OK(task_map(TASK, TASK, FPAGE_OBJ(A, 0, RIGHT_USE), AT(B)));
    CHECK_EQ(thread_ex_regs(B, EX_REGS_PC, 0, 0, 0, 0), E_PERM);
    CHECK_EQ(thread_control(B, TASK, TEST_UTCBS, 0, 0), E_PERM);
}

/* Wild values for pc and sp harm nobody but the thread. */
static void wild_registers_harm_only_the_thread(void)
{
    const u64 wild[] = {0, 1, 0x8000000000000000ull, ~0ull, 0xffffffc080200000ull, 1ull << 38, 0x80200000};
    for (u32 i = 0; i < sizeof wild / sizeof *wild; i++) {
        CHECK_OK(test_thread_create(0, TASK, ABOVE, 0, 0));
        CHECK_OK(thread_ex_regs(TEST_THREAD(0), EX_REGS_PC | EX_REGS_SP | EX_REGS_TP | EX_REGS_ARG, wild[i], wild[i],
                                wild[i], wild[i]));
        CHECK_EQ(state_of(0), THREAD_STATE_STOPPED);
        CHECK_OK(test_delete(TEST_THREAD(0)));
        CHECK_OK(test_delete(TEST_SC(0)));
    }
}

static void count(u64 unused)
{
    for (;;)
        now.runs++;
}

static void stops_and_goes_on(void)
{
    now.runs = 0;
    CHECK_OK(test_thread_start(0, BELOW, count, 0));
    sys_sleep(5000);
    CHECK(now.runs > 0);
    CHECK_OK(thread_ex_regs(TEST_THREAD(0), EX_REGS_STOP, 0, 0, 0, 0));
    CHECK_EQ(state_of(0), THREAD_STATE_STOPPED);
    u64 runs = now.runs;
    sys_sleep(5000);
    CHECK_EQ(now.runs, runs);
    CHECK_OK(thread_ex_regs(TEST_THREAD(0), 0, 0, 0, 0, 0));
    CHECK_EQ(state_of(0), THREAD_STATE_READY);
    sys_sleep(5000);
    CHECK(now.runs > runs);
}

static void statistics_tell_time_and_priority(void)
{
    u64 cpu, state, priority, later;
    CHECK_OK(test_thread_start(0, BELOW, count, 0));
    sys_sleep(20000);
    CHECK_OK(thread_stats(TEST_THREAD(0), &cpu, &state, &priority));
    CHECK_EQ(state, THREAD_STATE_READY);
    CHECK_EQ(priority, BELOW);
    CHECK(cpu > 10000 && cpu < 1000000);
    sys_sleep(20000);
    CHECK_OK(thread_stats(TEST_THREAD(0), &later, &state, &priority));
    CHECK(later > cpu + 10000);
}

static void switch_to_yields(void)
{
    CHECK_OK(test_thread_start(0, TEST_PRIORITY, note_argument, 1));
    now.runs = 0;
    CHECK_OK(test_thread_start(1, TEST_PRIORITY, note_argument, 2));
    for (u32 i = 0; i < 5 && now.runs == 0; i++)
        CHECK_OK(thread_switch_to(TEST_THREAD(1)));
    CHECK(now.runs > 0);
    CHECK_OK(thread_switch_to(THREAD));
    CHECK_OK(thread_ex_regs(TEST_THREAD(1), EX_REGS_STOP, 0, 0, 0, 0));
    CHECK_OK(thread_switch_to(TEST_THREAD(1))); /* it cannot run: no harm */
}

static void kills_itself(u64 unused)
{
    test_delete(TEST_THREAD(test_thread_number()));
    now.runs = 99; /* never */
}

static void may_delete_itself(void)
{
    now.runs = 0;
    CHECK_OK(test_thread_start(0, ABOVE, kills_itself, 0));
    CHECK_EQ(test_kind(TASK, TEST_THREAD(0)), 0);
    CHECK_EQ(now.runs, 0);
}

/* Two threads compute in turns; a third state, ours, lives through it. */
static void compute(u64 seed)
{
    double sum = 0, x = (double)seed;
    for (u32 i = 1; i <= 200000 && !now.stop; i++) {
        x = x * 1.0000001 + 1.0 / i;
        sum += x / (double)i;
    }
    now.result[test_thread_number()] = sum;
}

static double expected(u64 seed)
{
    double sum = 0, x = (double)seed;
    for (u32 i = 1; i <= 200000; i++) {
        x = x * 1.0000001 + 1.0 / i;
        sum += x / (double)i;
    }
    return sum;
}

static void floating_point_state_is_each_threads_own(void)
{
    double ours[3];
    now.stop = 0;
    for (u32 i = 0; i < 3; i++)
        ours[i] = expected(i + 3);
    for (u32 i = 0; i < 3; i++) {
        now.result[i] = 0;
        CHECK_OK(sc_configure(SC, TEST_PRIORITY, 0, 0, 0));
        CHECK_OK(test_thread_start(i, TEST_PRIORITY, compute, i + 3));
    }
    for (u32 i = 0; i < 200 && !(now.result[0] != 0 && now.result[1] != 0 && now.result[2] != 0); i++) {
        register double kept __asm__("fs0") = (double)i + 0.5;
        __asm__ volatile("" : "+f"(kept));
        sys_sleep(1000);
        __asm__ volatile("" : "+f"(kept));
        CHECK(kept == (double)i + 0.5);
    }
    for (u32 i = 0; i < 3; i++)
        CHECK(now.result[i] == ours[i]);
}

#define OR_IN(f) "fmv.x.d t0, " f "\nor %0, %0, t0\n"

static void read_floating_point_registers(u64 unused)
{
    u64 all;
    __asm__ volatile("frcsr %0\n" OR_IN("f0") OR_IN("f1") OR_IN("f7") OR_IN("f8") OR_IN("f9") OR_IN("f10") OR_IN("f17")
                         OR_IN("f18") OR_IN("f27") OR_IN("f28") OR_IN("f31")
                     : "=&r"(all)::"t0");
    now.argument = all;
}

static void new_threads_have_clean_floating_point_state(void)
{
    now.argument = 1;
    __asm__ volatile("fmv.d.x f0, %0; fmv.d.x f9, %0; fmv.d.x f17, %0; fmv.d.x f28, %0; fmv.d.x f31, %0" ::"r"(~0ull)
                     : "f0", "f9", "f17", "f28", "f31");
    CHECK_OK(test_thread_start(0, ABOVE, read_floating_point_registers, 0));
    CHECK_EQ(now.argument, 0);
}

static void several_threads_fill_a_task(void)
{
    struct task_info info;
    CHECK_OK(test_task_create(A));
    for (u32 i = 0; i < TEST_THREADS; i++)
        CHECK_OK(test_thread_start_in(i, A, ABOVE + i, note_argument, i));
    CHECK_OK(task_get_info(A, &info));
    CHECK_EQ(info.threads, TEST_THREADS);
    CHECK_OK(test_delete(A)); /* threads of a dead task do not run */
    for (u32 i = 0; i < TEST_THREADS; i++) {
        CHECK_EQ(state_of(i), THREAD_STATE_STOPPED);
        CHECK_EQ(thread_ex_regs(TEST_THREAD(i), 0, 0, 0, 0, 0), E_INVAL);
    }
}

TESTS(TEST(starts_with_its_registers), TEST(control_is_checked), TEST(ex_regs_is_checked),
      TEST(wild_registers_harm_only_the_thread), TEST(stops_and_goes_on), TEST(statistics_tell_time_and_priority),
      TEST(switch_to_yields), TEST(may_delete_itself), TEST(floating_point_state_is_each_threads_own),
      TEST(new_threads_have_clean_floating_point_state), TEST(several_threads_fill_a_task));
