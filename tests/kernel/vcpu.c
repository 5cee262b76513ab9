/*
 * Virtual CPUs: events that enter, the virtual interrupt flag, virtual user mode. Thread 0 is the virtual CPU; what it
 * runs in virtual user mode are functions of this program, mapped into a task of their own.
 */
#include "lib/test/thread.h"
#include "abi/vcpu.h"

#define ABOVE    (TEST_PRIORITY + 10)
#define BELOW    (TEST_PRIORITY - 10)
#define AT(slot) ((u64)(slot) << FPAGE_START_SHIFT)

#define VCPU_THREAD 0
#define STATE_PAGE  (TEST_UTCBS + 0x1c00) /* behind the threads' UTCBs */
#define state       ((volatile struct vcpu_state *)STATE_PAGE)
#define REG(n)      (EXC_WORD_REGS + (n) - 1)
#define USER_STACK  (TEST_AREA + 0x2000)

extern u64 test_tls[];

static volatile struct {
    u64 events, last, runs, stop, user, label, tag, w[MSG_REGS], cause, value;
    u64 entry_gave; /* what handles the event gave back: an error, or never */
    u64 guest;      /* slot of the task of virtual user mode, 0: own mode */
    u32 timeout;
    bool again;     /* resume after each event */
} now;

static u8 entry_stack[4096] __attribute__((aligned(16)));

/* Handles each event: notes it and, if told to, goes on. Runs without flags, so no other one comes between. */
static void entry(void)
{
    now.events++;
    now.last = state->event;
    now.user = state->user;
    now.label = state->label;
    now.tag = state->tag;
    now.cause = state->frame[EXC_WORD_CAUSE];
    now.value = state->frame[EXC_WORD_TVAL];
    for (u32 i = 0; i < MSG_REGS; i++)
        now.w[i] = state->w[i];
    if (now.again)
        now.entry_gave = thread_vcpu_resume(TEST_THREAD(VCPU_THREAD), now.guest, now.timeout);
    for (;;)
        sys_sleep(TIMEOUT_NEVER);
}

static void set_entry(u64 flags)
{
    state->flags = flags;
    state->pending = 0;
    state->entry_pc = (u64)entry;
    state->entry_tp = (u64)&test_tls[(VCPU_THREAD + 1) * 8];
    state->entry_sp = (u64)entry_stack + sizeof entry_stack;
}

/* Makes the virtual CPU; it does not run yet. */
static err_t make_vcpu(u32 priority, u64 flags)
{
    now.events = now.last = now.runs = now.stop = now.guest = 0;
    now.entry_gave = ~0ull;
    now.timeout = TIMEOUT_NEVER;
    now.again = false;
    err_t error = test_thread_create(VCPU_THREAD, TASK, priority, 0, 0);
    if (!error)
        error = thread_vcpu_control(TEST_THREAD(VCPU_THREAD), STATE_PAGE);
    set_entry(flags);
    return error;
}

static void count(u64 unused)
{
    while (!now.stop)
        now.runs++;
}

/* --- events in own mode --- */

static void control_is_checked(void)
{
    CHECK_OK(factory_create_thread(FACTORY, A));
    CHECK_EQ(thread_vcpu_control(A, STATE_PAGE), E_INVAL); /* in no task */
    CHECK_OK(thread_control(A, TASK, TEST_UTCBS, 0, 0));
    CHECK_EQ(thread_vcpu_control(A, STATE_PAGE + 8), E_FAULT);
    CHECK_EQ(thread_vcpu_control(A, (vaddr_t)test_ram()), E_FAULT); /* not kernel-user memory */
    CHECK_EQ(thread_vcpu_control(A, ~1023ull), E_FAULT);
    CHECK_OK(thread_vcpu_control(A, STATE_PAGE));
    CHECK_OK(thread_vcpu_control(A, 0));
    CHECK_OK(task_map(TASK, TASK, FPAGE_OBJ(A, 0, RIGHT_USE), AT(B)));
    CHECK_EQ(thread_vcpu_control(B, STATE_PAGE), E_PERM);
    CHECK_EQ(thread_vcpu_resume(A, 0, TIMEOUT_NEVER), E_INVAL); /* another thread */
    CHECK_EQ(thread_vcpu_resume(THREAD, 0, TIMEOUT_NEVER), E_INVAL); /* no virtual CPU */
}

