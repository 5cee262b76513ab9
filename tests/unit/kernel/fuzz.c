/*
 * Random invocations by several tasks on the host kernel, the invariants checked as it goes. As a test with a fixed
 * number of seeds; with -DLIBFUZZER as a libFuzzer target, whose input stands in for the random numbers.
 *
 *   kernel_fuzz [SEEDS [STEPS [FIRST SEED]]]      FUZZ_TRACE=1 shows and checks every step
 *
 * Arguments are chosen so that many are nearly right: slots, flexpages and operations from small sets, tags of the
 * shape the operation wants or off by one. Whoever runs next, by the kernel's choice, makes the next invocation.
 */
#include "kernel/arch/host/host.h"
#include "kernel/factory.h"
#include "kernel/pool.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SLOTS_USED  40
#define CHECK_EVERY (tracing ? 1 : 16)

static bool tracing;

/* --- where choices come from --- */

static const u8 *input;
static size_t input_left;
static u64 state;

static u64 choose_word(void)
{
    if (input) {
        u64 w = 0;
        for (int i = 0; i < 2 && input_left; i++, input_left--)
            w = w << 8 | *input++;
        return w;
    }
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1dull >> 16;
}

static u64 choose(u64 n)
{
    return choose_word() % n;
}

/* True once in n. */
static bool seldom(u64 n)
{
    return choose(n) == 0;
}

/* --- arguments --- */

static u64 any_slot(void)
{
    return seldom(50) ? choose_word() : choose(SLOTS_USED);
}

static u64 any_address(void)
{
    return seldom(20) ? choose_word() << 12 : HOST_MEMORY + (choose(64) << 12) + (seldom(4) ? choose(4) << 21 : 0);
}

static u64 any_fpage(void)
{
    u64 rights = choose(16);
    if (seldom(3)) {
        u64 order = seldom(8) ? choose(18) : 0;
        return FPAGE_OBJ(any_slot() >> order << order, order, rights | (seldom(2) ? RIGHTS_ALL : 0));
    }
    u64 order = seldom(10) ? choose(40) : 12 + choose(6);
    u64 address = any_address();
    if (!seldom(10) && order < 38)
        address = address >> order << order;
    return FPAGE_MEM(address, order, rights | (seldom(3) ? 0 : RIGHTS_RWX));
}

static u64 any_word(void)
{
    switch (choose(6)) {
    case 0:
        return choose(12);
    case 1:
        return any_fpage();
    case 2:
        return any_address() | choose(2);
    case 3:
        return any_slot() << 12;
    case 4:
        return 1ull << choose(64);
    default:
        return choose_word();
    }
}

/* The first thread never waits for ever, so that somebody always goes on. */
static u32 any_timeout(bool finite)
{
    static const u32 values[] = {TIMEOUT_NEVER, TIMEOUT_MAX, TIMEOUT_ZERO, TIMEOUT_ZERO, 10, 500, TIMEOUT_ABSOLUTE};
    return finite ? values[2 + choose(5)] : values[choose(7)];
}

static void fill_utcb(struct utcb *u)
{
    for (u32 i = 0; i < 3; i++) {
        u->item[i].what = seldom(3) ? any_fpage() : FPAGE_OBJ(any_slot(), 0, RIGHTS_ALL);
        u->item[i].base = seldom(2) ? 0 : any_word();
        u->window[i] = seldom(3) ? any_fpage() : FPAGE_OBJ(any_slot(), 0, RIGHTS_ALL);
    }
    u->deadline[0] = choose(10000);
    u->deadline[1] = choose(10000);
}

/* --- one step --- */

/* Operations with plausible arguments, so that objects come into being and meet. */
static void plausible(u64 w[MSG_REGS], u64 *tag)
{
    static const struct {
        u8 op, words, items;
    } shapes[] = {{1, 4, 0}, {1, 4, 1}, {1, 2, 1}, {2, 6, 0}, {2, 3, 0}, {3, 2, 1}, {2, 2, 2}, {1, 3, 3}};
    u64 s = choose(sizeof shapes / sizeof *shapes);
    w[0] = shapes[s].op;
    w[1] = seldom(2) ? choose(11) : any_word();
    w[2] = seldom(2) ? choose(4) : any_word();
    if (seldom(3)) /* factory quotas, large enough to be useful */
        w[2] = choose(64) << 12;
    *tag = TAG(shapes[s].words, shapes[s].items) | (seldom(3) ? TAG_OBJECT : 0);
}

