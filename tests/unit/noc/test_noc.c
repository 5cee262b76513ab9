/* The mesh: latency by distance and size, contention, order, completeness, determinism. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hw/tcu.h"
#include "machine/dev/snapshot.h"
#include "machine/noc/noc.h"

#define MANY 3000

struct arrivals {
    uint32_t count;
    struct {
        uint16_t source, destination;
        uint32_t id, error;
        uint64_t when;
    } list[MANY + 1];
};

static struct arrivals arrivals;

static void note(void *context, const struct noc_packet *packet, uint64_t when)
{
    struct arrivals *a = context;
    assert_true(a->count < MANY + 1);
    a->list[a->count].source = packet->source;
    a->list[a->count].destination = packet->destination;
    a->list[a->count].id = packet->id;
    a->list[a->count].error = packet->error;
    a->list[a->count++].when = when;
}

static struct noc *make(const struct noc_config *config)
{
    struct noc *noc = noc_create(config);
    assert_non_null(noc);
    for (uint16_t tile = 0; tile < config->width * config->height; tile++)
        noc_attach(noc, tile);
    arrivals.count = 0;
    return noc;
}

static void send(struct noc *noc, uint16_t from, uint16_t to, uint32_t size, uint32_t id, uint64_t now)
{
    struct noc_packet packet = {.source = from, .destination = to, .kind = NOC_WRITE, .size = size, .id = id};
    noc_send(noc, &packet, now);
}

static uint64_t latency(uint16_t from, uint16_t to, uint32_t size, uint32_t extra)
{
    struct noc_config config = noc_default_config(4, 4);
    config.extra_cycles = extra;
    struct noc *noc = make(&config);
    send(noc, from, to, size, 1, 100);
    noc_advance(noc, 100000, note, &arrivals);
    assert_int_equal(arrivals.count, 1);
    noc_destroy(noc);
    return arrivals.list[0].when - 100;
}

/* Entry port, then router and link for each router passed, then the flits behind the head. */
static uint64_t expected(uint32_t routers, uint32_t size)
{
    return 1 + 3 * routers + (16 + size + 15) / 16 - 1;
}

static void test_latency(void **state)
{
    assert_int_equal(latency(5, 5, 0, 0), expected(1, 0));
    assert_int_equal(latency(0, 1, 0, 0), expected(2, 0));
    assert_int_equal(latency(0, 15, 0, 0), expected(7, 0));
    assert_int_equal(latency(15, 0, 1, 0), expected(7, 1));
    assert_int_equal(latency(3, 12, 2048, 0), expected(7, 2048));
    assert_int_equal(latency(3, 12, 2048, 50), expected(7, 2048) + 50);
}

static void test_reads_carry_no_data(void **state)
{
    struct noc_config config = noc_default_config(2, 1);
    struct noc *noc = make(&config);
    struct noc_packet packet = {.source = 0, .destination = 1, .kind = NOC_READ, .size = 2048};
    noc_send(noc, &packet, 0);
    noc_advance(noc, 1000, note, &arrivals);
    assert_int_equal(arrivals.list[0].when, expected(2, 0));
    assert_int_equal(noc_counters(noc)->bytes, 16);
    noc_destroy(noc);
}

/* Two packets from different tiles that share their last link: the second waits for all flits of the first. */
static void test_contention(void **state)
{
    struct noc_config config = noc_default_config(3, 1);
    struct noc *noc = make(&config);
    send(noc, 0, 1, 160, 1, 0);
    send(noc, 2, 1, 160, 2, 0);
    noc_advance(noc, 1000, note, &arrivals);
    assert_int_equal(arrivals.count, 2);
    assert_int_equal(arrivals.list[1].when - arrivals.list[0].when, 11);
    assert_int_equal(noc_counters(noc)->waiting, 11);
    noc_destroy(noc);
    noc = make(&config); /* opposite directions do not meet */
    send(noc, 0, 2, 160, 1, 0);
    send(noc, 2, 0, 160, 2, 0);
    noc_advance(noc, 1000, note, &arrivals);
    assert_int_equal(arrivals.list[0].when, arrivals.list[1].when);
    assert_int_equal(noc_counters(noc)->waiting, 0);
    noc_destroy(noc);
}