static void signals_enter_a_running_thread(void)
{
    CHECK_OK(make_vcpu(BELOW, VCPU_EVENTS));
    CHECK_OK(factory_create_irq(FACTORY, A));
    CHECK_OK(irq_bind(A, TEST_THREAD(VCPU_THREAD), 0x77));
    now.again = true;
    CHECK_OK(test_thread_run(VCPU_THREAD, count, 0));
    sys_sleep(2000);
    CHECK(now.runs > 0);
    CHECK_EQ(now.events, 0);
    for (u32 i = 1; i <= 3; i++) {
        CHECK_OK(irq_trigger(A));
        u64 runs = now.runs;
        sys_sleep(2000);
        CHECK_EQ(now.events, i);
        CHECK_EQ(now.last, VCPU_EVENT_MESSAGE);
        CHECK_EQ(now.label, 0x77);
        CHECK_EQ(now.user, 0);
        CHECK(now.runs > runs); /* and goes on where it was */
    }
}

static void the_virtual_interrupt_flag_defers(void)
{
    CHECK_OK(make_vcpu(BELOW, 0));
    CHECK_OK(factory_create_irq(FACTORY, A));
    CHECK_OK(irq_bind(A, TEST_THREAD(VCPU_THREAD), 5));
    CHECK_OK(test_thread_run(VCPU_THREAD, count, 0));
    sys_sleep(2000);
    CHECK_EQ(state->pending, 0);
    CHECK_OK(irq_trigger(A));
    sys_sleep(2000);
    CHECK_EQ(now.events, 0);
    CHECK_EQ(state->pending, 1);
    state->flags = VCPU_EVENTS; /* it enters at the next occasion */
    CHECK_OK(irq_trigger(A));
    CHECK_OK(factory_create_irq(FACTORY, B));
    CHECK_OK(irq_bind(B, TEST_THREAD(VCPU_THREAD), 6));
    CHECK_OK(irq_trigger(B));
    sys_sleep(2000);
    CHECK_EQ(now.events, 1);
    CHECK_EQ(state->saved_flags, VCPU_EVENTS);
    CHECK_EQ(state->flags, 0);
    CHECK_EQ(state->pending, 1); /* one of them is still there */
}

/* Calls are answered by whoever handles the event; the caller's words and label come with it. */
static void answer(void)
{
    now.events++;
    struct msg m = {.tag = TAG(2, 0), .w = {E_OK, state->w[1] + state->label}};
    now.entry_gave = sys_reply(&m, 0);
    now.entry_gave = thread_vcpu_resume(TEST_THREAD(VCPU_THREAD), 0, TIMEOUT_NEVER);
}

static void calls_enter_and_are_answered(void)
{
    CHECK_OK(make_vcpu(BELOW, VCPU_EVENTS));
    CHECK_OK(test_gate_create(A, TEST_THREAD(VCPU_THREAD), 1000));
    state->entry_pc = (u64)answer;
    CHECK_OK(test_thread_run(VCPU_THREAD, count, 0));
    for (u64 i = 0; i < 5; i++) {
        struct msg m = {.tag = TAG(2, 0), .w = {1, i}};
        CHECK_OK(sys_call(&m, A));
        CHECK_EQ(m.w[1], 1000 + i);
        CHECK_EQ(now.events, i + 1);
    }
    sys_sleep(2000);
    CHECK(now.runs > 0);
}

static void waiting_takes_messages_as_ever(void)
{
    CHECK_OK(make_vcpu(ABOVE, VCPU_EVENTS));
    CHECK_OK(test_gate_create(A, TEST_THREAD(VCPU_THREAD), 3));
    CHECK_OK(test_thread_run(VCPU_THREAD, test_echo, 0));
    struct msg m = {.tag = TAG(2, 0), .w = {1, 42}};
    CHECK_OK(sys_call(&m, A));
    CHECK_EQ(m.w[1], 42);
    CHECK_EQ(now.events, 0);
}

