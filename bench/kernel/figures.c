/*
 * What the kernel's paths cost, in instructions: user and kernel together, on one hart under `-icount shift=0`, where
 * the instruction counter is exact. Runs as the first task, on nothing but the kernel, and prints lines
 *
 *   # figure NAME VALUE
 *
 * for tools/bench. The public stubs are measured, inlined into code that has live registers of its own.
 */
#include "abi/arch/riscv64.h"
#include "bench/kernel/measure.h"
#include "hw/ns16550.h"
#include "lib/test/thread.h"

#define ABOVE (TEST_PRIORITY + 10)

#define PAGE_SIZE ARCH_PAGE_SIZE

#define FAULT_PLACE (TEST_AREA + 0x10000) /* where task B has memory */
static u64 frame;                         /* that is mapped there */

/* A page beside FAULT_PLACE of task B: there are page tables and room for nodes. */
static void make_tables(void)
{
    frame = (u64)test_ram();
    for (u64 i = 1; i < 4; i++)
        task_map(B, TASK, FPAGE_MEM(frame + i * PAGE_SIZE, ARCH_PAGE_SHIFT, RIGHTS_RWX), FAULT_PLACE + i * PAGE_SIZE);
}

/* --- calls --- */

static void serve(u64 words)
{
    struct msg m = {0};
    sys_wait(&m, TIMEOUT_NEVER, 0);
    for (;;) {
        m = (struct msg){.tag = TAG(words, 0), .w = {m.w[0], m.w[1], m.w[2], m.w[3], m.w[4], m.w[5], m.w[6], m.w[7]}};
        sys_reply_wait(&m, 0);
    }
}

static void serve_passive(struct msg *m)
{
    for (;;) {
        *m = (struct msg){0};
        sys_reply_wait(m, 0);
    }
}

static volatile double shared_sum;

static void serve_floating(u64 unused)
{
    struct msg m = {0};
    double sum = 0;
    sys_wait(&m, TIMEOUT_NEVER, 0);
    for (;;) {
        __asm__ volatile("fadd.d %0, %0, %0" : "+f"(sum));
        m = (struct msg){0};
        sys_reply_wait(&m, 0);
    }
}

static void start_server(void (*run)(u64), u64 argument)
{
    test_task_create(B);
    test_thread_start_in(0, B, ABOVE, run, argument);
    test_gate_create(A, TEST_THREAD(0), 1);
}

static void call_0w(void)
{
    start_server(test_serve, 0);
    report("ipc.call.0w", measure_calls(0, 0));
}

static void call_8w(void)
{
    start_server(serve, 8);
    report("ipc.call.8w", measure_calls(8, 0));
}

static void call_64w(void)
{
    start_server(serve, 64);
    report("ipc.call.64w", measure_calls(64, 0));
}

static void call_passive(void)
{
    test_task_create(B);
    test_thread_start_passive(0, B, serve_passive);
    test_gate_create(A, TEST_THREAD(0), 1);
    report("ipc.call.passive", measure_calls(0, 0));
}

static void call_fpu(void)
{
    double sum = 1;
    u64 least = ~0ull;
    start_server(serve_floating, 0);
    for (u32 i = 0; i < ROUNDS; i++) {
        u64 start = test_instructions();
        struct msg m = {0};
        __asm__ volatile("fadd.d %0, %0, %0" : "+f"(sum));
        sys_call(&m, A);
        u64 spent = test_instructions() - start;
        least = spent < least ? spent : least;
    }
    shared_sum = sum;
    report("ipc.call.fpu", least - overhead());
}

/* --- messages with items --- */

/* Maps what arrives into its window and does no more with it. */
static void serve_items(u64 window)
{
    struct msg m = {0};
    sys_utcb->window[0] = window;
    sys_wait(&m, TIMEOUT_NEVER, 0);
    for (;;) {
        m = (struct msg){0};
        sys_reply_wait(&m, 0);
    }
}

/* Calls through gate A with one item; between the rounds it is taken away again. */
static u64 measure_items(u64 item)
{
    u64 least = ~0ull;
    for (u32 i = 0; i < ROUNDS; i++) {
        u64 start = test_instructions();
        sys_utcb->item[0] = (struct map_item){.what = item};
        struct msg m = {.tag = TAG(0, 1)};
        sys_call(&m, A);
        u64 spent = test_instructions() - start;
        if (sys_tag_error(m.tag))
            test_fail(__FILE__, __LINE__, "the item did not arrive");
        least = spent < least ? spent : least;
        task_unmap(TASK, item, 0);
    }
    return least - overhead();
}

