/*
 * What one task can see of another, and of the kernel. The other one poisons all its registers and its UTCB with a
 * value that is searched for here, behind each kind of path through the kernel; addresses of the kernel are searched
 * for in all that operations return; and the kernel's half of the address space is tried from outside.
 */
#include "lib/test/thread.h"
#include "tests/kernel/raw.h"

#define ABOVE  (TEST_PRIORITY + 10)
#define BELOW  (TEST_PRIORITY - 10)
#define LABEL  0x123456
#define POISON 0x9e3779b97f4a0000ull /* of the other task */
#define OWN    0x1dea1dea1dea0000ull
#define NEVER  TIMEOUTS(TIMEOUT_NEVER, TIMEOUT_NEVER)
#define LATER  TIMEOUTS(1000000, 1000000)
#define ODD    (TEST_AREA + 0x123450)

static struct raw ours, others;

static bool poisoned(u64 value)
{
    return (value ^ POISON) >> 16 == 0;
}

static void fill(struct raw *r, u64 pattern)
{
    for (u64 i = 0; i < 32; i++) {
        r->x[i] = pattern | i;
        r->f[i] = pattern | (64 + i);
    }
    r->fcsr = pattern == POISON ? 0xff : 0;
}

static void fill_utcb(u64 pattern)
{
    u64 *words = (u64 *)sys_utcb;
    for (u64 i = 0; i < UTCB_SIZE / sizeof *words; i++)
        words[i] = pattern | i;
}

/* An invocation with all registers of the pattern, save those that it uses; words are 0x100, 0x101 ... */
static void invoke(struct raw *r, u64 pattern, u64 tag, u64 selector, u64 timeouts)
{
    fill(r, pattern);
    r->x[RAW_TAG] = tag;
    r->x[RAW_SELECTOR] = selector | (timeouts ? SEL_TIMED : 0);
    if (timeouts) { /* else they are not looked at */
        r->x[RAW_TIMEOUTS] = timeouts;
        r->x[RAW_REPLY_SLOT] = 0;
    }
    for (u64 i = 0; i < MSG_REGS; i++)
        r->x[RAW_WORDS + i] = 0x100 + i;
    raw_invoke(r);
}

/* Behind an invocation of ours: kept registers are ours, words as given, everything else zero. */
static u64 wrong_register(const struct raw *r, u64 pattern, const u64 words[MSG_REGS])
{
    for (u64 i = 1; i < 32; i++) {
        bool kept = i == RAW_GP || i == RAW_TP || i == RAW_S0, word = i >= RAW_WORDS && i < RAW_WORDS + MSG_REGS;
        u64 expected = kept ? pattern | i : word ? words[i - RAW_WORDS] : 0;
        if (i != 2 && i != RAW_TAG && i != RAW_LABEL && r->x[i] != expected)
            return i;
        if (r->f[i] != (pattern | (64 + i)))
            return 100 + i;
    }
    return r->fcsr == (pattern == POISON ? 0xff : 0) ? 0 : 200;
}

static const u64 sent_words[MSG_REGS] = {0x100, 0x101, 0x102, 0x103, 0x104, 0x105, 0x106, 0x107};
static const u64 no_words[MSG_REGS];

/* --- the other task: thread 0 in task B, which holds gate A and Irq C --- */

static volatile u64 other_wrong; /* register that was wrong behind its call */

static void call_poisoned(u64 timeouts)
{
    fill_utcb(POISON);
    invoke(&others, POISON, TAG(8, 0), SEL(A, SEL_OP_CALL), timeouts);
    other_wrong = wrong_register(&others, POISON, sent_words);
    invoke(&others, POISON, TAG(8, 0), SEL(A, SEL_OP_SEND), timeouts);
}

static void trigger_poisoned(u64 unused)
{
    fill_utcb(POISON);
    fill(&others, POISON);
    others.x[RAW_TAG] = TAG(8, 0);
    others.x[RAW_SELECTOR] = SEL(C, SEL_OP_CALL);
    others.x[RAW_WORDS] = OP_IRQ_TRIGGER;
    raw_invoke(&others);
}