static void faults(u64 unused)
{
    *(volatile u64 *)(TEST_AREA + 0x5000) = 1;
    now.runs = 1;
    __asm__ volatile("ebreak");
}

static void faults_of_own_mode_enter_if_asked(void)
{
    CHECK_OK(make_vcpu(ABOVE, VCPU_FAULTS));
    CHECK_OK(test_thread_run(VCPU_THREAD, faults, 0));
    CHECK_EQ(now.events, 1);
    CHECK_EQ(now.last, VCPU_EVENT_PAGE_FAULT);
    CHECK_EQ(now.w[FAULT_WORD_OP], FAULT_PAGE);
    CHECK_EQ(now.w[FAULT_WORD_ADDR], TEST_AREA + 0x5000);
    CHECK_EQ(now.w[FAULT_WORD_ACCESS], RIGHT_W);
    CHECK_EQ(now.w[FAULT_WORD_PC], state->frame[EXC_WORD_PC]);
    CHECK_EQ(state->saved_flags, VCPU_FAULTS);
}

static void exceptions_of_own_mode_enter_if_asked(void)
{
    CHECK_OK(make_vcpu(ABOVE, VCPU_EXCEPTIONS));
    CHECK_OK(task_map(TASK, TASK, FPAGE_MEM(test_ram(), 12, RIGHTS_RWX), TEST_AREA + 0x5000));
    CHECK_OK(test_thread_run(VCPU_THREAD, faults, 0));
    CHECK_EQ(now.runs, 1);
    CHECK_EQ(now.events, 1);
    CHECK_EQ(now.last, VCPU_EVENT_EXCEPTION);
    CHECK_EQ(now.cause, 3); /* breakpoint */
}

static void forced_exceptions_enter(void)
{
    CHECK_OK(make_vcpu(BELOW, VCPU_EXCEPTIONS));
    CHECK_OK(test_thread_run(VCPU_THREAD, count, 0));
    sys_sleep(1000);
    CHECK_OK(thread_ex_regs(TEST_THREAD(VCPU_THREAD), EX_REGS_FORCE, 0, 0, 0, 0));
    sys_sleep(1000);
    CHECK_EQ(now.events, 1);
    CHECK_EQ(now.cause, EXC_FORCED);
}

/* --- virtual user mode --- */

/* Runs in the other task, on registers alone. */
static void user_program(u64 unused)
{
    __asm__ volatile("li s0, 0x1234\n"
                     "li t3, 77\n"
                     "1: addi t3, t3, 1\n"
                     "j 1b\n");
}

static void user_system_call(void)
{
    u64 tag = TAG(3, 0), label, w[MSG_REGS] = {11, 22, 33};
    sys_arch_invoke(&tag, &label, w, SEL(9, SEL_OP_CALL));
    for (;;)
        ;
}

static void user_reply_wait(void)
{
    u64 tag = TAG(1, 0), label, w[MSG_REGS] = {1};
    sys_arch_invoke(&tag, &label, w, SEL(0, SEL_OP_REPLY_WAIT));
    for (;;)
        ;
}

static void user_writes_own_data(void)
{
    now.runs++;
    for (;;)
        ;
}

/* The task A sees the program's image, `rights` of it, and a stack. */
static err_t make_guest(u32 rights)
{
    err_t error = factory_create_task(FACTORY, A);
    if (!error)
        error = task_map(A, TASK, FPAGE_MEM(BOOT_IMAGE_BASE, 20, rights), BOOT_IMAGE_BASE);
    return error ? error : task_map(A, TASK, FPAGE_MEM(test_ram(), 12, RIGHTS_RWX), USER_STACK - 0x1000);
}

static void resume_user(u64 pc)
{
    for (u32 i = 0; i < EXC_WORDS; i++)
        state->frame[i] = 0;
    state->frame[EXC_WORD_PC] = pc;
    state->frame[REG(2)] = USER_STACK;
    now.entry_gave = thread_vcpu_resume(TEST_THREAD(VCPU_THREAD), now.guest, now.timeout);
}

