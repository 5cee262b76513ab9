/*
 * Anything goes: cores that configure their own endpoints with random words, random commands, packets with random
 * headers, random external commands. Nothing is expected of the results but that the sanitizers stay silent, that
 * commands end, and that every request is answered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"

#define ROUNDS 20
#define STEPS  4000

static struct rig w;

static uint64_t random_word(void)
{
    uint64_t word = (uint64_t)rand() << 62 ^ (uint64_t)rand() << 31 ^ (uint64_t)rand();
    return rand() % 2 ? word : word >> rand() % 64;
}

/* Words that often look like an endpoint. */
static uint64_t random_endpoint_word(void)
{
    uint64_t word = random_word();
    if (rand() % 4)
        rig_set_field(word, TCU_EP_TYPE, rand() % 4);
    if (rand() % 4)
        rig_set_field(word, TCU_EP_ACT, RIG_ACT);
    if (rand() % 4)
        rig_set_field(word, TCU_RECV_SLOT_LOG2, rand() % 10);
    return word;
}

static uint64_t random_register(void)
{
    static const uint64_t known[] = {TCU_REG_COMMAND,  TCU_REG_DATA_ADDR,    TCU_REG_DATA_SIZE, TCU_REG_ARG1,
                                     TCU_REG_PRIV_CMD, TCU_REG_PRIV_CMD_ARG, TCU_REG_CUR_ACT,   TCU_REG_CU_REQ,
                                     TCU_REG_PRINT,    TCU_REG_CLEAR_IRQ,    TCU_REG_PRIV_CTRL};
    return rand() % 8 ? known[(uint32_t)rand() % (sizeof known / sizeof *known)] : random_word() % (2 * TCU_MMIO_SIZE);
}

static void use_registers(uint16_t tile)
{
    uint64_t reg = random_register(), value = random_word();
    if (reg == TCU_REG_COMMAND)
        value = TCU_PUT(TCU_CMD_OPCODE, rand() % 9) | TCU_PUT(TCU_CMD_EP, rand() % 66) |
                TCU_PUT(TCU_CMD_ARG0, rand() % 3 ? (uint64_t)rand() % 66 : random_word());
    else if (reg == TCU_REG_PRIV_CMD && rand() % 4)
        value = TCU_PUT(TCU_PRIV_OPCODE, rand() % 8) | TCU_PUT(TCU_PRIV_ARG, random_word());
    else if (rand() % 2)
        value %= 0x3000;
    rig_write(&w, tile, reg, value);
    rig_read(&w, tile, random_register());
}

static void write_endpoint(uint16_t tile)
{
    rig_write(&w, tile, TCU_REG_EP(rand() % 64) + 8 * (rand() % 3), random_endpoint_word());
}

/* A packet from outside, or what a broken controller might write into registers. */
static void send_packet(uint16_t tile)
{
    struct noc_packet packet = {.destination = tile, .kind = rand() % NOC_RESPONSE, .size = rand() % 2049};
    packet.address = random_word() % (packet.kind == NOC_MESSAGE ? 70 : 2 * RIG_BYTES);
    if (packet.kind != NOC_MESSAGE && rand() % 2) {
        packet.address = TCU_NOC_MMIO + (rand() % 4 ? random_register() : TCU_REG_EXT_CMD);
        packet.size = 8 * (rand() % 4);
    }
    if (packet.kind == NOC_MESSAGE && packet.size < TCU_HEADER_BYTES)
        packet.size = TCU_HEADER_BYTES;
    for (uint32_t i = 0; i < sizeof packet.data; i += 8) {
        uint64_t word = i < TCU_HEADER_BYTES ? random_word() : i;
        memcpy(packet.data + i, &word, 8);
    }
    w.answered = false;
    if (tcu_accepts(&w.tcu[tile]))
        rig_request_begin(&w, &packet);
}

static void miss_cache(uint16_t tile)
{
    static const uint8_t line[64];
    rig_event(&w, tile,
              (struct tcu_event){.kind = TCU_EV_CACHE,
                                 .address = random_word() % (UINT64_C(3) << 31),
                                 .size = 64,
                                 .write = rand() % 2,
                                 .id = rand() % 256,
                                 .data = line});
}

static void act_once(void)
{
    uint16_t tile = rand() % RIG_TILES;
    switch (rand() % 8) {
    case 0:
        write_endpoint(tile);
        break;
    case 1:
        send_packet(tile);
        break;
    case 2:
        miss_cache(tile);
        break;
    case 3:
        rig_run_until(&w, w.now + rand() % 100);
        break;
    default:
        use_registers(tile);
    }
    if (w.count > RIG_PENDING - 16)
        rig_run(&w);
}

/* Only SLEEP without limit may go on for ever. */
static void expect_quiet(void)
{
    rig_run(&w);
    assert_int_equal(w.count, 0);
    for (uint16_t tile = 0; tile < RIG_TILES; tile++) {
        const struct tcu *t = &w.tcu[tile];
        assert_true(t->op.phase == TCU_OP_NONE || t->op.phase == TCU_OP_SLEEP);
        assert_int_equal(t->rx.count, 0);
        assert_int_equal(t->packets_out, 0);
        assert_int_equal(TCU_GET(t->ext_cmd, TCU_PRIV_OPCODE), TCU_EXT_IDLE);
        assert_true(t->requests.count <= TCU_MAX_EPS);
    }
}

static void test_anything(void **state)
{
    for (uint32_t seed = 1; seed <= ROUNDS; seed++) {
        srand(seed);
        rig_init(&w);
        for (uint32_t step = 0; step < STEPS; step++)
            act_once();
        expect_quiet();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_anything)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