static void show_step(const struct thread *t, u64 tag, u64 selector, const u64 w[])
{
    const struct utcb *u = t->utcb;
    fprintf(stderr, "%p: tag %lx selector %lx ", (const void *)t, tag, selector);
    fprintf(stderr, "words %lx %lx %lx %lx ", w[0], w[1], w[2], w[3]);
    fprintf(stderr, "items %lx/%lx %lx/%lx window %lx\n", u->item[0].what, u->item[0].base, u->item[1].what,
            u->item[1].base, u->window[0]);
}

/* The first thread sets the others going again. */
static void revive(void)
{
    static const u8 threads[] = {17, 21, 25};
    u64 w[MSG_REGS] = {OP_THREAD_EX_REGS, EX_REGS_PC | (seldom(2) ? EX_REGS_CANCEL : 0), 8};
    host_invoke(TAG(6, 0), SEL(threads[choose(3)], SEL_OP_CALL), 0, 0, w);
}

static void step_invoke(struct thread *t)
{
    bool root = t == host_root_thread();
    static const u64 ops[] = {SEL_OP_CALL, SEL_OP_CALL,  SEL_OP_CALL,      SEL_OP_CALL,       SEL_OP_CALL,
                              SEL_OP_SEND, SEL_OP_RECV,  SEL_OP_WAIT,      SEL_OP_SEND_WAIT,  SEL_OP_CALL,
                              SEL_OP_WAIT, SEL_OP_REPLY, SEL_OP_REPLY_WAIT, SEL_OP_REPLY_WAIT, SEL_OP_MASK};
    u64 w[MSG_REGS], tag;
    fill_utcb(t->utcb);
    for (u32 i = 0; i < MSG_REGS; i++)
        w[i] = any_word();
    if (seldom(4)) {
        w[0] = choose(13);
        tag = TAG(choose(8), choose(4)) | (seldom(4) ? TAG_OBJECT : 0) | (seldom(40) ? choose_word() : 0);
    } else {
        plausible(w, &tag);
    }
    u64 op = seldom(60) ? choose(64) << SEL_OP_SHIFT : ops[choose(sizeof ops / sizeof *ops)];
    u64 selector = SEL(any_slot(), op);
    if (tracing)
        show_step(t, tag, selector, w);
    host_pending_enabled = seldom(8);
    host_pending_after = choose(4);
    host_fail_page = seldom(30) ? 1 + choose(4) : 0;
    if (root && seldom(4))
        revive();
    else if (!root && seldom(3) && !host_fail_page && !host_pending_enabled)
        host_invoke_fast(tag, selector, w);
    else
        host_invoke(tag, selector, TIMEOUTS(any_timeout(root), any_timeout(root)), seldom(8) ? any_slot() : 0, w);
    host_pending_enabled = false;
    host_fail_page = 0;
}

/* False: everybody waits for ever. */
static bool step(void)
{
    if (!host_current())
        host_advance(1000 + choose(20000));
    if (!host_current()) {
        host_interrupt(1 + choose(8));
        host_advance(1ull << 32);
    }
    if (!host_current())
        return false;
    u64 what = choose(100);
    if (what == 0)
        host_advance(choose(30000));
    else if (what == 1)
        host_interrupt(choose(40));
    else if (what == 2 && host_current() != host_root_thread())
        host_page_fault(any_address(), 1 << choose(3));
    else if (what == 3 && host_current() != host_root_thread())
        host_exception(2);
    else
        step_invoke(host_current());
    return true;
}

/* --- a run --- */

/* Root's invocation of a kernel object that has to succeed. */
static void must(u64 slot, u64 tag, u64 w0, u64 w1, u64 w2, u64 w3)
{
    u64 w[MSG_REGS] = {w0, w1, w2, w3};
    struct thread *root = host_root_thread();
    host_invoke(tag, SEL(slot, SEL_OP_CALL), 0, 0, w);
    if ((root->cold.tag & TAG_ERROR) || root->cold.mr[0]) {
        fprintf(stderr, "setup: slot %lu op %lu: tag %lx error %lu\n", slot, w0, root->cold.tag, root->cold.mr[0]);
        abort();
    }
}

static void create(u64 factory, u64 slot, u64 kind, u64 parameter)
{
    host_root_thread()->utcb->window[0] = FPAGE_OBJ(slot, 0, RIGHTS_ALL);
    must(factory, TAG(4, 0), OP_FACTORY_CREATE, kind, parameter, 0);
}

