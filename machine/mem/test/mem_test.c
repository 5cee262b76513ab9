/*
 * The event queue against a sorted reference, the bus's checks, and the memory hierarchy: costs that follow from the
 * parameters, and coherence under random accesses of several cores.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "machine/core/test/random.h"
#include "machine/core/code.h"
#include "machine/mem/bus.h"
#include "machine/mem/event.h"
#include "machine/mem/hierarchy.h"

/* The bus tells the cores about writes; there are none here. */
void code_invalidate(struct ram *ram, uint64_t offset, uint64_t len)
{
    assert_true(offset + len <= ram->size);
}

/* ---- Events ---- */

#define EVENTS 50

static uint64_t last_fired;
static unsigned fired;

static void fire(void *ctx)
{
    struct event *e = ctx;

    assert_true(e->at >= last_fired);
    last_fired = e->at;
    fired++;
}

static void test_events_fire_in_order(void **state)
{
    static struct event_queue q;
    static struct event events[EVENTS];
    unsigned expected = 0;

    for (unsigned i = 0; i < EVENTS; i++)
        event_init(&events[i], fire, &events[i]);
    for (unsigned n = 0; n < 20000; n++) {
        struct event *e = &events[rnd() % EVENTS];
        if (rnd() % 4)
            event_schedule(&q, e, 1000 + rnd() % 1000);
        else
            event_cancel(&q, e);
    }
    for (unsigned i = 0; i < EVENTS; i++)
        expected += events[i].index != 0;
    assert_int_equal(q.count, expected);
    event_run(&q, 1500);
    assert_true(event_next(&q) > 1500);
    event_run(&q, EVENT_NEVER - 1);
    assert_int_equal(fired, expected);
    assert_int_equal(event_next(&q), EVENT_NEVER);
}

static char order[8];

static void note(void *ctx)
{
    strcat(order, ctx);
}

static void test_equal_times_keep_their_order(void **state)
{
    static struct event_queue q;
    struct event a, b, c;

    event_init(&a, note, "a");
    event_init(&b, note, "b");
    event_init(&c, note, "c");
    event_schedule(&q, &a, 5);
    event_schedule(&q, &b, 5);
    event_schedule(&q, &c, 4);
    event_schedule(&q, &a, 5); /* scheduled anew: behind b */
    event_run(&q, 5);
    assert_string_equal(order, "cba");
}

/* ---- The bus ---- */

static void test_bus_checks_ranges(void **state)
{
    static struct bus b;
    static const struct device_ops ops = {"none", NULL, NULL};
    uint8_t buffer[8] = {1, 2, 3, 4, 5, 6, 7, 8}, back[8];

    assert_non_null(bus_add_ram(&b, "ram", 0x80000000, 0x2000, true));
    assert_non_null(bus_add_ram(&b, "rom", 0x1000, 0x1000, false));
    assert_null(bus_add_ram(&b, "overlap", 0x80001000, 0x2000, true));
    assert_null(bus_add_ram(&b, "unaligned", 0x90000800, 0x1000, true));
    assert_null(bus_add_ram(&b, "wraps", UINT64_MAX - 0xfff, 0x1000, true));
    assert_false(bus_add_device(&b, 0x80001ff8, 16, &ops, NULL));
    assert_true(bus_dma_write(&b, 0x80001ff8, buffer, 8));
    assert_false(bus_dma_write(&b, 0x80001ff9, buffer, 8));
    assert_false(bus_dma_write(&b, 0x80000000, buffer, UINT64_MAX));
    assert_false(bus_dma_write(&b, UINT64_MAX, buffer, 8));
    assert_false(bus_dma_write(&b, 0x1000, buffer, 8));
    assert_true(bus_load(&b, 0x1000, buffer, 8));
    assert_true(bus_dma_read(&b, 0x1000, back, 8));
    assert_memory_equal(buffer, back, 8);
    assert_false(bus_dma_read(&b, 0x7ffffffc, back, 8));
    bus_free(&b);
}

/* ---- The hierarchy ---- */

static void test_costs_follow_parameters(void **state)
{
    struct timing_params p = timing_default_params;
    struct hierarchy *h = hierarchy_create(&p, 2);
    bool miss;

    uint32_t cold = hierarchy_data(h, 0, 0x80000000, false, 0, &miss);
    assert_int_equal(cold, p.l2_hit + p.dram_row_closed + p.dram_burst);
    assert_true(miss);
    assert_int_equal(hierarchy_data(h, 0, 0x8000003f, false, 100, &miss), 0);
    assert_false(miss);
    assert_int_equal(hierarchy_data(h, 0, 0x80000000, true, 200, &miss), 0); /* exclusive: silent */
    /* the other core takes the modified line, then writes it: an upgrade; then the first one misses */
    assert_int_equal(hierarchy_data(h, 1, 0x80000000, false, 300, &miss), p.l2_hit + p.l2_probe);
    assert_int_equal(hierarchy_data(h, 1, 0x80000000, true, 400, &miss), p.l2_upgrade);
    assert_int_equal(hierarchy_data(h, 0, 0x80000000, false, 500, &miss), p.l2_hit + p.l2_probe);
    assert_true(miss);
    /* the same row again: open by now */
    assert_int_equal(hierarchy_data(h, 0, 0x80000040, false, 600, &miss), p.l2_hit + p.dram_row_hit + p.dram_burst);
    assert_true(hierarchy_is_coherent(h));
    hierarchy_free(h);
}

static void test_capacity(void **state)
{
    struct timing_params p = timing_default_params;
    struct hierarchy *h = hierarchy_create(&p, 1);
    unsigned misses = 0;
    bool miss;

    for (unsigned round = 0; round < 2; round++)
        for (uint64_t a = 0; a < p.l1d_size; a += 64) {
            hierarchy_data(h, 0, 0x80000000 + a, false, 0, &miss);
            misses += miss;
        }
    assert_int_equal(misses, p.l1d_size / 64); /* all fit: only the first round misses */
    for (uint64_t a = p.l1d_size; a < 2 * p.l1d_size; a += 64)
        hierarchy_data(h, 0, 0x80000000 + a, false, 0, &miss);
    assert_int_not_equal(hierarchy_data(h, 0, 0x80000000, false, 0, &miss), 0);
    hierarchy_free(h);
}

static void test_coherence_under_random_accesses(void **state)
{
    struct timing_params p = timing_default_params;

    p.l1d_size = p.l1i_size = 1024;
    p.l2_size = 8192;
    struct hierarchy *h = hierarchy_create(&p, 4);
    for (unsigned n = 0; n < 30000; n++) {
        uint64_t pa = 0x80000000 + rnd() % 400 * 64;
        unsigned core = rnd() % 4;
        bool miss;
        if (rnd() % 4)
            hierarchy_data(h, core, pa, rnd() % 2, n, &miss);
        else
            hierarchy_fetch(h, core, pa, n, &miss);
        if (n % 16 == 0)
            assert_true(hierarchy_is_coherent(h));
    }
    hierarchy_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_fire_in_order),
        cmocka_unit_test(test_equal_times_keep_their_order),
        cmocka_unit_test(test_bus_checks_ranges),
        cmocka_unit_test(test_costs_follow_parameters),
        cmocka_unit_test(test_capacity),
        cmocka_unit_test(test_coherence_under_random_accesses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
