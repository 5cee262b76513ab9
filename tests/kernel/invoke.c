/* The system call itself: selectors, slots, tags and operations that do not exist, registers afterwards, and noise. */
#include "lib/test/thread.h"

#define ABOVE (TEST_PRIORITY + 10)

static void empty_slots_name_nothing(void)
{
    const u64 slots[] = {0, SLOT_NONE, 32768, 65535, 65536, SEL_SLOT_MASK};
    const u64 ops[] = {SEL_OP_SEND, SEL_OP_CALL, SEL_OP_SEND_WAIT};
    for (u32 i = 0; i < sizeof slots / sizeof *slots; i++)
        for (u32 k = 0; k < 3; k++) {
            struct msg m = {.tag = TAG(1, 0), .w = {1}};
            sys_invoke(&m, SEL(slots[i], ops[k]), TIMEOUTS(TIMEOUT_ZERO, TIMEOUT_ZERO), 0);
            CHECK_EQ(sys_tag_error(m.tag), E_NOENT);
        }
}

static bool legal(u64 op)
{
    const u64 ops[] = {SEL_OP_SEND,      SEL_OP_CALL,  SEL_OP_RECV,      SEL_OP_WAIT,
                       SEL_OP_SEND_WAIT, SEL_OP_REPLY, SEL_OP_REPLY_WAIT};
    for (u32 i = 0; i < sizeof ops / sizeof *ops; i++)
        if (op == ops[i])
            return true;
    return false;
}

static void other_selectors_are_invalid(void)
{
    for (u64 i = 0; i < 4096; i++) {
        struct msg m = {.tag = TAG(1, 0), .w = {OP_TASK_INFO}};
        u64 op = (i < 64 ? i : 1ull << i % 44) << SEL_OP_SHIFT;
        if (legal(op & ~SEL_TIMED))
            continue;
        sys_invoke(&m, SEL(TASK, op), TIMEOUTS(TIMEOUT_ZERO, TIMEOUT_ZERO), 0);
        CHECK_EQ(sys_tag_error(m.tag), E_INVAL);
    }
}

static void other_operations_do_not_exist(void)
{
    const u64 ops[] = {0, 11, 12, 13, 255, 1ull << 32 | OP_TASK_MAP, ~0ull};
    const cap_t objects[] = {TASK, THREAD, FACTORY, LOG, ICU, SCHEDULER, SC, A, B, C};
    CHECK_OK(factory_create_irq(FACTORY, A));
    CHECK_OK(factory_create_semaphore(FACTORY, B, 0));
    CHECK_OK(factory_create_task(FACTORY, C));
    for (u32 i = 0; i < sizeof objects / sizeof *objects; i++)
        for (u32 k = 0; k < sizeof ops / sizeof *ops; k++)
            CHECK_EQ(test_invoke(objects[i], ops[k], 4, 1, 2, 3), E_NOSYS);
}

static void tags_are_taken_at_their_word_but_bounded(void)
{
    CHECK_OK(test_thread_start(0, ABOVE, test_echo, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), 0));
    for (u64 words = MSG_WORDS_MAX + 1; words < 128; words++) {
        struct msg m = {.tag = words};
        sys_invoke(&m, SEL(A, SEL_OP_CALL), TIMEOUTS(100000, 100000), 0);
        CHECK(sys_tag_error(m.tag) || (m.tag & TAG_WORDS_MASK) <= MSG_WORDS_MAX);
    }
    for (u64 items = MSG_ITEMS_MAX + 1; items < 16; items++) {
        struct msg m = {.tag = TAG(0, items)};
        for (u32 i = 0; i < MSG_ITEMS_MAX; i++)
            sys_utcb->item[i] = (struct map_item){0};
        sys_invoke(&m, SEL(A, SEL_OP_CALL), TIMEOUTS(100000, 100000), 0);
        CHECK(sys_tag_error(m.tag) || (m.tag >> TAG_ITEMS_SHIFT & TAG_ITEMS_MASK) <= MSG_ITEMS_MAX);
    }
}

/* abi/arch: behind an invocation all but the message and the kept registers is zero, so nothing leaks from partners. */
static u64 left_over_of_call(u64 selector)
{
    register u64 s1 __asm__("s1") = TAG(1, 0);
    register u64 a0 __asm__("a0") = selector;
    register u64 a1 __asm__("a1") = 18;
    register u64 a2 __asm__("a2") = 16; /* without SEL_TIMED these two are ignored */
    register u64 a3 __asm__("a3") = 17;
    register u64 s2 __asm__("s2") = OP_TASK_INFO;
    register u64 left __asm__("a4");
    __asm__ volatile("li ra, 1; li t0, 2; li t1, 3; li t2, 4; li t3, 5; li t4, 6; li t5, 7; li t6, 8\n"
                     "li a4, 9; li a5, 10; li a6, 11; li a7, 12; li s10, 14; li s11, 15\n"
                     "ecall\n"
                     "or a4, a4, ra; or a4, a4, t0; or a4, a4, t1; or a4, a4, t2; or a4, a4, t3; or a4, a4, t4\n"
                     "or a4, a4, t5; or a4, a4, t6; or a4, a4, a2; or a4, a4, a3; or a4, a4, a5; or a4, a4, a6\n"
                     "or a4, a4, a7; or a4, a4, a0; or a4, a4, s10; or a4, a4, s11"
                     : "+r"(s1), "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(s2), "=r"(left)
                     :
                     : "memory", "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a5", "a6", "a7", "s3", "s4",
                       "s5", "s6", "s7", "s8", "s9", "s10", "s11");
    return left;
}

