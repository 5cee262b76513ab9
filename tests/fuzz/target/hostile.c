/*
 * Hostile tasks against a pair that behaves. Each round, two tasks with factories of their own get threads that make
 * random invocations with random capabilities, tags, flexpages, addresses and timeouts, on all CPUs; among what they
 * hold is a gate to the server of a client that counts its calls. The client must lose none, the server must count the
 * same, and when the hostile tasks' factories go, kernel memory is as it was, to the byte.
 *
 * Options on the machine's command line: `rounds=N`, `seed=N`.
 */
#include "lib/base/format.h"
#include "lib/test/thread.h"

#define PAIR_PRIORITY    120
#define HOSTILE_PRIORITY 90
#define SUPERVISOR       130
#define ROUND_US         10000
#define PATIENCE         1000 /* rounds' times: the harts of a busy host may stand still for long */
#define QUOTA            (160 * ARCH_PAGE_SIZE)
#define PAIR_LABEL       0x7061697200000000ull
#define HOSTILE_LABEL    0x686f737400000000ull

/* Threads: client, server, three in each hostile task. */
enum { CLIENT, SERVER, HOSTILES, HOSTILE_TASKS = 2, PER_TASK = 3 };

/* Slots of ours: A, B the pair's tasks; C, D their gates; hostile task h: E + 2h, its factory behind it. */
#define HOSTILE_TASK(h)    ((cap_t)(E + 2 * (h)))
#define HOSTILE_FACTORY(h) ((cap_t)(E + 2 * (h) + 1))
enum { PAIR_GATE = C, HOSTILE_GATE = D };

/* What a hostile task holds. */
enum {
    OWN_TASK = 1,
    OWN_FACTORY,
    SERVER_GATE,
    OWN_GATE,
    OWN_IRQ,
    OWN_SEMAPHORE,
    OWN_SC,
    THE_SCHEDULER,
    OTHER_TASK,
    OWN_THREADS,
};

static volatile u64 called, served, wrong;
static volatile u64 attacks[TEST_THREADS]; /* invocations of each hostile thread */
static volatile bool stop, stopped;
static u64 rounds = 10, first_seed = 1;

/* --- the pair --- */

static u64 answer_to(u64 n)
{
    return n * 3 + 1;
}

static void call_and_count(u64 unused)
{
    for (u64 n = 0; !stop; n++) {
        struct msg m = {.tag = TAG(2, 0), .w = {1, n}};
        err_t error = sys_call(&m, PAIR_GATE);
        if (error || m.tag != TAG(2, 0) || m.w[0] != 0 || m.w[1] != answer_to(n))
            wrong++;
        called++;
        if (n % 16 == 15)
            sys_sleep(60);
    }
    stopped = true;
}

/* Whatever comes with the hostile label gets an error; a message that failed on its way is not answered. */
static void serve_and_count(u64 unused)
{
    struct msg m = {0};
    err_t error = sys_wait(&m, TIMEOUT_NEVER, 0);
    for (;;) {
        bool pair = m.label == PAIR_LABEL && !error;
        if (pair)
            served++;
        else if (m.label != HOSTILE_LABEL && m.label != 0)
            wrong++;
        struct msg answer = {.tag = TAG(2, 0), .w = {pair ? 0 : E_PERM, pair ? answer_to(m.w[1]) : 0}};
        m = answer;
        if (error || (error = sys_reply_wait(&m, 0)) == E_NOENT || error == E_CANCELED)
            error = sys_wait(&m, TIMEOUT_NEVER, 0);
    }
}

static u32 cpus(void)
{
    struct msg m = {.tag = TAG(1, 0), .w = {OP_SCHEDULER_INFO}};
    return sys_object_call(SCHEDULER, &m) ? 1 : (u32)m.w[1];
}

/* CPUs that start late are waited for. */
static void wait_for_cpus(void)
{
    struct msg m;
    for (u64 i = 0; i < cpus(); i++)
        do {
            m = (struct msg){.tag = TAG(2, 0), .w = {OP_SCHEDULER_IS_ONLINE, i}};
            sys_sleep(100);
        } while (!sys_object_call(SCHEDULER, &m) && !m.w[1]);
}

static err_t run_on(u32 i, u32 cpu)
{
    return scheduler_run_thread(SCHEDULER, TEST_THREAD(i), TEST_SC(i), cpu % cpus());
}