static err_t run_user(void *pc, u32 priority, u64 flags)
{
    err_t error = make_vcpu(priority, 0);
    if (error)
        return error;
    state->saved_flags = flags;
    now.guest = A;
    return test_thread_run(VCPU_THREAD, resume_user, (u64)pc);
}

static void system_calls_are_events(void)
{
    CHECK_OK(make_guest(RIGHT_R | RIGHT_X));
    CHECK_OK(run_user(user_system_call, ABOVE, 0));
    CHECK_EQ(now.events, 1);
    CHECK_EQ(now.last, VCPU_EVENT_SYSCALL);
    CHECK_EQ(now.user, 1);
    CHECK_EQ(now.tag, TAG(3, 0));
    CHECK_EQ(now.label, SEL(9, SEL_OP_CALL));
    CHECK_EQ(now.w[0], 11);
    CHECK_EQ(now.w[1], 22);
    CHECK_EQ(now.w[2], 33);
    CHECK(state->frame[REG(2)] <= USER_STACK && state->frame[REG(2)] > USER_STACK - 0x1000);
}

static void all_ways_to_call_are_events(void)
{
    CHECK_OK(make_guest(RIGHT_R | RIGHT_X));
    CHECK_OK(run_user(user_reply_wait, ABOVE, 0));
    CHECK_EQ(now.events, 1);
    CHECK_EQ(now.last, VCPU_EVENT_SYSCALL);
    CHECK_EQ(now.label, SEL(0, SEL_OP_REPLY_WAIT));
}

static void user_mode_sees_its_own_space_only(void)
{
    CHECK_OK(make_guest(RIGHT_R | RIGHT_X)); /* its data are not writable there */
    CHECK_OK(run_user(user_writes_own_data, ABOVE, 0));
    CHECK_EQ(now.events, 1);
    CHECK_EQ(now.last, VCPU_EVENT_PAGE_FAULT);
    CHECK_EQ(now.user, 1);
    CHECK_EQ(now.w[FAULT_WORD_ACCESS], RIGHT_W);
    CHECK_EQ(now.runs, 0);
}

static void wild_user_mode_harms_nobody(void)
{
    const u64 wild[] = {0, ~0ull, 0xffffffc080200000ull, 1ull << 38, (u64)test_ram()};
    CHECK_OK(make_guest(RIGHT_R | RIGHT_X));
    for (u32 i = 0; i < sizeof wild / sizeof *wild; i++) {
        CHECK_OK(run_user((void *)wild[i], ABOVE, 0));
        CHECK_EQ(now.events, 1);
        CHECK_EQ(now.user, 1);
        CHECK_OK(test_delete(TEST_THREAD(0)));
        CHECK_OK(test_delete(TEST_SC(0)));
    }
}

static void time_limits_end_user_mode(void)
{
    CHECK_OK(make_guest(RIGHT_R | RIGHT_X));
    now.again = false;
    CHECK_OK(make_vcpu(BELOW, 0));
    now.guest = A;
    now.timeout = 3000;
    now.again = true;
    CHECK_OK(test_thread_run(VCPU_THREAD, resume_user, (u64)user_program));
    sys_sleep(40000);
    CHECK_EQ(now.last, VCPU_EVENT_TIMEOUT);
    CHECK(now.events >= 8 && now.events <= 14);
    CHECK_EQ(state->frame[REG(8)], 0x1234);
    CHECK(state->frame[REG(28)] > 100000 / 8); /* it goes on each time */
}

static void signals_end_user_mode(void)
{
    CHECK_OK(make_guest(RIGHT_R | RIGHT_X));
    CHECK_OK(run_user(user_program, BELOW, VCPU_EVENTS));
    CHECK_OK(factory_create_irq(FACTORY, B));
    CHECK_OK(irq_bind(B, TEST_THREAD(VCPU_THREAD), 9));
    sys_sleep(1000);
    CHECK_EQ(now.events, 0);
    CHECK_OK(irq_trigger(B));
    sys_sleep(1000);
    CHECK_EQ(now.events, 1);
    CHECK_EQ(now.last, VCPU_EVENT_MESSAGE);
    CHECK_EQ(now.user, 1);
    CHECK_EQ(now.label, 9);
    CHECK_EQ(state->frame[REG(8)], 0x1234);
}