static void registers_come_back_empty(void)
{
    CHECK_OK(test_thread_start(0, ABOVE, test_echo, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), 0));
    CHECK_EQ(left_over_of_call(SEL(A, SEL_OP_CALL)), 0);    /* the fast path */
    CHECK_EQ(left_over_of_call(SEL(TASK, SEL_OP_CALL)), 0); /* an object */
    CHECK_EQ(left_over_of_call(SEL(0, SEL_OP_CALL)), 0);    /* an error */
    CHECK_EQ(left_over_of_call(SEL(TASK, SEL_OP_MASK)), 0);
}

static void log_takes_no_more_than_fits(void)
{
    CHECK_EQ(test_invoke(LOG, OP_LOG_WRITE, 8, 49, 0, 0), E_RANGE);
    CHECK_EQ(test_invoke(LOG, OP_LOG_WRITE, 8, ~0ull, 0, 0), E_RANGE);
    CHECK_OK(test_invoke(LOG, OP_LOG_WRITE, 8, 0, 0, 0));
    CHECK_OK(task_map(TASK, TASK, FPAGE_OBJ(LOG, 0, RIGHT_USE), (u64)A << FPAGE_START_SHIFT));
    CHECK_EQ(test_invoke(A, OP_LOG_READ, 1, 0, 0, 0), E_PERM);
}

/* A word that is often nearly right. */
static u64 noise(void)
{
    u64 r = test_random();
    switch (test_random() % 6) {
    case 0:
        return r;
    case 1:
        return r % 16;
    case 2:
        return FPAGE_OBJ(A + r % 16, r >> 8 & 3, r >> 16);
    case 3:
        return FPAGE_MEM(TEST_AREA + (r & 0xfffff000), 12 + (r & 7), RIGHTS_RWX);
    case 4:
        return TEST_AREA + (r & 0xfffff000);
    default:
        return 1ull << r % 64;
    }
}

static bool harmless(cap_t slot, u64 op)
{
    if (slot == TASK) /* our own task: only what leaves our memory and capabilities alone */
        return op == OP_TASK_CAP_VALID || op == OP_TASK_CAP_EQUAL || op == OP_TASK_INFO;
    return slot != THREAD && slot != SC && slot != LOG && slot != ICU && slot != SCHEDULER;
}

static void invoke_noise(cap_t slot)
{
    struct msg m = {.tag = test_random() & 0x1fff, .w = {test_random() % 10}};
    for (u32 i = 1; i < MSG_REGS; i++)
        m.w[i] = noise();
    for (u32 i = 0; i < MSG_ITEMS_MAX; i++) {
        sys_utcb->item[i] = (struct map_item){noise(), test_random() % 2 ? 0 : noise()};
        sys_utcb->window[i] = FPAGE_OBJ(A + test_random() % 48, 0, RIGHTS_ALL);
    }
    if (slot == FACTORY && m.w[1] == OBJ_FACTORY)
        m.w[2] &= 0xfffff;
    if (harmless(slot, m.w[0]))
        sys_invoke(&m, SEL(slot, test_random() % 4 ? SEL_OP_CALL : SEL_OP_SEND), TIMEOUTS(TIMEOUT_ZERO, TIMEOUT_ZERO),
                   0);
}

/* Random invocations of everything that we hold; the kernel stays, and the leak check finds nothing. */
static void noise_does_no_harm(void)
{
    for (u32 i = 0; i < 20000; i++) {
        cap_t slot = test_random() % 3 ? A + (cap_t)(test_random() % 48) : (cap_t)(test_random() % 10);
        invoke_noise(slot);
        if (i % 4 == 0)
            factory_create(FACTORY, A + (cap_t)(test_random() % 48), 1 + (u32)(test_random() % 9), 1000, 0);
        if (i % 16 == 0)
            test_delete(A + (cap_t)(test_random() % 48));
    }
}

TESTS(TEST(empty_slots_name_nothing), TEST(other_selectors_are_invalid), TEST(other_operations_do_not_exist),
      TEST(tags_are_taken_at_their_word_but_bounded), TEST(registers_come_back_empty),
      TEST(log_takes_no_more_than_fits), TEST(noise_does_no_harm));
