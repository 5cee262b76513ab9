/* Threads for tests of the kernel: see thread.h. */
#include "lib/test/thread.h"

#define STACK_SIZE 4096

struct start {
    void (*run)(u64);
    u64 argument;
    void (*serve)(struct msg *);
};

extern u64 test_tls[];
static u8 stacks[TEST_THREADS][STACK_SIZE] __attribute__((aligned(STACK_SIZE)));
static struct start starts[TEST_THREADS];

/* In arch/: load what C needs and call the functions below. */
void test_thread_entry(void);
void test_passive_entry(void);
void test_thread_main(u64 number);
void test_passive_main(struct msg *first);

u32 test_thread_number(void)
{
    u64 here = (u64)__builtin_frame_address(0) - (u64)stacks;
    return here < sizeof stacks ? (u32)(here / STACK_SIZE) : TEST_THREADS;
}

vaddr_t test_thread_stack(u32 i)
{
    return (vaddr_t)stacks[i];
}

static vaddr_t utcb_of(u32 i)
{
    return TEST_UTCBS + i * UTCB_SIZE;
}

static vaddr_t tls_of(u32 i)
{
    return (vaddr_t)&test_tls[(i + 1) * 8];
}

void test_thread_main(u64 number)
{
    sys_utcb = (struct utcb *)utcb_of((u32)number);
    starts[number].run(starts[number].argument);
    for (;;)
        sys_sleep(TIMEOUT_NEVER);
}

void test_passive_main(struct msg *first)
{
    u32 number = test_thread_number();
    sys_utcb = (struct utcb *)utcb_of(number);
    starts[number].serve(first);
}

err_t test_task_create(cap_t slot)
{
    err_t error = factory_create_task(FACTORY, slot);
    if (!error)
        error = task_map(slot, TASK, FPAGE_MEM(BOOT_IMAGE_BASE, 20, RIGHTS_RWX), BOOT_IMAGE_BASE);
    if (!error)
        error = task_add_ku_mem(slot, FPAGE_MEM(TEST_UTCBS, TEST_UTCBS_ORDER, 0));
    return error;
}

err_t test_thread_create(u32 i, cap_t task, u32 priority, cap_t pager, cap_t handler)
{
    err_t error = factory_create_thread(FACTORY, TEST_THREAD(i));
    if (!error)
        error = thread_control(TEST_THREAD(i), task, utcb_of(i), pager, handler);
    if (error || priority == 0)
        return error;
    error = factory_create_sc(FACTORY, TEST_SC(i), priority);
    return error ? error : scheduler_run_thread(SCHEDULER, TEST_THREAD(i), TEST_SC(i), 0);
}

err_t test_thread_adopt(u32 i, u32 cpu)
{
    err_t error = thread_control(TEST_THREAD(i), TASK, utcb_of(i), 0, 0);
    return error ? error : scheduler_run_thread(SCHEDULER, TEST_THREAD(i), TEST_SC(i), cpu);
}

err_t test_thread_run(u32 i, void (*run)(u64), u64 argument)
{
    starts[i] = (struct start){.run = run, .argument = argument};
    return thread_ex_regs(TEST_THREAD(i), EX_REGS_PC | EX_REGS_SP | EX_REGS_ARG | EX_REGS_TP,
                          (vaddr_t)test_thread_entry, (vaddr_t)stacks[i] + STACK_SIZE, i, tls_of(i));
}

err_t test_thread_start_in(u32 i, cap_t task, u32 priority, void (*run)(u64), u64 argument)
{
    err_t error = test_thread_create(i, task, priority, 0, 0);
    return error ? error : test_thread_run(i, run, argument);
}

err_t test_thread_start(u32 i, u32 priority, void (*run)(u64), u64 argument)
{
    return test_thread_start_in(i, TASK, priority, run, argument);
}

err_t test_thread_start_on(u32 i, u32 cpu, u32 priority, void (*run)(u64), u64 argument)
{
    err_t error = test_thread_create(i, TASK, priority, 0, 0);
    if (!error)
        error = scheduler_run_thread(SCHEDULER, TEST_THREAD(i), TEST_SC(i), cpu);
    return error ? error : test_thread_run(i, run, argument);
}

u32 test_cpus(void)
{
    struct msg m = {.tag = TAG(1, 0), .w = {OP_SCHEDULER_INFO}};
    return sys_object_call(SCHEDULER, &m) ? 1 : (u32)m.w[1];
}

err_t test_thread_start_passive(u32 i, cap_t task, void (*serve)(struct msg *))
{
    err_t error = test_thread_create(i, task, 0, 0, 0);
    if (error)
        return error;
    starts[i] = (struct start){.serve = serve};
    return thread_ex_regs(TEST_THREAD(i), EX_REGS_PC | EX_REGS_SP | EX_REGS_TP | EX_REGS_WAIT,
                          (vaddr_t)test_passive_entry, (vaddr_t)stacks[i] + STACK_SIZE, 0, tls_of(i));
}

err_t test_gate_create(cap_t slot, cap_t thread, u64 label)
{
    err_t error = factory_create_gate(FACTORY, slot);
    return error ? error : gate_bind(slot, thread, label);
}

void test_echo(u64 unused)
{
    struct msg m = {0};
    err_t error = sys_wait(&m, TIMEOUT_NEVER, 0);
    for (;;) {
        m.tag = error ? TAG(1, 0) : TAG(m.tag & TAG_WORDS_MASK, 0);
        m.w[0] = (u64)error;
        if ((error = sys_reply_wait(&m, 0)) == E_NOENT) /* the caller has not waited for the answer */
            error = sys_wait(&m, TIMEOUT_NEVER, 0);
    }
}

void test_serve(u64 unused)
{
    struct msg m = {0};
    sys_wait(&m, TIMEOUT_NEVER, 0);
    for (;;) {
        m = (struct msg){0};
        sys_reply_wait(&m, 0);
    }
}