static err_t make_other(void)
{
    other_wrong = ~0ull;
    err_t error = test_task_create(B);
    if (!error)
        error = test_gate_create(A, THREAD, LABEL);
    if (!error)
        error = factory_create_irq(FACTORY, C);
    if (!error)
        error = irq_bind(C, THREAD, LABEL);
    if (!error)
        error = task_map(B, TASK, FPAGE_OBJ(A, 0, RIGHTS_ALL), (u64)A << FPAGE_START_SHIFT);
    if (!error)
        error = task_map(B, TASK, FPAGE_OBJ(C, 0, RIGHT_USE), (u64)C << FPAGE_START_SHIFT);
    return error;
}

static void utcb_has_no_poison(void)
{
    const u64 *words = (const u64 *)sys_utcb;
    for (u64 i = 0; i < UTCB_SIZE / sizeof *words; i++)
        CHECK(!poisoned(words[i]));
}

/* A call, its answer, and a send, each seen by the one who receives. */
static void exchange(u32 priority, u64 timeouts)
{
    CHECK_OK(make_other());
    CHECK_OK(test_thread_start_in(0, B, priority, call_poisoned, timeouts));
    fill_utcb(OWN);
    invoke(&ours, OWN, 0, SEL(0, SEL_OP_WAIT), timeouts);
    CHECK_EQ(ours.x[RAW_TAG], TAG(8, 0));
    CHECK_EQ(ours.x[RAW_LABEL], LABEL);
    CHECK_EQ(wrong_register(&ours, OWN, sent_words), 0);
    utcb_has_no_poison();
    invoke(&ours, OWN, TAG(8, 0), SEL(0, SEL_OP_REPLY_WAIT), timeouts);
    CHECK_EQ(ours.x[RAW_TAG], TAG(8, 0));
    CHECK_EQ(wrong_register(&ours, OWN, sent_words), 0);
    CHECK_EQ(other_wrong, 0);
}

static void fast_path_carries_what_was_sent(void)
{
    exchange(BELOW, NEVER);
}

static void slow_path_carries_what_was_sent(void)
{
    exchange(ABOVE, LATER);
}

static void queued_message_carries_what_was_sent(void)
{
    exchange(ABOVE, NEVER);
}

static void signals_carry_nothing(void)
{
    CHECK_OK(make_other());
    CHECK_OK(test_thread_start_in(0, B, BELOW, trigger_poisoned, 0));
    invoke(&ours, OWN, 0, SEL(C, SEL_OP_RECV), NEVER);
    CHECK_EQ(ours.x[RAW_TAG], 0);
    CHECK_EQ(wrong_register(&ours, OWN, no_words), 0);
}

static void errors_carry_nothing(void)
{
    CHECK_OK(make_other());
    CHECK_OK(test_thread_start_in(0, B, ABOVE, call_poisoned, LATER)); /* it is queued */
    invoke(&ours, OWN, TAG(8, 0), SEL(SLOT_NONE, SEL_OP_CALL), NEVER);
    CHECK_EQ(sys_tag_error(ours.x[RAW_TAG]), E_NOENT);
    CHECK_EQ(wrong_register(&ours, OWN, no_words), 0);
    invoke(&ours, OWN, TAG(8, 0), SEL(0, SEL_OP_RECV), TIMEOUTS(0, 10)); /* it polls its own timeout meanwhile */
    CHECK_EQ(sys_tag_error(ours.x[RAW_TAG]), E_TIMEDOUT);
    CHECK_EQ(wrong_register(&ours, OWN, no_words), 0);
    CHECK_OK(factory_create_gate(FACTORY, D));
    invoke(&ours, OWN, TAG(8, 0), SEL(D, SEL_OP_CALL), TIMEOUTS(10, 0));
    CHECK_EQ(sys_tag_error(ours.x[RAW_TAG]), E_TIMEDOUT);
    CHECK_EQ(wrong_register(&ours, OWN, no_words), 0);
    invoke(&ours, OWN, TAG(127, 15), SEL(TASK, SEL_OP_MASK), NEVER);
    CHECK_EQ(sys_tag_error(ours.x[RAW_TAG]), E_INVAL);
    CHECK_EQ(wrong_register(&ours, OWN, no_words), 0);
}

