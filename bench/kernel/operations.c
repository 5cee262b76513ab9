/*
 * What each operation of a kernel object costs in its plain case, in instructions of program and kernel: nobody waits,
 * the tables exist, one page or slot. docs/abi-operations.md prints them beside what the time grows with. Left out are
 * those that cannot be done twice.
 */
#include "abi/arch/riscv64.h"
#include "abi/vcpu.h"
#include "bench/kernel/measure.h"
#include "lib/test/thread.h"

#define PLACE      (TEST_AREA + 8 * ARCH_PAGE_SIZE)
#define KU_PLACE   (PLACE + ARCH_PAGE_SIZE)
#define STATE_PAGE (TEST_UTCBS + 0x1c00) /* of a virtual CPU: behind the threads' UTCBs */
#define state      ((struct vcpu_state *)STATE_PAGE)
#define REG(n)     (EXC_WORD_REGS + (n)-1)

/* An invocation: operation, further words, capabilities. Operation 0: none. */
struct request {
    cap_t slot;
    u64 op;
    u64 w[4];
    cap_t item[2];
};

/* What is measured, and what makes it possible, the first time and once more. */
struct operation {
    const char *name;
    struct request run, undo;
    void (*prepare)(void);
};

/* Slots beside the test's own: what start makes. */
enum { ITS_TASK = A, GATE, IRQ, SEMAPHORE, IDLE_SC, OTHER_IRQ, NEW, RESERVED = 1024, KEPT = RESERVED };
#define IDLE             TEST_THREAD(0)
#define CALLER           1 /* numbers of threads */
#define VCPU             2
#define PAGE_OF(address) FPAGE_MEM(address, ARCH_PAGE_SHIFT, RIGHTS_RWX)

#define LINE 3 /* an interrupt line that is nobody's */

static u64 memory;

static err_t invoke(const struct request *r)
{
    struct msg m = {.tag = TAG(5, !!r->item[0] + !!r->item[1]), .w = {r->op, r->w[0], r->w[1], r->w[2], r->w[3]}};
    for (int i = 0; i < 2 && r->item[i]; i++)
        sys_put_cap(i, r->item[i]);
    if (r->slot == GATE)
        m.tag |= TAG_OBJECT;
    err_t error = sys_call(&m, r->slot);
    return error ? error : (err_t)m.w[0];
}

static u64 cost(const struct operation *o)
{
    u64 least = ~0ull;
    for (u32 i = 0; i < ROUNDS; i++) {
        if (o->prepare)
            o->prepare();
        u64 start = test_instructions();
        err_t error = invoke(&o->run);
        u64 spent = test_instructions() - start;
        least = spent < least ? spent : least;
        if (!error && o->undo.op)
            error = invoke(&o->undo);
        if (error && error != E_NOENT) /* no gate without holders, nothing mapped in the first round */
            test_fail(__FILE__, __LINE__, o->name);
    }
    return least - overhead();
}

static void call_for_ever(u64 unused)
{
    for (;;) {
        struct msg m = {0};
        sys_call(&m, GATE);
    }
}

static err_t make_objects(void)
{
    memory = (u64)test_ram();
    err_t error = test_task_create(ITS_TASK);
    if (!error)
        error = test_thread_create(0, ITS_TASK, TEST_PRIORITY, 0, 0);
    if (!error)
        error = test_gate_create(GATE, THREAD, 1);
    if (!error)
        error = factory_create_irq(FACTORY, IRQ);
    if (!error)
        error = factory_create_irq(FACTORY, OTHER_IRQ);
    if (!error)
        error = factory_create_semaphore(FACTORY, SEMAPHORE, 1);
    if (!error)
        error = factory_create_sc(FACTORY, IDLE_SC, TEST_PRIORITY);
    if (!error)
        error = icu_bind(ICU, LINE, OTHER_IRQ);
    if (!error)
        error = task_map(ITS_TASK, TASK, PAGE_OF(memory), PLACE - ARCH_PAGE_SIZE);
    if (!error)
        error = test_thread_start(CALLER, TEST_PRIORITY - 10, call_for_ever, 0);
    sys_utcb->window[0] = FPAGE_OBJ(NEW, 0, RIGHTS_ALL);
    return error;
}

/* The call that was kept is answered, and the next one is here: its answer is owed. */
static void take_call(void)
{
    struct msg m = {0};
    sys_reply(&m, KEPT);
    sys_wait(&m, TIMEOUT_NEVER, 0);
}

#define REQUEST(object, operation, to, ...)                                                                            \
    {                                                                                                                  \
        .slot = to, .op = OP_##object##_##operation, __VA_ARGS__                                                       \
    }
#define RUN(object, operation, ...)  .name = #object "." #operation, .run = REQUEST(object, operation, __VA_ARGS__)
#define UNDO(object, operation, ...) .undo = REQUEST(object, operation, __VA_ARGS__)
#define W(...)                       .w = {__VA_ARGS__}
#define ITEM(...)                    .item = {__VA_ARGS__}