static err_t start_pair(void)
{
    err_t error = test_task_create(A);
    if (!error)
        error = test_task_create(B);
    if (!error)
        error = test_thread_create(SERVER, B, PAIR_PRIORITY, 0, 0);
    if (!error)
        error = test_gate_create(PAIR_GATE, TEST_THREAD(SERVER), PAIR_LABEL);
    if (!error)
        error = test_gate_create(HOSTILE_GATE, TEST_THREAD(SERVER), HOSTILE_LABEL);
    if (!error)
        error = task_map(A, TASK, FPAGE_OBJ(PAIR_GATE, 0, RIGHT_USE), (u64)PAIR_GATE << FPAGE_START_SHIFT);
    if (!error)
        error = test_thread_create(CLIENT, A, PAIR_PRIORITY, 0, 0);
    if (!error)
        error = run_on(SERVER, 1);
    if (!error)
        error = test_thread_run(SERVER, serve_and_count, 0);
    return error ? error : test_thread_run(CLIENT, call_and_count, 0);
}

/* --- the hostile ones --- */

static u64 next(u64 *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    u64 r = *state * 0x2545f4914f6cdd1dull;
    return r ^ r >> 32;
}

/* A word that is often nearly right. */
static u64 noise(u64 *state)
{
    u64 r = next(state), order = r >> 24 & 7;
    switch (r % 8) {
    case 0:
        return r;
    case 1:
        return r >> 8 & 15;
    case 2:
        return FPAGE_OBJ((r >> 8 & 31) >> order << order, order, r >> 16 & 15);
    case 3:
        return FPAGE_OBJ(r >> 8 & 31, 0, RIGHTS_ALL);
    case 4:
        return FPAGE_MEM((TEST_AREA + (r & 0x3ff000)) >> (12 + order) << (12 + order), 12 + order, RIGHTS_RWX);
    case 5:
        return (TEST_AREA + (r & 0x3ff000)) | (r >> 40 & 1);
    case 6:
        return FPAGE_MEM(BOOT_IMAGE_BASE + (r & 0x3f000), 12, r >> 32 & 7);
    default:
        return r & 1 ? 1ull << (r >> 8) % 64 : ~0ull << (r >> 8) % 64;
    }
}

static u32 any_timeout(u64 *state)
{
    static const u32 values[] = {TIMEOUT_ZERO, TIMEOUT_ZERO, TIMEOUT_ZERO, TIMEOUT_ABSOLUTE,
                                 TIMEOUT_ZERO, TIMEOUT_ZERO, 2,            40};
    u64 r = next(state);
    return r % 128 == 0 ? (r & 128 ? TIMEOUT_MAX : TIMEOUT_NEVER) : values[r >> 8 & 7];
}

static const u64 phases[] = {SEL_OP_CALL, SEL_OP_CALL,       SEL_OP_CALL,      SEL_OP_SEND, SEL_OP_RECV,
                             SEL_OP_WAIT, SEL_OP_REPLY_WAIT, SEL_OP_SEND_WAIT, SEL_OP_REPLY};

/* Whether it may well end the attack: most of these are left out. */
static bool suicidal(cap_t slot, const struct msg *m)
{
    u64 op = m->w[0];
    bool space = slot == OWN_TASK || slot == OTHER_TASK, thread = slot >= OWN_THREADS && slot < OWN_THREADS + PER_TASK;
    return slot == OWN_SC || slot == THE_SCHEDULER || (space && (op == OP_TASK_UNMAP || op == OP_TASK_MAP)) ||
           (thread && op <= OP_THREAD_EX_REGS);
}

/* One invocation of anything with anything. */
static void invoke_noise(u64 *state)
{
    u64 r = next(state);
    cap_t slot = r >> 8 & 1 ? (cap_t)(1 + (r >> 16) % 12) : (cap_t)(r >> 16 & 31);
    u64 op = phases[(r >> 24) % 9], tag = r & 1 ? TAG(8, r >> 32 & 3) : r >> 32 & 0x1fff;
    struct msg m = {.tag = tag | (slot == OWN_GATE && r >> 40 & 1 ? TAG_OBJECT : 0), .w = {1 + next(state) % 9}};
    for (u32 i = 1; i < MSG_REGS; i++)
        m.w[i] = noise(state);
    for (u32 i = 0; i < 4; i++) {
        sys_utcb->item[i] = (struct map_item){noise(state), r >> (44 + i) & 1 ? noise(state) : 0};
        sys_utcb->window[i] = noise(state);
    }
    sys_utcb->deadline[0] = sys_utcb->deadline[1] = next(state) % 20000;
    if (suicidal(slot, &m) && next(state) % 16)
        return;
    if (r >> 50 & 31 || op != SEL_OP_CALL)
        sys_invoke(&m, SEL(slot, op), TIMEOUTS(any_timeout(state), any_timeout(state)), r >> 48 & 1 ? slot + 20 : 0);
    else
        sys_call(&m, slot);
}