/* The receiver of a cancelled call: its caller is killed while we serve it. */
static void lost_answers_carry_nothing(void)
{
    CHECK_OK(make_other());
    CHECK_OK(test_thread_start_in(0, B, BELOW, call_poisoned, NEVER));
    invoke(&ours, OWN, 0, SEL(0, SEL_OP_WAIT), NEVER);
    CHECK_OK(test_delete(B));
    invoke(&ours, OWN, TAG(8, 0), SEL(0, SEL_OP_REPLY), NEVER);
    CHECK_EQ(sys_tag_error(ours.x[RAW_TAG]), E_NOENT);
    CHECK_EQ(wrong_register(&ours, OWN, no_words), 0);
}

/* Words and items that were counted arrive; the rest of the UTCB is not written. */
static void send_long(u64 unused)
{
    fill_utcb(POISON);
    for (u64 i = MSG_REGS; i < 20; i++)
        sys_utcb->mr[i] = 0x100 + i;
    sys_utcb->item[0] = (struct map_item){FPAGE_OBJ(C, 0, RIGHT_USE), 0};
    invoke(&others, POISON, TAG(20, 1), SEL(A, SEL_OP_CALL), NEVER);
}

static void utcb_receives_what_was_counted(void)
{
    const u64 *words = (const u64 *)sys_utcb;
    CHECK_OK(make_other());
    CHECK_OK(test_thread_start_in(0, B, BELOW, send_long, 0));
    fill_utcb(OWN);
    sys_window_cap(0, D);
    u64 window = sys_utcb->window[0];
    invoke(&ours, OWN, 0, SEL(0, SEL_OP_WAIT), NEVER);
    CHECK_EQ(ours.x[RAW_TAG], TAG(20, 1));
    CHECK_EQ(wrong_register(&ours, OWN, sent_words), 0);
    for (u64 i = 0; i < UTCB_SIZE / sizeof *words; i++) {
        bool sent = i >= MSG_REGS && i < 20;
        const void *word = &words[i];
        if (word != &sys_utcb->item[0].what && word != &sys_utcb->item[0].base && word != &sys_utcb->window[0])
            CHECK_EQ(words[i], sent ? 0x100 + i : OWN | i);
    }
    CHECK_EQ(sys_utcb->window[0], window);
    CHECK_EQ(sys_utcb->item[0].what, FPAGE_OBJ(D, 0, RIGHT_USE));
    CHECK_EQ(sys_utcb->item[0].base, 0);
}

/* --- faults --- */

static volatile u64 fault_wrong;

/* All registers survive a fault that is resolved. */
static void load_poisoned(u64 unused)
{
    fill_utcb(POISON);
    fill(&others, POISON);
    others.x[RAW_T0] = ODD;
    raw_load(&others);
    u64 wrong = 0;
    for (u64 i = 1; i < 32; i++)
        if ((i != 2 && i != RAW_T0 && others.x[i] != (POISON | i)) || others.f[i] != (POISON | (64 + i)))
            wrong = i;
    fault_wrong = wrong;
    raw_trap(&others);
}