static void all(void)
{
    CHECK_OK(make_objects());
    const struct operation operations[] = {
        {RUN(TASK, MAP, ITS_TASK, W(PAGE_OF(memory), PLACE), ITEM(TASK)),
         UNDO(TASK, UNMAP, ITS_TASK, W(PAGE_OF(PLACE), UNMAP_SELF))},
        {RUN(TASK, UNMAP, ITS_TASK, W(PAGE_OF(PLACE), UNMAP_SELF)),
         UNDO(TASK, MAP, ITS_TASK, W(PAGE_OF(memory), PLACE), ITEM(TASK))},
        {RUN(TASK, CAP_VALID, TASK, W(GATE))},
        {RUN(TASK, CAP_EQUAL, TASK, W(GATE, GATE))},
        {RUN(TASK, ADD_KU_MEM, ITS_TASK, W(FPAGE_MEM(KU_PLACE, ARCH_PAGE_SHIFT, 0))),
         UNDO(TASK, UNMAP, ITS_TASK, W(PAGE_OF(KU_PLACE), UNMAP_SELF))},
        {RUN(TASK, RESERVE, TASK, W(FPAGE_OBJ(RESERVED, 0, RIGHTS_ALL)))},
        {RUN(TASK, INFO, TASK, W(0))},
        {RUN(THREAD, CONTROL, IDLE, W(THREAD_SET_PAGER), ITEM(GATE))},
        {RUN(THREAD, EX_REGS, IDLE, W(EX_REGS_SP))},
        {RUN(THREAD, SWITCH_TO, IDLE, W(0))},
        {RUN(THREAD, STATS, IDLE, W(0))},
        {RUN(THREAD, VCPU_CONTROL, IDLE, W(STATE_PAGE)), UNDO(THREAD, VCPU_CONTROL, IDLE, W(0))},
        {RUN(THREAD, DEL_IRQ, THREAD, ITEM(IRQ))},
        {RUN(THREAD, UNHELD, IDLE, W(0))},
        {RUN(THREAD, MODIFY_SENDERS, IDLE, W(0))},
        {RUN(THREAD, KEEP_REPLY, THREAD, W(KEPT)), .prepare = take_call},
        {RUN(FACTORY, CREATE, FACTORY, W(OBJ_GATE)),
         UNDO(TASK, UNMAP, TASK, W(FPAGE_OBJ(NEW, 0, RIGHTS_ALL), UNMAP_SELF | UNMAP_DELETE))},
        {RUN(FACTORY, INFO, FACTORY, W(0))},
        {RUN(GATE, BIND, GATE, W(2), ITEM(THREAD))},
        {RUN(GATE, INFO, GATE, W(0))},
        {RUN(IRQ, BIND, IRQ, W(1), ITEM(IDLE))},
        {RUN(IRQ, DETACH, IRQ, W(0))},
        {RUN(IRQ, TRIGGER, IRQ, W(0))},
        {RUN(IRQ, UNMASK, OTHER_IRQ, W(0))},
        {RUN(IRQ, CHAIN, IRQ, ITEM(OTHER_IRQ))},
        {RUN(ICU, BIND, ICU, W(LINE + 1), ITEM(IRQ)), UNDO(ICU, UNBIND, ICU, W(LINE + 1))},
        {RUN(ICU, UNBIND, ICU, W(LINE + 1)), UNDO(ICU, BIND, ICU, W(LINE + 1), ITEM(IRQ))},
        {RUN(ICU, INFO, ICU, W(0))},
        {RUN(ICU, SET_MODE, ICU, W(LINE, ICU_EDGE))},
        {RUN(ICU, MASK, ICU, W(LINE))},
        {RUN(ICU, UNMASK, ICU, W(LINE))},
        {RUN(SCHEDULER, INFO, SCHEDULER, W(0))},
        {RUN(SCHEDULER, RUN_THREAD, SCHEDULER, W(0), ITEM(IDLE, IDLE_SC))},
        {RUN(SCHEDULER, IDLE_TIME, SCHEDULER, W(0))},
        {RUN(SCHEDULER, IS_ONLINE, SCHEDULER, W(0))},
        {RUN(SEMAPHORE, UP, SEMAPHORE, W(0)), UNDO(SEMAPHORE, DOWN, SEMAPHORE, W(0))},
        {RUN(SEMAPHORE, DOWN, SEMAPHORE, W(0)), UNDO(SEMAPHORE, UP, SEMAPHORE, W(0))},
        {RUN(SC, CONFIGURE, IDLE_SC, W(TEST_PRIORITY))},
        {RUN(SC, CONSUMED, IDLE_SC, W(0))},
        {RUN(SC, HANDLER, IDLE_SC, ITEM(IRQ))},
    };
    for (const struct operation *o = operations; o < operations + sizeof operations / sizeof *o; o++)
        report(o->name, cost(o));
}

/* --- resuming a virtual CPU, which does not return: here in its own mode --- */

static u64 resumed_at, resume_cost;
static u8 stack[1024] __attribute__((aligned(16)));

static void resume(u64 rounds);

/* Where it goes on. */
static void resumed(u64 rounds)
{
    u64 spent = test_instructions() - resumed_at;
    resume_cost = spent < resume_cost ? spent : resume_cost;
    if (rounds)
        resume(rounds - 1);
    for (;;)
        sys_sleep(TIMEOUT_NEVER);
}

static void resume(u64 rounds)
{
    u64 *frame = state->frame;
    frame[EXC_WORD_PC] = (u64)resumed;
    frame[REG(2)] = (u64)stack + sizeof stack;
    __asm__("mv %0, gp" : "=r"(frame[REG(3)]));
    __asm__("mv %0, tp" : "=r"(frame[REG(4)]));
    frame[REG(10)] = rounds;
    resumed_at = test_instructions();
    thread_vcpu_resume(TEST_THREAD(VCPU), 0, TIMEOUT_NEVER);
}

static void vcpu_resume(void)
{
    resume_cost = ~0ull;
    CHECK_OK(test_thread_create(VCPU, TASK, TEST_PRIORITY + 10, 0, 0));
    CHECK_OK(thread_vcpu_control(TEST_THREAD(VCPU), STATE_PAGE));
    CHECK_OK(test_thread_run(VCPU, resume, ROUNDS));
    CHECK(resume_cost != ~0ull);
    report("THREAD.VCPU_RESUME", resume_cost - overhead());
}

TESTS(TEST(all), TEST(vcpu_resume));