static void attack(u64 seed)
{
    u64 state = seed * 0x9e3779b97f4a7c15ull | 1;
    for (;;) {
        for (u32 i = 0; i < 64; i++) {
            invoke_noise(&state);
            attacks[test_thread_number()]++;
        }
        if (next(&state) % 16 == 0)
            *(volatile u64 *)(TEST_AREA + (next(&state) & 0x3ffff8)) = state; /* a fault, mostly */
    }
}

static err_t give(u32 h, cap_t slot, u32 rights, cap_t to)
{
    return task_map(HOSTILE_TASK(h), TASK, FPAGE_OBJ(slot, 0, rights), (u64)to << FPAGE_START_SHIFT);
}

/* An object from the hostile task's own factory, put into its own slot. */
static err_t give_new(u32 h, enum object_number kind, u64 parameter, cap_t to)
{
    err_t error = factory_create(HOSTILE_FACTORY(h), SLOT_FREE, kind, parameter, 0);
    if (error)
        return error;
    return task_map(HOSTILE_TASK(h), TASK, FPAGE_OBJ(SLOT_FREE, 0, RIGHTS_ALL),
                    (u64)to << FPAGE_START_SHIFT | ITEM_GRANT);
}

/*
 * All share the program's image, in which hostile threads have their own stacks, but may not touch what the pair
 * computes with: its code, which ends with the page before the initialised data, and its stacks.
 */
static err_t protect_pair(cap_t task)
{
    err_t error = E_OK;
    for (u64 page = BOOT_IMAGE_BASE; page + ARCH_PAGE_SIZE <= (u64)&first_seed && !error; page += ARCH_PAGE_SIZE)
        error = task_unmap(task, FPAGE_MEM(page, ARCH_PAGE_SHIFT, RIGHT_W), UNMAP_SELF);
    for (u32 i = CLIENT; i <= SERVER && !error; i++)
        error = task_unmap(task, FPAGE_MEM(test_thread_stack(i), ARCH_PAGE_SHIFT, RIGHTS_RWX), UNMAP_SELF);
    return error;
}

static err_t make_task(u32 h)
{
    err_t error = factory_create_limited(FACTORY, HOSTILE_FACTORY(h), QUOTA, HOSTILE_PRIORITY);
    if (!error)
        error = factory_create_task(HOSTILE_FACTORY(h), HOSTILE_TASK(h));
    if (!error)
        error = task_map(HOSTILE_TASK(h), TASK, FPAGE_MEM(BOOT_IMAGE_BASE, 20, RIGHTS_RWX), BOOT_IMAGE_BASE);
    if (!error)
        error = protect_pair(HOSTILE_TASK(h));
    if (!error)
        error = task_add_ku_mem(HOSTILE_TASK(h), FPAGE_MEM(TEST_UTCBS, TEST_UTCBS_ORDER, 0));
    if (!error)
        error = task_map(HOSTILE_TASK(h), TASK, FPAGE_MEM(test_ram(), 18, RIGHTS_RWX), TEST_AREA);
    return error;
}

static err_t equip_task(u32 h)
{
    err_t error = give(h, HOSTILE_TASK(h), RIGHTS_ALL & ~RIGHT_DELETE, OWN_TASK);
    if (!error)
        error = give(h, HOSTILE_FACTORY(h), RIGHTS_ALL & ~RIGHT_DELETE, OWN_FACTORY);
    if (!error)
        error = give(h, HOSTILE_GATE, RIGHT_USE | RIGHT_PASS, SERVER_GATE);
    if (!error)
        error = give_new(h, OBJ_GATE, 0, OWN_GATE);
    if (!error)
        error = give_new(h, OBJ_IRQ, 0, OWN_IRQ);
    if (!error)
        error = give_new(h, OBJ_SEMAPHORE, 1, OWN_SEMAPHORE);
    if (!error)
        error = give_new(h, OBJ_SC, HOSTILE_PRIORITY, OWN_SC);
    if (!error)
        error = give(h, SCHEDULER, RIGHTS_ALL & ~RIGHT_DELETE, THE_SCHEDULER);
    return error ? error : give(h, HOSTILE_TASK(1 - h), RIGHT_USE | RIGHT_CONTROL, OTHER_TASK);
}