static void faults_tell_address_and_pc_only(void)
{
    CHECK_OK(make_other());
    fault_wrong = ~0ull;
    CHECK_OK(test_thread_create(0, B, BELOW, A, A));
    CHECK_OK(test_thread_run(0, load_poisoned, 0));
    fill_utcb(OWN);
    invoke(&ours, OWN, 0, SEL(0, SEL_OP_WAIT), NEVER);
    CHECK_EQ(ours.x[RAW_TAG], TAG(FAULT_WORDS, 0));
    u64 pc = ours.x[RAW_WORDS + FAULT_WORD_PC];
    CHECK(pc > BOOT_IMAGE_BASE && pc < BOOT_IMAGE_BASE + (1 << 20));
    const u64 fault[MSG_REGS] = {FAULT_PAGE, ODD, RIGHT_R, pc};
    CHECK_EQ(wrong_register(&ours, OWN, fault), 0);
    utcb_has_no_poison();
    sys_utcb->item[0] = (struct map_item){FPAGE_MEM(test_ram(), ARCH_PAGE_SHIFT, RIGHT_R), ODD & ~0xfffull};
    fill(&ours, OWN);
    ours.x[RAW_TAG] = TAG(1, 1);
    ours.x[RAW_SELECTOR] = SEL(0, SEL_OP_REPLY_WAIT);
    ours.x[RAW_WORDS] = 0;
    raw_invoke(&ours);
    CHECK_EQ(fault_wrong, 0);
    CHECK_EQ(ours.x[RAW_TAG], TAG(EXC_WORDS, 0)); /* the exception: its words hold the registers, by design */
    u64 exception[MSG_REGS];
    for (u64 i = 0; i < MSG_REGS; i++)
        exception[i] = ours.x[RAW_WORDS + i];
    CHECK_EQ(exception[EXC_WORD_REGS], POISON | 1);
    CHECK_EQ(wrong_register(&ours, OWN, exception), 0);
}

/* --- memory --- */

static volatile u64 found;

static void look_for_remains(u64 unused)
{
    u64 count = 0;
    for (const u64 *word = (const u64 *)TEST_AREA; word < (const u64 *)(TEST_AREA + (1 << 16)); word++)
        count += *word != 0;
    found = count;
}

/* Kernel-user memory that was the other task's, page tables and slots among it, is another one's next. */
static void used_memory_comes_back_empty(void)
{
    CHECK_OK(make_other());
    CHECK_OK(test_thread_start_in(0, B, ABOVE, call_poisoned, LATER));
    CHECK_OK(test_delete(B));
    sys_sleep(1000);
    found = ~0ull;
    CHECK_OK(test_task_create(D));
    CHECK_OK(task_add_ku_mem(D, FPAGE_MEM(TEST_AREA, 16, 0)));
    CHECK_OK(test_thread_start_in(1, D, ABOVE, look_for_remains, 0));
    CHECK_EQ(found, 0);
}

/* --- the kernel --- */

#define KERNEL_HALF 0xffffffc000000000ull

static bool kernel_address(u64 value)
{
    return value >= KERNEL_HALF && value < KERNEL_HALF + (1ull << 36);
}

static u64 seen_kernel_address(const struct raw *r)
{
    const u64 *words = (const u64 *)sys_utcb;
    for (u64 i = 1; i < 32; i++)
        if (kernel_address(r->x[i]) || kernel_address(r->f[i]))
            return i;
    for (u64 i = 0; i < UTCB_SIZE / sizeof *words; i++)
        if (kernel_address(words[i]))
            return 1000 + i;
    return 0;
}

static void try_operation(cap_t slot, u64 op, u32 words, u32 items)
{
    fill(&ours, OWN);
    ours.x[RAW_TAG] = TAG(words, items) | (test_kind(TASK, slot) == OBJ_GATE ? TAG_OBJECT : 0);
    ours.x[RAW_SELECTOR] = SEL(slot, SEL_OP_CALL) | SEL_TIMED;
    ours.x[RAW_TIMEOUTS] = TIMEOUTS(TIMEOUT_ZERO, TIMEOUT_ZERO);
    ours.x[RAW_REPLY_SLOT] = 0;
    for (u64 i = 0; i < MSG_REGS; i++)
        ours.x[RAW_WORDS + i] = 1;
    ours.x[RAW_WORDS] = op;
    for (u32 i = 0; i < MSG_ITEMS_MAX; i++)
        sys_put_cap((int)i, A + (cap_t)(op + i) % 7);
    test_no_windows(MSG_ITEMS_MAX);
    sys_window_cap(0, SLOT_FREE);
    raw_invoke(&ours);
    CHECK_EQ(seen_kernel_address(&ours), 0);
    test_delete(SLOT_FREE);
}