/* X before Y: 0 -> 3 and 1 -> 3 of a 2 x 2 mesh share the link from 1 to 3; 0 -> 3 and 2 -> 3 only the last port. */
static void test_xy_routing(void **state)
{
    struct noc_config config = noc_default_config(2, 2);
    struct noc *noc = make(&config);
    send(noc, 1, 0, 16, 1, 0);
    send(noc, 2, 3, 16, 2, 0);
    noc_advance(noc, 1000, note, &arrivals);
    assert_int_equal(noc_counters(noc)->waiting, 0);
    noc_destroy(noc);
    noc = make(&config);
    send(noc, 0, 3, 1600, 1, 0);
    noc_advance(noc, 6, note, &arrivals); /* its head has left router 1, southwards */
    send(noc, 1, 3, 16, 2, 6);
    noc_advance(noc, 1000, note, &arrivals);
    assert_int_equal(arrivals.list[0].id, 1);
    assert_true(arrivals.list[1].when > 100);
    noc_destroy(noc);
}

static uint64_t random_run(uint32_t seed, uint32_t buffer_flits)
{
    static uint32_t last_sent[16][16], last_got[16][16];
    struct noc_config config = noc_default_config(4, 4);
    config.buffer_flits = buffer_flits;
    struct noc *noc = make(&config);
    uint64_t now = 0, digest = 0, last_when[16] = {0};
    memset(last_sent, 0, sizeof last_sent);
    memset(last_got, 0, sizeof last_got);
    srand(seed);
    for (uint32_t i = 0; i < MANY; i++) {
        uint16_t from = rand() % 16, to = rand() % 16;
        send(noc, from, to, rand() % 2049, ++last_sent[from][to], now);
        now += rand() % 20;
        noc_advance(noc, now, note, &arrivals);
    }
    noc_advance(noc, ~UINT64_C(0) - 1, note, &arrivals);
    assert_int_equal(arrivals.count, MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t *got = &last_got[arrivals.list[i].source][arrivals.list[i].destination];
        assert_int_equal(arrivals.list[i].id, *got + 1); /* in order for each pair */
        *got = arrivals.list[i].id;
        assert_true(arrivals.list[i].when > last_when[arrivals.list[i].destination]);
        last_when[arrivals.list[i].destination] = arrivals.list[i].when;
        digest = digest * 31 + arrivals.list[i].when;
    }
    assert_int_equal(noc_deadline(noc), ~UINT64_C(0));
    noc_destroy(noc);
    return digest;
}

static void test_nothing_lost_in_order_and_repeatable(void **state)
{
    static const uint32_t buffers[] = {0, 1, 40, 160};
    for (uint32_t seed = 1; seed < 6; seed++)
        for (uint32_t i = 0; i < 4; i++)
            assert_true(random_run(seed, buffers[i]) == random_run(seed, buffers[i]));
    assert_true(random_run(1, 160) != random_run(2, 160));
    assert_true(random_run(1, 1) != random_run(1, 0));
}

/* Sends `count` large packets from tile 0 and from tile 4 to tile 3 of a 4 x 2 mesh; the one link into it is shared. */
static void make_hot_spot(struct noc *noc, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        send(noc, 0, 3, 1024, i, 0);
        send(noc, 7, 3, 1024, i, 0);
    }
}

static uint64_t arrival_of(uint32_t id)
{
    for (uint32_t i = 0; i < arrivals.count; i++)
        if (arrivals.list[i].id == id)
            return arrivals.list[i].when;
    fail();
    return 0;
}

/* A packet that only shares the way with those to the hot spot waits behind them if buffers are full, else it does not.
 */
static void test_back_pressure(void **state)
{
    uint64_t when[2];
    for (uint32_t bounded = 0; bounded < 2; bounded++) {
        struct noc_config config = noc_default_config(4, 2);
        config.buffer_flits = bounded ? 70 : 0;
        struct noc *noc = make(&config);
        make_hot_spot(noc, 20);
        send(noc, 1, 2, 16, 99, 300);
        noc_advance(noc, ~UINT64_C(0) - 1, note, &arrivals);
        assert_int_equal(arrivals.count, 41);
        when[bounded] = arrival_of(99);
        assert_int_equal(noc_deadline(noc), ~UINT64_C(0));
        arrivals.count = 0;
        send(noc, 0, 3, 1024, 7, 100000); /* all room is back */
        noc_advance(noc, 200000, note, &arrivals);
        assert_int_equal(arrivals.list[0].when - 100000, expected(4, 1024));
        noc_destroy(noc);
    }
    assert_true(when[0] < when[1]);
}