/* A task in slot n with a thread (n+1) and its own factory (n+3), which holds capabilities to most of what there is. */
static void make_task(u64 n)
{
    struct utcb *u = host_root_thread()->utcb;
    create(3, n + 3, OBJ_FACTORY, 40 * PAGE_SIZE);
    create(n + 3, n, OBJ_TASK, 0);
    create(n + 3, n + 1, OBJ_THREAD, 0);
    create(n + 3, n + 2, OBJ_SC, 128);
    must(n, TAG(2, 0), OP_TASK_ADD_KU_MEM, FPAGE_MEM(HOST_UTCB & ~0xfffull, 12, 7), 0, 0);
    u->item[0].what = FPAGE_OBJ(n, 0, RIGHTS_ALL);
    must(n + 1, TAG(3, 1), OP_THREAD_CONTROL, THREAD_SET_TASK, HOST_UTCB & ~0xfffull, 0);
    u->item[0].what = FPAGE_OBJ(1, 0, RIGHTS_ALL);
    must(n, TAG(3, 1), OP_TASK_MAP, FPAGE_OBJ(8, 3, RIGHTS_ALL), 8 << 12, 0);
    u->item[0].what = FPAGE_OBJ(1, 0, RIGHTS_ALL);
    must(n, TAG(3, 1), OP_TASK_MAP, FPAGE_OBJ(n, 2, RIGHTS_ALL), 1 << 12, 0);
    u->item[0].what = FPAGE_OBJ(1, 0, RIGHTS_ALL);
    must(n, TAG(3, 1), OP_TASK_MAP, FPAGE_MEM(HOST_MEMORY, 21, 7), HOST_MEMORY, 0);
    u->item[0].what = FPAGE_OBJ(n + 1, 0, RIGHTS_ALL);
    u->item[1].what = FPAGE_OBJ(n + 2, 0, RIGHTS_ALL);
    must(6, TAG(2, 2), OP_SCHEDULER_RUN_THREAD, 0, 0, 0);
    must(n + 1, TAG(6, 0), OP_THREAD_EX_REGS, EX_REGS_PC, 8, 0);
}

static void setup(void)
{
    host_boot(2 << 20, 4 << 20);
    create(3, 8, OBJ_GATE, 0);
    create(3, 9, OBJ_GATE, 0);
    create(3, 10, OBJ_IRQ, 0);
    create(3, 11, OBJ_SEMAPHORE, 1);
    make_task(16);
    make_task(20);
    make_task(24);
    host_root_thread()->utcb->item[0].what = FPAGE_OBJ(17, 0, RIGHTS_ALL);
    must(8, TAG(2, 1) | TAG_OBJECT, OP_GATE_BIND, 0x1000, 0, 0);
    host_root_thread()->utcb->item[0].what = FPAGE_OBJ(21, 0, RIGHTS_ALL);
    must(9, TAG(2, 1) | TAG_OBJECT, OP_GATE_BIND, 0x2000, 0, 0);
}

static void check(u64 seed, u64 at)
{
    const char *problem = host_check();
    if (!problem)
        return;
    fprintf(stderr, "seed %lu step %lu: %s\n", seed, at, problem);
    abort();
}

static u64 run(u64 seed, u64 steps)
{
    u64 done = 0;
    setup();
    check(seed, 0);
    for (; done < steps && step(); done++)
        if (done % CHECK_EVERY == 0)
            check(seed, done);
    check(seed, done);
    return done;
}

#ifdef LIBFUZZER
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    input = data;
    input_left = size;
    state = 1;
    run(0, size / 8);
    return 0;
}
#else
static u64 seeds = 200, steps = 400, first_seed = 1;

static void test_invariants_hold(void **unused)
{
    u64 total = 0;
    for (u64 seed = first_seed; seed < first_seed + seeds; seed++) {
        state = seed * 0x9e3779b97f4a7c15ull | 1;
        total += run(seed, steps);
    }
    print_message("%lu invocations\n", total);
    assert_true(total > 0);
}

int main(int argc, char **argv)
{
    u64 *options[] = {&seeds, &steps, &first_seed};
    for (int i = 1; i < argc && i <= 3; i++)
        *options[i - 1] = strtoull(argv[i], NULL, 0);
    tracing = getenv("FUZZ_TRACE") != NULL;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_invariants_hold)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