/* Each operation of each object, well and badly formed; and what the kernel tells at boot. */
static void no_kernel_address_is_told(void)
{
    static const u8 kinds[] = {OBJ_TASK, OBJ_THREAD, OBJ_FACTORY, OBJ_GATE, OBJ_IRQ, OBJ_SEMAPHORE, OBJ_SC};
    for (u32 i = 0; i < sizeof kinds; i++)
        CHECK_OK(factory_create(FACTORY, A + i, kinds[i], kinds[i] == OBJ_FACTORY ? 1 << 16 : 1, 0));
    for (cap_t slot = 0; slot < A + sizeof kinds; slot++)
        for (u64 op = 0; op < 16; op++)
            for (u32 shape = 0; shape < 4; shape++)
                if (slot != TASK && slot != THREAD && slot != LOG && slot != SC && (slot != SCHEDULER || op != 2))
                    try_operation(slot, op, shape % 2 ? 8 : 1, shape / 2 * 3);
    const u64 *words = (const u64 *)test_boot;
    for (u64 i = 0; i < sizeof *test_boot / sizeof *words; i++)
        CHECK(!kernel_address(words[i]));
}

static volatile u64 tried, reached;

/* Loads and stores and jumps to where the kernel has its half; each must fault. */
static void touch_kernel(u64 how)
{
    u64 *address = (u64 *)tried;
    if (how == RIGHT_R)
        reached = *(volatile u64 *)address;
    else if (how == RIGHT_W)
        *(volatile u64 *)address = 1;
    else
        ((void (*)(void))address)();
    reached = 1;
}

static void kernel_half_is_out_of_reach(void)
{
    static const u64 places[] = {KERNEL_HALF,
                                 KERNEL_HALF + 0x10000000,
                                 KERNEL_HALF + 0x80000000,
                                 KERNEL_HALF + 0x80200000,
                                 KERNEL_HALF + 0x80400000,
                                 ~7ull};
    CHECK_OK(test_gate_create(A, THREAD, LABEL));
    CHECK_OK(test_task_create(B));
    for (u32 i = 0; i < sizeof places / sizeof *places; i++)
        for (u64 how = RIGHT_X; how <= RIGHT_R; how <<= 1) {
            tried = places[i];
            reached = 0;
            CHECK_OK(test_thread_create(0, B, BELOW, A, 0));
            CHECK_OK(test_thread_run(0, touch_kernel, how));
            struct msg m = {0};
            CHECK_OK(sys_wait(&m, 100000, 0));
            CHECK_EQ(m.w[FAULT_WORD_ADDR], places[i]);
            CHECK_EQ(m.w[FAULT_WORD_ACCESS], how);
            u64 page = places[i] & ~0xfffull;
            sys_utcb->item[0] = (struct map_item){FPAGE_MEM(test_ram(), ARCH_PAGE_SHIFT, RIGHTS_RWX), page};
            m = (struct msg){.tag = TAG(1, 1)}; /* nobody can map anything there */
            CHECK_EQ(sys_reply(&m, 0), E_RANGE);
            CHECK_EQ(reached, 0);
            CHECK_OK(test_delete(TEST_THREAD(0)));
            CHECK_OK(test_delete(TEST_SC(0)));
        }
}

TESTS(TEST(fast_path_carries_what_was_sent), TEST(slow_path_carries_what_was_sent),
      TEST(queued_message_carries_what_was_sent), TEST(signals_carry_nothing), TEST(errors_carry_nothing),
      TEST(lost_answers_carry_nothing), TEST(utcb_receives_what_was_counted), TEST(faults_tell_address_and_pc_only),
      TEST(used_memory_comes_back_empty), TEST(no_kernel_address_is_told), TEST(kernel_half_is_out_of_reach));