/* Larger than any buffer: it passes when they are empty, in the same time as without bounds. */
static void test_packets_larger_than_buffers(void **state)
{
    struct noc_config config = noc_default_config(4, 1);
    config.buffer_flits = 8;
    struct noc *noc = make(&config);
    send(noc, 0, 3, 2048, 1, 0);
    send(noc, 0, 3, 2048, 2, 0);
    noc_advance(noc, 100000, note, &arrivals);
    assert_int_equal(arrivals.count, 2);
    assert_int_equal(arrivals.list[0].when, expected(4, 2048));
    noc_destroy(noc);
}

/* Saved with packets under way and waiting, and restored into another network: the same arrivals. */
static void test_snapshot(void **state)
{
    struct noc_config config = noc_default_config(4, 2);
    config.buffer_flits = 70;
    for (uint64_t at = 1; at < 2000; at += 97) {
        struct noc *noc = make(&config), *other = make(&config);
        struct snapshot save = {.file = tmpfile(), .saving = true}, restore = {.file = save.file};
        make_hot_spot(noc, 10);
        send(other, 5, 6, 100, 1, 0); /* is forgotten */
        noc_advance(noc, at, note, &arrivals);
        noc_snapshot(noc, &save);
        rewind(save.file);
        noc_snapshot(other, &restore);
        assert_false(save.failed || restore.failed);
        fclose(save.file);
        struct arrivals first;
        arrivals.count = 0;
        noc_advance(noc, 1000000, note, &arrivals);
        first = arrivals;
        arrivals.count = 0;
        noc_advance(other, 1000000, note, &arrivals);
        assert_int_equal(first.count, arrivals.count);
        assert_memory_equal(first.list, arrivals.list, first.count * sizeof first.list[0]);
        assert_memory_equal(noc_counters(noc), noc_counters(other), sizeof(struct noc_counters));
        noc_destroy(noc);
        noc_destroy(other);
    }
}

static void test_places_without_tile(void **state)
{
    struct noc_config config = noc_default_config(2, 2);
    struct noc *noc = noc_create(&config);
    arrivals.count = 0;
    noc_attach(noc, 0);
    const uint16_t nowhere[] = {1, 3, 4, 0x3FFF, 0xFFFF};
    for (uint32_t i = 0; i < 5; i++)
        send(noc, 0, nowhere[i], 64, i, 10);
    noc_advance(noc, 1000, note, &arrivals);
    assert_int_equal(arrivals.count, 5);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(arrivals.list[i].error, TCU_E_TIMEOUT_NOC);
        assert_int_equal(arrivals.list[i].id, i);
    }
    assert_int_equal(noc_counters(noc)->refused, 5);
    noc_destroy(noc);
}

static void test_bad_sizes(void **state)
{
    struct noc_config config = noc_default_config(0, 4);
    assert_null(noc_create(&config));
    config = noc_default_config(200, 200);
    assert_null(noc_create(&config));
}

static void test_reservation_agrees_with_packets(void **state)
{
    struct noc_config config = noc_default_config(4, 4);
    for (uint16_t to = 0; to < 16; to++) {
        struct noc *noc = make(&config);
        assert_int_equal(noc_reserve(noc, 6, to, 16 + 64, 100) - 100, latency(6, to, 64, 0));
        assert_int_equal(latency(6, to, 64, 0), expected(noc_hops(noc, 6, to), 64));
        noc_destroy(noc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_latency),
        cmocka_unit_test(test_reads_carry_no_data),
        cmocka_unit_test(test_contention),
        cmocka_unit_test(test_xy_routing),
        cmocka_unit_test(test_nothing_lost_in_order_and_repeatable),
        cmocka_unit_test(test_back_pressure),
        cmocka_unit_test(test_packets_larger_than_buffers),
        cmocka_unit_test(test_snapshot),
        cmocka_unit_test(test_places_without_tile),
        cmocka_unit_test(test_bad_sizes),
        cmocka_unit_test(test_reservation_agrees_with_packets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