static err_t start_thread(u32 h, u32 k, u64 seed)
{
    u32 i = HOSTILES + h * PER_TASK + k;
    err_t error = factory_create_thread(HOSTILE_FACTORY(h), TEST_THREAD(i));
    if (!error)
        error = thread_control(TEST_THREAD(i), HOSTILE_TASK(h), TEST_UTCBS + i * UTCB_SIZE, HOSTILE_GATE, 0);
    if (!error)
        error = factory_create_sc(HOSTILE_FACTORY(h), TEST_SC(i), HOSTILE_PRIORITY);
    if (!error)
        error = run_on(i, i);
    if (!error)
        error = give(h, TEST_THREAD(i), RIGHTS_ALL & ~RIGHT_DELETE, OWN_THREADS + k);
    return error ? error : test_thread_run(i, attack, seed);
}

static err_t start_hostiles(u64 seed)
{
    err_t error = E_OK;
    for (u32 h = 0; h < HOSTILE_TASKS && !error; h++)
        error = make_task(h);
    for (u32 h = 0; h < HOSTILE_TASKS && !error; h++)
        error = equip_task(h);
    for (u32 i = 0; i < HOSTILE_TASKS * PER_TASK && !error; i++)
        error = start_thread(i / PER_TASK, i % PER_TASK, seed * 100 + i);
    return error;
}

/* With the factories goes all that was made from them, capabilities and mappings included. */
static void end_hostiles(void)
{
    for (u32 h = 0; h < HOSTILE_TASKS; h++)
        test_delete(HOSTILE_FACTORY(h));
}

/* Kernel memory in use, when what died has been taken apart. */
static u64 settled(u64 expected)
{
    u64 used = test_used(FACTORY);
    for (u32 i = 0; i < 500 && used != expected; i++) {
        sys_sleep(500);
        used = test_used(FACTORY);
    }
    return used;
}

static void play_round(u64 seed)
{
    u64 before = test_used(FACTORY), calls = called;
    err_t error = start_hostiles(seed);
    for (u32 i = 0; i < PATIENCE && (i == 0 || called == calls); i++)
        sys_sleep(ROUND_US);
    bool progress = called > calls;
    end_hostiles();
    CHECK_OK(error);
    CHECK(progress); /* the pair is not kept from its work */
    CHECK_EQ(settled(before), before);
    CHECK_EQ(wrong, 0);
}

/* --- options --- */

static void option(const char *name, u64 *value)
{
    for (const char *at = test_boot->command_line; *at; at++) {
        const char *a = at, *b = name;
        while (*b && *a == *b)
            a++, b++;
        if (*b)
            continue;
        for (*value = 0; *a >= '0' && *a <= '9'; a++)
            *value = *value * 10 + (u64)(*a - '0');
        return;
    }
}

static void report(void)
{
    char line[120];
    u64 sum = 0;
    for (u32 i = 0; i < TEST_THREADS; i++)
        sum += attacks[i];
    size_t length = format_buffer(line, sizeof line, "# seeds %lu-%lu: %lu calls, %lu answered, %lu invocations\n",
                                  first_seed, first_seed + rounds - 1, called, served, sum);
    log_write(LOG, line, length);
}

static void pair_loses_no_call(void)
{
    option("rounds=", &rounds);
    option("seed=", &first_seed);
    CHECK_OK(sc_configure(SC, SUPERVISOR, 0, 0, 0));
    stop = stopped = false;
    called = served = wrong = 0;
    wait_for_cpus();
    CHECK_OK(start_pair());
    sys_sleep(ROUND_US);
    test_delete(SLOT_FREE);
    for (u64 i = 0; i < rounds; i++)
        play_round(first_seed + i);
    stop = true;
    for (u32 i = 0; i < PATIENCE && !stopped; i++)
        sys_sleep(ROUND_US);
    CHECK(stopped);
    report();
    CHECK_EQ(wrong, 0);
    CHECK(called > rounds);
    CHECK_EQ(called, served);
}

TESTS(TEST(pair_loses_no_call));