static void call_cap(void)
{
    start_server(serve_items, FPAGE_OBJ(C, 0, RIGHTS_ALL));
    factory_create_gate(FACTORY, C);
    task_map(B, TASK, FPAGE_OBJ(C, 0, RIGHTS_ALL), (u64)D << FPAGE_START_SHIFT); /* so that there are slots */
    report("ipc.call.cap", measure_items(FPAGE_OBJ(C, 0, RIGHTS_ALL)));
}

static void invoke_null(void)
{
    u64 least = ~0ull;
    for (u32 i = 0; i < ROUNDS; i++) {
        u64 start = test_instructions();
        struct msg m = {0};
        sys_call(&m, SLOT_NONE);
        u64 spent = test_instructions() - start;
        least = spent < least ? spent : least;
    }
    report("invoke.null", least - overhead());
}

/* --- signals --- */

static volatile u64 woken_at;

static void wait_for_signals(u64 unused)
{
    struct msg m = {0};
    for (;;) {
        sys_wait(&m, TIMEOUT_NEVER, 0);
        woken_at = test_instructions();
    }
}

static void irq_wake(void)
{
    u64 least = ~0ull;
    factory_create_irq(FACTORY, A);
    test_task_create(B);
    test_thread_start_in(0, B, ABOVE, wait_for_signals, 0);
    irq_bind(A, TEST_THREAD(0), 1);
    for (u32 i = 0; i < ROUNDS; i++) {
        u64 start = test_instructions();
        struct msg m = {.tag = TAG(1, 0), .w = {OP_IRQ_TRIGGER}};
        sys_call(&m, A);
        u64 spent = woken_at - start;
        least = spent < least ? spent : least;
    }
    report("irq.wake", least - overhead());
}

#define UART      0x10000000ull
#define UART_LINE 10

/* The serial line's transmitter is empty as good as always: enabling its interrupt raises the line. */
static void uart_interrupt(bool on)
{
    *(volatile u8 *)(UART + NS16550_IER) = on ? NS16550_IER_THRE : 0;
}

static void wait_for_lines(u64 unused)
{
    for (;;) {
        irq_receive(A, TIMEOUT_NEVER);
        woken_at = test_instructions();
        uart_interrupt(false);
        irq_unmask(A);
    }
}

static void irq_device(void)
{
    u64 least = ~0ull;
    factory_create_irq(FACTORY, A);
    test_thread_start(0, ABOVE, wait_for_lines, 0);
    irq_bind(A, TEST_THREAD(0), 1);
    icu_bind(ICU, UART_LINE, A);
    for (u32 i = 0; i < ROUNDS; i++) {
        u64 start = test_instructions();
        uart_interrupt(true);
        u64 spent = woken_at - start;
        least = spent < least ? spent : least;
    }
    icu_unbind(ICU, UART_LINE);
    report("irq.device", least - overhead());
}

/* --- page faults --- */

static void serve_faults(u64 memory)
{
    struct msg m = {0};
    sys_wait(&m, TIMEOUT_NEVER, 0);
    for (;;) {
        sys_utcb->item[0] = (struct map_item){.what = FPAGE_MEM(memory, ARCH_PAGE_SHIFT, RIGHTS_RWX),
                                              .base = m.w[FAULT_WORD_ADDR] & ~(PAGE_SIZE - 1)};
        m = (struct msg){.tag = TAG(1, 1)};
        sys_reply_wait(&m, 0);
    }
}

static volatile u64 fault_cost;

static void take_faults(u64 unused)
{
    for (;;) {
        u64 start = test_instructions();
        *(volatile u64 *)FAULT_PLACE;
        fault_cost = test_instructions() - start;
        struct msg m = {0};
        sys_call(&m, F); /* to the measuring thread, which takes the page away again */
    }
}

static void fault_pager(void)
{
    u64 least = ~0ull;
    struct msg m = {0};
    test_task_create(B);
    test_gate_create(F, THREAD, 2);
    task_map(B, TASK, FPAGE_OBJ(F, 0, RIGHTS_ALL), F << FPAGE_START_SHIFT);
    make_tables();
    test_thread_start(1, ABOVE + 1, serve_faults, frame);
    test_gate_create(A, TEST_THREAD(1), 1);
    test_thread_create(0, B, ABOVE, A, 0);
    test_thread_run(0, take_faults, 0);
    sys_wait(&m, TIMEOUT_NEVER, 0);
    for (u32 i = 0; i < ROUNDS; i++) {
        least = fault_cost < least ? fault_cost : least;
        task_unmap(B, FPAGE_MEM(FAULT_PLACE, ARCH_PAGE_SHIFT, RIGHTS_RWX), UNMAP_SELF);
        m = (struct msg){0};
        sys_reply_wait(&m, 0);
    }
    report("fault.pager", least - overhead());
}

