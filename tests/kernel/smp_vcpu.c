/*
 * Virtual CPUs and device lines on each CPU in turn: guests in virtual user mode whose events enter there, signals and
 * ends that come from CPU 0, and a line that follows its Irq's thread. With one CPU the same happens on that.
 */
#include "hw/ns16550.h"
#include "lib/test/thread.h"
#include "abi/vcpu.h"

#define LEVEL      (TEST_PRIORITY - 10)
#define ROUNDS     50
#define STATE_PAGE (TEST_UTCBS + 0x3c00) /* the UTCB of thread 15, which is not made */
#define state      ((volatile struct vcpu_state *)STATE_PAGE)
#define REG(n)     (EXC_WORD_REGS + (n) - 1)
#define VCPU       0

extern u64 test_tls[];

static volatile struct {
    u64 calls, signals, gone, wrong; /* events of each kind */
    u64 label, gp, given_up;
} seen;

static u8 entry_stack[4096] __attribute__((aligned(16)));

/* Notes the event and goes on with the guest; when the guest's task has gone, ends. */
static void entry(void)
{
    u64 event = state->event;
    seen.gp = state->frame[REG(3)];
    if (event == VCPU_EVENT_SYSCALL) {
        seen.wrong += !state->user || state->w[0] != seen.calls + 1;
        seen.calls++;
    } else if (event == VCPU_EVENT_MESSAGE) {
        seen.label = state->label;
        seen.signals++;
    } else {
        seen.wrong += event != VCPU_EVENT_GONE;
        seen.gone++;
    }
    if (event != VCPU_EVENT_GONE) {
        thread_vcpu_resume(TEST_THREAD(VCPU), A, TIMEOUT_NEVER);
        seen.gone++; /* it ended before it could go on */
    }
    for (;;)
        sys_sleep(TIMEOUT_NEVER);
}

/* The guest: ROUNDS system calls, the number of each in word 0; then it spins. gp and s0 survive a call. */
static void guest_calls(void)
{
    __asm__ volatile("li gp, 0x1234\n"
                     "li s0, 0\n"
                     "1: addi s0, s0, 1\n"
                     "mv s2, s0\n"
                     "li s1, 1\n"
                     "li a0, 9\n"
                     "ecall\n"
                     "li t0, %0\n"
                     "bne s0, t0, 1b\n"
                     "2: j 2b\n" : : "i"(ROUNDS));
}

static void resume_guest(u64 pc)
{
    for (u32 i = 0; i < EXC_WORDS; i++)
        state->frame[i] = 0;
    state->frame[EXC_WORD_PC] = pc;
    thread_vcpu_resume(TEST_THREAD(VCPU), A, TIMEOUT_NEVER);
    seen.given_up = 1;
}

/* A guest in a task of its own, on this CPU, that makes its system calls and then does nothing for ever. */
static err_t start_guest(u32 cpu)
{
    seen.calls = seen.signals = seen.gone = seen.wrong = seen.given_up = 0;
    err_t error = factory_create_task(FACTORY, A);
    if (!error)
        error = task_map(A, TASK, FPAGE_MEM(BOOT_IMAGE_BASE, 20, RIGHT_R | RIGHT_X), BOOT_IMAGE_BASE);
    if (!error)
        error = test_thread_create(VCPU, TASK, LEVEL, 0, 0);
    if (!error)
        error = scheduler_run_thread(SCHEDULER, TEST_THREAD(VCPU), TEST_SC(VCPU), cpu);
    if (!error)
        error = thread_vcpu_control(TEST_THREAD(VCPU), STATE_PAGE);
    if (error)
        return error;
    state->flags = state->pending = 0;
    state->saved_flags = VCPU_EVENTS;
    state->entry_pc = (u64)entry;
    state->entry_tp = (u64)&test_tls[(VCPU + 1) * 8];
    state->entry_sp = (u64)entry_stack + sizeof entry_stack;
    return test_thread_run(VCPU, resume_guest, (u64)guest_calls);
}

static bool comes_to(volatile u64 *what, u64 value)
{
    for (u32 i = 0; i < 20000 && *what < value; i++)
        sys_sleep(1000);
    return *what == value;
}

static err_t end_guest(void)
{
    err_t error = test_delete(TEST_THREAD(VCPU));
    return error ? error : test_delete(TEST_SC(VCPU));
}

static void guests_call_on_every_cpu(void)
{
    for (u32 cpu = 0; cpu < test_cpus(); cpu++) {
        CHECK_OK(start_guest(cpu));
        CHECK(comes_to(&seen.calls, ROUNDS));
        CHECK_EQ(seen.wrong, 0);
        CHECK_EQ(seen.given_up, 0);
        CHECK_EQ(seen.gp, 0x1234);
        CHECK_OK(end_guest());
        CHECK_OK(test_delete(A));
    }
}

/* From CPU 0: signals that enter while the guest runs elsewhere, then its task goes. */
static void signals_and_ends_reach_guests_everywhere(void)
{
    for (u32 cpu = 0; cpu < test_cpus(); cpu++) {
        CHECK_OK(start_guest(cpu));
        CHECK_OK(factory_create_irq(FACTORY, B));
        CHECK_OK(irq_bind(B, TEST_THREAD(VCPU), 40 + cpu));
        for (u64 i = 1; i <= ROUNDS; i++) {
            CHECK_OK(irq_trigger(B));
            CHECK(comes_to(&seen.signals, i));
            CHECK_EQ(seen.label, 40 + cpu);
        }
        CHECK(comes_to(&seen.calls, ROUNDS)); /* none was lost by them */
        CHECK_EQ(seen.gone, 0);
        CHECK_OK(test_delete(A));
        CHECK(comes_to(&seen.gone, 1));
        CHECK_EQ(seen.wrong, 0);
        CHECK_EQ(seen.gp, 0x1234);
        CHECK_OK(end_guest());
        CHECK_OK(test_delete(B));
    }
}