static void signals_wait_while_the_flag_is_off(void)
{
    CHECK_OK(make_guest(RIGHT_R | RIGHT_X));
    CHECK_OK(run_user(user_program, BELOW, 0));
    CHECK_OK(factory_create_irq(FACTORY, B));
    CHECK_OK(irq_bind(B, TEST_THREAD(VCPU_THREAD), 9));
    CHECK_OK(irq_trigger(B));
    sys_sleep(3000);
    CHECK_EQ(now.events, 0);
    CHECK_EQ(state->pending, 1);
}

static void destroyed_task_brings_it_back(void)
{
    CHECK_OK(make_guest(RIGHT_R | RIGHT_X));
    CHECK_OK(run_user(user_program, BELOW, 0));
    sys_sleep(1000);
    CHECK_OK(test_delete(A));
    sys_sleep(1000);
    CHECK_EQ(now.events, 1);
    CHECK_EQ(now.last, VCPU_EVENT_GONE);
    CHECK_EQ(state->frame[REG(8)], 0x1234);
}

static void ex_regs_brings_it_back(void)
{
    CHECK_OK(make_guest(RIGHT_R | RIGHT_X));
    CHECK_OK(run_user(user_program, BELOW, 0));
    sys_sleep(1000);
    CHECK_EQ(thread_vcpu_control(TEST_THREAD(VCPU_THREAD), 0), E_BUSY);
    CHECK_OK(thread_ex_regs(TEST_THREAD(VCPU_THREAD), EX_REGS_STOP, 0, 0, 0, 0));
    CHECK_OK(test_thread_run(VCPU_THREAD, count, 0));
    sys_sleep(1000);
    CHECK(now.runs > 0);
    CHECK_EQ(now.events, 0);
    CHECK_OK(thread_vcpu_control(TEST_THREAD(VCPU_THREAD), 0));
}

static void resume_while_owing(u64 unused)
{
    struct msg m = {0};
    sys_wait(&m, TIMEOUT_NEVER, 0);
    now.entry_gave = thread_vcpu_resume(TEST_THREAD(VCPU_THREAD), A, TIMEOUT_NEVER);
    m = (struct msg){.tag = TAG(1, 0)};
    sys_reply(&m, 0);
}

static void who_owes_an_answer_stays_in_own_mode(void)
{
    CHECK_OK(make_guest(RIGHT_R | RIGHT_X));
    CHECK_OK(make_vcpu(ABOVE, 0));
    CHECK_OK(test_gate_create(B, TEST_THREAD(VCPU_THREAD), 3));
    CHECK_OK(test_thread_run(VCPU_THREAD, resume_while_owing, 0));
    struct msg m = {.tag = TAG(1, 0)};
    CHECK_OK(sys_call(&m, B));
    CHECK_EQ(now.entry_gave, E_BUSY);
}

static void dies_in_user_mode(void)
{
    CHECK_OK(make_guest(RIGHT_R | RIGHT_X));
    CHECK_OK(run_user(user_program, BELOW, 0));
    sys_sleep(1000);
    CHECK_OK(test_delete(TEST_THREAD(VCPU_THREAD)));
    CHECK_OK(test_delete(A));
}

TESTS(TEST(control_is_checked), TEST(signals_enter_a_running_thread), TEST(the_virtual_interrupt_flag_defers),
      TEST(calls_enter_and_are_answered), TEST(waiting_takes_messages_as_ever), TEST(faults_of_own_mode_enter_if_asked),
      TEST(exceptions_of_own_mode_enter_if_asked), TEST(forced_exceptions_enter), TEST(system_calls_are_events),
      TEST(all_ways_to_call_are_events), TEST(user_mode_sees_its_own_space_only), TEST(wild_user_mode_harms_nobody),
      TEST(time_limits_end_user_mode), TEST(signals_end_user_mode), TEST(signals_wait_while_the_flag_is_off),
      TEST(destroyed_task_brings_it_back), TEST(ex_regs_brings_it_back), TEST(who_owes_an_answer_stays_in_own_mode),
      TEST(dies_in_user_mode));