/* --- mapping and creating --- */

static u64 measure(void (*before)(void), void (*what)(void), void (*after)(void))
{
    u64 least = ~0ull;
    for (u32 i = 0; i < ROUNDS; i++) {
        if (before)
            before();
        u64 start = test_instructions();
        what();
        u64 spent = test_instructions() - start;
        if (after)
            after();
        least = spent < least ? spent : least;
    }
    return least - overhead();
}

static void map_one(void)
{
    task_map(B, TASK, FPAGE_MEM(frame, ARCH_PAGE_SHIFT, RIGHTS_RWX), FAULT_PLACE);
}

static void unmap_one(void)
{
    task_unmap(B, FPAGE_MEM(FAULT_PLACE, ARCH_PAGE_SHIFT, RIGHTS_RWX), UNMAP_SELF);
}

static void call_page(void)
{
    start_server(serve_items, FPAGE_MEM(FAULT_PLACE, ARCH_PAGE_SHIFT, RIGHTS_RWX));
    make_tables();
    report("ipc.call.page", measure_items(FPAGE_MEM(frame, ARCH_PAGE_SHIFT, RIGHTS_RWX)));
}

#define CHILDREN 16

static void map_many(void)
{
    for (u64 i = 0; i < CHILDREN; i++)
        task_map(B, TASK, FPAGE_MEM(frame, ARCH_PAGE_SHIFT, RIGHTS_RWX), FAULT_PLACE + (8 + i) * PAGE_SIZE);
}

static void unmap_many(void)
{
    task_unmap(TASK, FPAGE_MEM(frame, ARCH_PAGE_SHIFT, RIGHTS_RWX), 0);
}

static void unmap_16(void)
{
    test_task_create(B);
    make_tables();
    report("unmap.16", measure(map_many, unmap_many, NULL));
}

static void map_page(void)
{
    test_task_create(B);
    make_tables();
    report("map.page", measure(NULL, map_one, unmap_one));
    report("unmap.page", measure(map_one, unmap_one, NULL));
}

static void delete_c(void)
{
    test_delete(C);
}

static void create_gate(void)
{
    factory_create_gate(FACTORY, C);
}

static void create_thread(void)
{
    factory_create_thread(FACTORY, C);
}

static void create_task(void)
{
    factory_create_task(FACTORY, C);
}

static void create(void)
{
    factory_create_gate(FACTORY, D);
    report("create.gate", measure(NULL, create_gate, delete_c));
    factory_create_thread(FACTORY, E);
    report("create.thread", measure(NULL, create_thread, delete_c));
    factory_create_task(FACTORY, F);
    report("create.task", measure(NULL, create_task, delete_c));
}

static void yield_to_other(u64 unused)
{
    for (;;)
        thread_switch_to(THREAD);
}

static void yield(void)
{
    u64 least = ~0ull;
    test_task_create(B);
    task_map(B, TASK, FPAGE_OBJ(THREAD, 0, RIGHTS_ALL), THREAD << FPAGE_START_SHIFT);
    test_thread_start_in(0, B, TEST_PRIORITY, yield_to_other, 0);
    for (u32 i = 0; i < ROUNDS; i++) {
        u64 start = test_instructions();
        thread_switch_to(TEST_THREAD(0));
        u64 spent = test_instructions() - start; /* there and back */
        least = spent < least ? spent : least;
    }
    report("yield", (least - overhead()) / 2);
}

/* From the kernel's entry to ours: the clock's tick is 100 instructions. */
static void boot_user(void)
{
    static bool done;
    if (!done)
        report("boot.user", (test_started - test_boot->boot_ticks) * (1000000000ull / test_boot->timebase_hz));
    done = true;
}

TESTS(TEST(boot_user), TEST(call_0w), TEST(call_8w), TEST(call_64w), TEST(call_passive), TEST(call_fpu), TEST(call_cap),
      TEST(call_page), TEST(invoke_null), TEST(irq_wake), TEST(irq_device), TEST(fault_pager), TEST(map_page),
      TEST(unmap_16), TEST(create), TEST(yield));