/* The virtual CPU goes from CPU to CPU while its guest runs, with signals behind it. */
static void guests_move(void)
{
    CHECK_OK(start_guest(0));
    CHECK_OK(factory_create_irq(FACTORY, B));
    CHECK_OK(irq_bind(B, TEST_THREAD(VCPU), 7));
    for (u64 i = 1; i <= ROUNDS; i++) {
        u32 cpu = (u32)test_random() % test_cpus();
        CHECK_OK(scheduler_run_thread(SCHEDULER, TEST_THREAD(VCPU), TEST_SC(VCPU), cpu));
        CHECK_OK(irq_trigger(B));
        CHECK(comes_to(&seen.signals, i));
    }
    CHECK(comes_to(&seen.calls, ROUNDS));
    CHECK_EQ(seen.wrong, 0);
    CHECK_EQ(seen.gp, 0x1234);
    CHECK_OK(end_guest());
}

/* --- a device's line --- */

#define UART      0x10000000ull
#define UART_LINE 10

static volatile u64 served, wrong_label;

/* The serial line's transmitter is empty as good as always: enabling its interrupt raises the line. */
static void set_line(bool high)
{
    *(volatile u8 *)(UART + NS16550_IER) = high ? NS16550_IER_THRE : 0;
}

static void serve_line(u64 label)
{
    struct msg m = {0};
    while (!sys_wait(&m, TIMEOUT_NEVER, 0)) {
        wrong_label += m.label != label;
        set_line(false);
        irq_unmask(A);
        served++;
    }
}

/* Each time the line rises, from now on, its thread hears of it. */
static bool line_is_heard(void)
{
    u64 before = served;
    for (u64 i = 1; i <= ROUNDS; i++) {
        set_line(true);
        if (!comes_to(&served, before + i)) {
            set_line(false);
            return false;
        }
    }
    return wrong_label == 0;
}

static err_t start_line(u32 cpu)
{
    served = wrong_label = 0;
    set_line(false);
    err_t error = factory_create_irq(FACTORY, A);
    if (!error)
        error = test_thread_start_on(0, cpu, LEVEL, serve_line, 5);
    if (!error)
        error = irq_bind(A, TEST_THREAD(0), 5);
    return error ? error : icu_bind(ICU, UART_LINE, A);
}

static void lines_reach_every_cpu(void)
{
    for (u32 cpu = 0; cpu < test_cpus(); cpu++) {
        CHECK_OK(start_line(cpu));
        CHECK(line_is_heard());
        CHECK_OK(test_delete(A));
        CHECK_OK(test_delete(TEST_THREAD(0)));
        CHECK_OK(test_delete(TEST_SC(0)));
    }
}

/* The line is bound once; its thread moves, or the Irq goes to a thread of another CPU. */
static void lines_follow_their_thread(void)
{
    CHECK_OK(start_line(0));
    for (u32 cpu = test_cpus(); cpu-- > 0;) {
        CHECK_OK(scheduler_run_thread(SCHEDULER, TEST_THREAD(0), TEST_SC(0), cpu));
        CHECK(line_is_heard());
    }
    for (u32 i = 1; i < test_cpus() && i < TEST_THREADS; i++) {
        CHECK_OK(test_thread_start_on(i, i, LEVEL, serve_line, 5 + i));
        CHECK_OK(irq_bind(A, TEST_THREAD(i), 5 + i));
        CHECK(line_is_heard());
    }
}

/* --- CPUs that there are not --- */

static volatile u64 runs;

static void count(u64 unused)
{
    for (;;)
        runs++;
}

/* A CPU that is not online takes nobody: who was to go there stays where it was, with its SC and Irqs. */
static void threads_stay_where_no_cpu_is(void)
{
    const u32 bad[] = {test_cpus(), 63, 64, 1u << 31, ~0u};
    CHECK_OK(test_thread_start_on(1, test_cpus() - 1, LEVEL, count, 0));
    CHECK_OK(factory_create_sc(FACTORY, B, LEVEL));
    CHECK_OK(start_line(test_cpus() - 1));
    for (u32 i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (bad[i] < test_cpus())
            continue;
        bool online = true;
        CHECK_OK(scheduler_is_online(SCHEDULER, bad[i], &online));
        CHECK(!online);
        CHECK_EQ(scheduler_run_thread(SCHEDULER, TEST_THREAD(1), TEST_SC(1), bad[i]), E_RANGE);
        CHECK_EQ(scheduler_run_thread(SCHEDULER, TEST_THREAD(1), B, bad[i]), E_RANGE);
        CHECK_EQ(scheduler_run_thread(SCHEDULER, TEST_THREAD(1), 0, bad[i]), E_RANGE);
        CHECK_EQ(scheduler_run_thread(SCHEDULER, TEST_THREAD(0), TEST_SC(0), bad[i]), E_RANGE);
        CHECK_EQ(sc_configure(TEST_SC(1), LEVEL, 0, 0, bad[i]), E_RANGE);
        u64 before = runs;
        for (u32 k = 0; k < 20000 && runs == before; k++)
            sys_sleep(1000);
        CHECK(runs != before);
        CHECK(line_is_heard());
    }
}

TESTS(TEST(guests_call_on_every_cpu), TEST(signals_and_ends_reach_guests_everywhere), TEST(guests_move),
      TEST(lines_reach_every_cpu), TEST(lines_follow_their_thread), TEST(threads_stay_where_no_cpu_is));
