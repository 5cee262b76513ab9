/*
 * Hostile clients: requests of any shape to the file server's sessions. Every one is answered, nothing breaks, and the
 * image is consistent in the end. FS_TEST_SEED and FS_TEST_STEPS choose another or a longer walk.
 */

#include "tests/unit/fs/rig.h"

#define SESSIONS 24

static u64 random_state;
static cap_t sessions[SESSIONS];

static u32 random_below(u32 n)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (u32)(random_state >> 33) % n;
}

/* Numbers near limits, small ones that are often legal, and any. */
static u64 random_word(void)
{
    static const u64 limits[] = {
        0, 1, 4095, 4096, 4097, 1 << 20, 0x7fffffff, 0xffffffff, 1ull << 32, 0xffffffffull << 12, 1ull << 63, ~0ull};
    switch (random_below(4)) {
    case 0:
        return limits[random_below(sizeof limits / sizeof limits[0])];
    case 1:
        return (u64)random_below(0x7fffffff) << random_below(34);
    default:
        return random_below(64);
    }
}

static u32 random_path(char *path)
{
    static const char *const names[] = {"a", "b", "dir", "link", "..", ".", "", "/", "a-name-that-is-somewhat-longer"};
    u32 length = 0;
    for (u32 i = random_below(4); i < 4; i++)
        length += (u32)sprintf(path + length, "/%s", names[random_below(sizeof names / sizeof names[0])]);
    if (random_below(20) == 0)
        path[random_below(length)] = (char)random_below(256);
    return random_below(30) ? length : random_below(400);
}

/* Words, and behind them a path at the place where the operation might expect it. */
static void make_request(struct msg *m)
{
    char path[512] = "";
    u32 words = random_below(8) ? 1 + random_below(8) : random_below(97);
    m->w[0] = random_below(10) ? random_below(40) : random_word();
    for (u32 i = 1; i < MSG_WORDS_MAX; i++)
        wire_set_word(m, i, random_word());
    if (random_below(2)) {
        u32 length = random_path(path);
        words = wire_put_bytes(m, 1 + random_below(4), path, length);
    }
    m->tag = TAG(words, 0);
}

/* One request; a session that it gives is kept, and a random other one is closed for it. */
static void step(void)
{
    struct msg m = {0};
    u32 i = random_below(SESSIONS), j = random_below(SESSIONS);
    cap_t target = random_below(3) ? rig_service() : sessions[i], slot = rig_slot();
    make_request(&m);
    bool wants_memory = random_below(2);
    sys_utcb->window[0] = wants_memory ? rig_window() : FPAGE_OBJ(slot, 0, RIGHTS_ALL);
    if (sys_call(&m, target) || m.w[0] || !WIRE_ITEMS(m.tag) || wants_memory || !wire_item_cap(&m, 0))
        return;
    rig_close(sessions[j]);
    sessions[j] = slot;
}

static void walk(u32 order)
{
    const char *seed = getenv("FS_TEST_SEED"), *steps = getenv("FS_TEST_STEPS");
    random_state = seed ? strtoull(seed, NULL, 0) : 1;
    memset(sessions, 0, sizeof sessions);
    for (u32 n = steps ? (u32)atoi(steps) / 500 : 60; n > 0; n--) {
        rig_start(2048, order);
        rig_image.quiet = true;
        for (u32 i = 0; i < 500; i++)
            step();
        rig_stop();
    }
}

static void test_random_requests_over_image_in_memory(void **state)
{
    walk(0);
}

static void test_random_requests_over_cache(void **state)
{
    walk(21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_requests_over_image_in_memory),
        cmocka_unit_test(test_random_requests_over_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
